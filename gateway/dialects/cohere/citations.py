"""Reads Cohere's citations as annotations of the text that they are in."""

from gateway.neutral.events import Annotation
from gateway.neutral.json import (
    Json,
    JsonObject,
    integer_or_none,
    list_or_none,
    object_or_empty,
    objects_in,
    text_or_none,
)

_ADDRESSES = ("https://", "http://")


def annotations(citation: Json, number: int) -> list[Annotation]:
    """An annotation for each source of a citation in a text; `number` counts the citations. None for one elsewhere.

    A source that has an address is a page; any other is a file by the id that Cohere has for it, such as that of the
    call which returned it. Indices count characters from the beginning of the text.
    """
    given = object_or_empty(citation)
    start, end = integer_or_none(given.get("start")), integer_or_none(given.get("end"))
    sources = list_or_none(given.get("sources"))
    if start is None or end is None or sources is None or given.get("type", "TEXT_CONTENT") != "TEXT_CONTENT":
        return []
    indices: JsonObject = {"start_index": start, "end_index": end}
    return [Annotation({**_source(source, number), **indices}) for source in objects_in(sources)]


def _source(source: JsonObject, number: int) -> JsonObject:
    document = object_or_empty(source.get("tool_output") or source.get("document"))
    identity = str(source.get("id") or document.get("id") or "")
    titles = (text_or_none(document.get(name)) for name in ("title", "name"))
    title = next((title for title in titles if title is not None), "")
    for address in (text_or_none(document.get("url")), identity):
        if address is not None and address.startswith(_ADDRESSES):
            return {"type": "url_citation", "url": address, "title": title}
    return {"type": "file_citation", "file_id": identity, "filename": title or identity, "index": number}
