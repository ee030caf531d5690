"""Turns Anthropic's citations into annotations."""

from typing import Any

_Object = dict[str, Any]

# Where in the source it is, kept as it came: an annotation has no other place for it.
_PLACES = (
    *("document_index", "start_char_index", "end_char_index", "start_page_number", "end_page_number"),
    *("start_block_index", "end_block_index", "search_result_index"),
)


def annotation(citation: Any, start: int, end: int) -> _Object | None:
    """The annotation for a citation of the text from `start` to `end`; None for what cites nothing.

    What a page on the web says is a `url_citation`; everything else is a `file_citation`, which has the place that it
    belongs to, `index`, and what the source says there.
    """
    if not isinstance(citation, dict):
        return None
    source = citation.get("url") or citation.get("source")
    more = {"cited_text": citation["cited_text"]} if isinstance(citation.get("cited_text"), str) else {}
    if isinstance(source, str):
        title = citation.get("title")
        cited = {
            "url": source,
            "title": title if isinstance(title, str) else "",
            "start_index": start,
            "end_index": end,
        }
        return {"type": "url_citation", **cited, **more}
    if not isinstance(citation.get("document_index"), int):
        return None
    file_id, title = citation.get("file_id"), citation.get("document_title")
    return {
        "type": "file_citation",
        "file_id": file_id if isinstance(file_id, str) else f"document_{citation['document_index']}",
        "filename": title if isinstance(title, str) else "",
        "index": end,
        **more,
        **{name: citation[name] for name in _PLACES if isinstance(citation.get(name), int)},
    }
