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

_ADDRESSES = ("https://", "http://")


def annotation(given: Json, start: int, end: int) -> JsonObject | None:
    """The annotation for a citation of the text from `start` to `end`; None for what cites nothing.

    A page on the web becomes a `url_citation`; everything else, be it a search result whose source is no address, a
    `file_citation`, which has the place that it belongs to, `index`, and the cited text.
    """
    citation = object_or_empty(given)
    url, source = text_or_none(citation.get("url")), text_or_none(citation.get("source"))
    if url is None and source is not None and source.startswith(_ADDRESSES):
        url = source
    cited_text = text_or_none(citation.get("cited_text"))
    more: JsonObject = {} if cited_text is None else {"cited_text": cited_text}
    if url is not None:
        return {
            "type": "url_citation",
            "url": url,
            "title": text_or_empty(citation.get("title")),
            "start_index": start,
            "end_index": end,
            **more,
        }
    title = text_or_none(citation.get("document_title") or citation.get("title"))
    document = integer_or_none(citation.get("document_index"))
    if source is not None:
        # A search result of the client's own, which it names as it likes.
        title, more = title or source, {**more, "source": source}
        document = integer_or_none(citation.get("search_result_index")) or 0
    if document is None:
        return None
    file_id = text_or_none(citation.get("file_id"))
    location = {name: citation[name] for name in _LOCATION if integer_or_none(citation.get(name)) is not None}
    return {
        "type": "file_citation",
        "file_id": f"document_{document}" if file_id is None else file_id,
        "filename": title or "",
        "index": end,
        **more,
        **location,
    }
