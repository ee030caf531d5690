"""Fills in the addresses of rows: `{region}`, `{project}` and whatever else a provider has in its base URL."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

from gateway.providers.row import Row

_PLACE = re.compile(r"\{(\w+)\}")
_ENDPOINT = "endpoint"
_MODEL = "model"
_HOST = "host"


def variant(row: Row, given: Mapping[str, str]) -> Row:
    """The row that counts where these settings are given."""
    return next((other for setting, other in row.variants.items() if given.get(setting)), row)


def needed(row: Row, base_url: str | None) -> Sequence[str]:
    """The settings without which there is no address: names of settings, `base_url` among them."""
    if base_url and not _is_endpoint(row, base_url):
        return [name for name in _places(base_url) if name != _MODEL]
    names = _places("".join([row.base_url, *row.hosts.values()]))
    found = [name for name in dict.fromkeys(names) if name not in (_MODEL, _HOST, _ENDPOINT)]
    return ["base_url", *found] if _ENDPOINT in names and not base_url else found


def address(row: Row, base_url: str | None, given: Mapping[str, str]) -> tuple[str, str]:
    """The base URL, without a slash at its end, and the query that it ends with. `{model}` is left standing."""
    own, _, query = row.base_url.partition("?")
    template = own if not base_url or _is_endpoint(row, base_url) else base_url
    place = given.get("location") or given.get("region") or ""
    host = row.hosts.get(place, row.hosts.get("", ""))
    values = {name: quote(value, safe="") for name, value in given.items()}
    filled = fill(template.replace("{host}", host), values).replace("{endpoint}", (base_url or "").rstrip("/"))
    return filled.rstrip("/"), fill(query, values)


def headers(row: Row, given: Mapping[str, str]) -> dict[str, str]:
    """The row's headers, without those whose setting is not given. Names are in lower case."""
    return {
        name.lower(): fill(value, given) for name, value in row.headers.items() if set(_places(value)) <= given.keys()
    }


def used(row: Row) -> set[str]:
    """The settings that this row has a place for."""
    templates = [row.base_url, *row.hosts.values(), *row.headers.values()]
    own = {name for template in templates for name in _places(template)}
    return own.union(row.variants, *(used(other) for other in row.variants.values()))


def _is_endpoint(row: Row, base_url: str) -> bool:
    """Whether a configured base URL is the host alone, below which the row knows its way."""
    return f"{{{_ENDPOINT}}}" in row.base_url and urlsplit(base_url).path in ("", "/")


def _places(template: str) -> list[str]:
    return _PLACE.findall(template)


def fill(template: str, given: Mapping[str, str]) -> str:
    """The template with the settings that are given in their places."""
    return _PLACE.sub(lambda place: given.get(place[1], place[0]), template)
