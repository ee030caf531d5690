"""Reads Cohere's citations as annotations of the text that they stand in."""

from typing import Any

from gateway.events import Annotation

_ADDRESSES = ("https://", "http://")


def annotations(citation: Any, number: int) -> list[Annotation]:
    """An annotation for each source of a citation in a text; `number` counts the citations. None for what is no text.

    A source that has an address is a page; any other is a file by the id that Cohere has for it, such as that of the
    call which brought it. Places count characters from the beginning of the text.
    """
    if not isinstance(citation, dict) or citation.get("type", "TEXT_CONTENT") != "TEXT_CONTENT":
        return []
    start, end, sources = citation.get("start"), citation.get("end"), citation.get("sources")
    if type(start) is not int or type(end) is not int or not isinstance(sources, list):
        return []
    place = {"start_index": start, "end_index": end}
    return [Annotation({**_source(source, number), **place}) for source in sources if isinstance(source, dict)]


def _source(source: dict[str, Any], number: int) -> dict[str, Any]:
    held = source.get("tool_output") or source.get("document")
    told: dict[str, Any] = held if isinstance(held, dict) else {}
    identity = str(source.get("id") or told.get("id") or "")
    title = next((told[name] for name in ("title", "name") if isinstance(told.get(name), str)), "")
    for address in (told.get("url"), identity):
        if isinstance(address, str) and address.startswith(_ADDRESSES):
            return {"type": "url_citation", "url": address, "title": title}
    return {"type": "file_citation", "file_id": identity, "filename": title or identity, "index": number}
