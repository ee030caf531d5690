"""Turns Anthropic's citations into annotations."""

from gateway.neutral.json import (
    Json,
    JsonObject,
    integer_or_none,
    object_or_empty,
    text_or_empty,
    text_or_none,
)

# Where in the source it is, kept as it came: an annotation has no other field for it.
_LOCATION = (
    *("document_index", "start_char_index", "end_char_index", "start_page_number", "end_page_number"),
    *("start_block_index", "end_block_index", "search_result_index"),
)


def annotation(given: Json, start: int, end: int) -> JsonObject | None:
    """The annotation for a citation of the text from `start` to `end`; None for what cites nothing.

    A page on the web becomes a `url_citation`; everything else a `file_citation`, which has the place that it belongs
    to, `index`, and the cited text.
    """
    citation = object_or_empty(given)
    source = text_or_none(citation.get("url") or citation.get("source"))
    cited_text = text_or_none(citation.get("cited_text"))
    more: JsonObject = {} if cited_text is None else {"cited_text": cited_text}
    if source is not None:
        return {
            "type": "url_citation",
            "url": source,
            "title": text_or_empty(citation.get("title")),
            "start_index": start,
            "end_index": end,
            **more,
        }
    document = integer_or_none(citation.get("document_index"))
    if document is None:
        return None
    file_id = text_or_none(citation.get("file_id"))
    location = {name: citation[name] for name in _LOCATION if integer_or_none(citation.get(name)) is not None}
    return {
        "type": "file_citation",
        "file_id": f"document_{document}" if file_id is None else file_id,
        "filename": text_or_empty(citation.get("document_title")),
        "index": end,
        **more,
        **location,
    }
