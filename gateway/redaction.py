"""Takes the means to enter other systems out of tools, before they are repeated or kept."""

from collections.abc import Callable
from urllib.parse import urlsplit

from gateway.neutral.json import Json, JsonObject, list_or_none, object_or_none, text_or_none

HIDDEN = "<redacted>"
# What is nested deeper cannot be written as JSON, and is refused where that is tried.
_DEEPEST = 254


def without_secrets(tool: JsonObject) -> JsonObject:
    """A tool, or anything that holds tools, without tokens, header values, secrets of domains and keys in addresses.

    A tool server's user sends them anew with each request, as with OpenAI; no reply has to hold them.
    """
    return _changed(tool, _masked)


def without_entrances(item: JsonObject) -> JsonObject:
    """The same for what is kept and sent on one day: secrets are removed, and nothing takes their place."""
    return _changed(item, _emptied)


def _changed(value: JsonObject, change: Callable[[JsonObject], None], depth: int = 0) -> JsonObject:
    """A copy with every object in it changed, from the inside out."""
    if depth > _DEEPEST:
        return value
    copied = {name: _changed_value(part, change, depth + 1) for name, part in value.items()}
    change(copied)
    return copied


def _changed_value(value: Json, change: Callable[[JsonObject], None], depth: int) -> Json:
    match value:
        case dict():
            return _changed(value, change, depth)
        case list() if depth <= _DEEPEST:
            return [_changed_value(part, change, depth + 1) for part in value]
        case _:
            return value


def _masked(tool: JsonObject) -> None:
    if tool.get("type") == "mcp":
        tool.pop("authorization", None)
        if (headers := object_or_none(tool.get("headers"))) is not None:
            tool["headers"] = {name: HIDDEN for name in headers}
        _make_address_plain(tool)
    if (secrets := list_or_none(tool.get("domain_secrets"))) is not None:
        tool["domain_secrets"] = [_hidden(entry) for entry in secrets]


def _emptied(tool: JsonObject) -> None:
    tool.pop("domain_secrets", None)
    if tool.get("type") == "mcp":
        for name in ("authorization", "headers"):
            tool.pop(name, None)
        _make_address_plain(tool)


def _make_address_plain(server: JsonObject) -> None:
    if (address := text_or_none(server.get("server_url"))) is not None:
        server["server_url"] = _plain(address)


def _plain(address: str) -> str:
    """An address without user, password, query and fragment; one that cannot be read is not shown."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _hidden(entry: Json) -> Json:
    return {**entry, "value": HIDDEN} if isinstance(entry, dict) and "value" in entry else entry
