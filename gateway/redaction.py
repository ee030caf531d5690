"""Takes the means to enter other systems out of tools, before they are repeated or kept."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

HIDDEN = "<redacted>"
# What is nested deeper cannot be written as JSON, and is refused where that is tried.
_DEEPEST = 254
_Object = dict[str, Any]


def without_secrets(value: Any) -> Any:
    """A tool, or anything that holds tools, without tokens, header values, secrets of domains and keys in addresses.

    A tool server's user sends them anew with each request, as with OpenAI; nobody needs to read them here.
    """
    return _changed(value, _masked)


def without_entrances(value: Any) -> Any:
    """The same for what is kept and sent on one day: what is hidden is gone, and no word stands in its place."""
    return _changed(value, _emptied)


def _changed(value: Any, change: Callable[[_Object], _Object], depth: int = 0) -> Any:
    """The value with every object in it changed, from the inside out."""
    if depth > _DEEPEST:
        return value
    match value:
        case dict():
            return change({name: _changed(part, change, depth + 1) for name, part in value.items()})
        case list():
            return [_changed(part, change, depth + 1) for part in value]
        case _:
            return value


def _masked(tool: _Object) -> _Object:
    if tool.get("type") == "mcp":
        tool.pop("authorization", None)
        if isinstance(tool.get("headers"), dict):
            tool["headers"] = dict.fromkeys(tool["headers"], HIDDEN)
        _make_address_plain(tool)
    if isinstance(tool.get("domain_secrets"), list):
        tool["domain_secrets"] = [_hidden(entry) for entry in tool["domain_secrets"]]
    return tool


def _emptied(tool: _Object) -> _Object:
    tool.pop("domain_secrets", None)
    if tool.get("type") == "mcp":
        for name in ("authorization", "headers"):
            tool.pop(name, None)
        _make_address_plain(tool)
    return tool


def _make_address_plain(server: _Object) -> None:
    if isinstance(server.get("server_url"), str):
        server["server_url"] = _plain(server["server_url"])


def _plain(address: str) -> str:
    """An address without user, password, query and fragment; one that cannot be read is not shown."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _hidden(entry: Any) -> Any:
    return {**entry, "value": HIDDEN} if isinstance(entry, dict) and "value" in entry else entry
