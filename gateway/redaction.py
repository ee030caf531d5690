"""Takes the means to enter other systems out of tools, before they are repeated or kept."""

from typing import Any
from urllib.parse import urlsplit

HIDDEN = "<redacted>"


def without_secrets(value: Any) -> Any:
    """A tool, or anything that holds tools, without tokens, header values, secrets of domains and keys in addresses.

    A tool server's user sends them anew with each request, as with OpenAI; nobody needs to read them here.
    """
    match value:
        case dict():
            shown = {name: without_secrets(part) for name, part in value.items()}
            if value.get("type") == "mcp":
                _hide_entrance(shown)
            if isinstance(shown.get("domain_secrets"), list):
                shown["domain_secrets"] = [_hidden(entry) for entry in shown["domain_secrets"]]
            return shown
        case list():
            return [without_secrets(part) for part in value]
        case _:
            return value


def without_entrances(value: Any) -> Any:
    """The same for what is kept and sent on one day: what is hidden is gone, and no word stands in its place."""
    match value:
        case dict():
            gone = ("authorization", "headers") if value.get("type") == "mcp" else ()
            kept = {
                name: without_entrances(part)
                for name, part in value.items()
                if name not in gone and name != "domain_secrets"
            }
            if value.get("type") == "mcp" and isinstance(kept.get("server_url"), str):
                kept["server_url"] = _plain(kept["server_url"])
            return kept
        case list():
            return [without_entrances(part) for part in value]
        case _:
            return value


def _hide_entrance(server: dict[str, Any]) -> None:
    server.pop("authorization", None)
    if isinstance(server.get("headers"), dict):
        server["headers"] = dict.fromkeys(server["headers"], HIDDEN)
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
