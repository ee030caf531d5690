"""Reads Bedrock's citations as annotations, in the Responses API's flat form."""

from gateway.neutral.json import (
    Json,
    JsonObject,
    count_or_zero,
    object_or_empty,
    object_or_none,
    objects_in,
    text_or_empty,
    text_or_none,
)

_LOCATIONS = ("documentChar", "documentPage", "documentChunk", "searchResultLocation")


def annotation(given: Json, start: int, end: int) -> JsonObject | None:
    """The annotation for a passage of the answer, from `start` to `end` in its part; None where nothing is cited.

    A page is a `url_citation`. A document that came with the request is a `file_citation`: it has no id, so `file_id`
    has its index among the documents, and the cited text is beside it as `quote`.
    """
    citation = object_or_empty(given)
    title, location = text_or_empty(citation.get("title")), object_or_empty(citation.get("location"))
    web = object_or_none(location.get("web"))
    url = text_or_none(citation.get("source") if web is None else web.get("url"))
    if url is not None and (web is not None or url.startswith(("http://", "https://"))):
        return {"type": "url_citation", "url": url, "title": title, "start_index": start, "end_index": end}
    places = (object_or_none(location.get(name)) for name in _LOCATIONS)
    place = next((place for place in places if place is not None), None)
    if place is None and not title:
        return None
    place = place or {}
    index = count_or_zero(place.get("documentIndex")) or count_or_zero(place.get("searchResultIndex"))
    found: JsonObject = {"type": "file_citation", "file_id": f"document_{index}", "filename": title, "index": end}
    quote = "".join(text_or_empty(piece.get("text")) for piece in objects_in(citation.get("sourceContent")))
    return {**found, "quote": quote} if quote else found
