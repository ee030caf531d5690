"""Reads Bedrock's citations as annotations, in the Responses API's flat form."""

from typing import Any

from gateway.dialects.counts import count

_PLACES = ("documentChar", "documentPage", "documentChunk", "searchResultLocation")


def annotation(citation: Any, start: int, end: int) -> dict[str, Any] | None:
    """The annotation for a passage of the answer, from `start` to `end` in its part; None where nothing is cited.

    A page is a `url_citation`. A document that came with the request is a `file_citation`: it has no id, so its place
    among the documents stands there, and what is cited of it beside.
    """
    if not isinstance(citation, dict):
        return None
    title, location = citation.get("title"), citation.get("location")
    location = location if isinstance(location, dict) else {}
    title = title if isinstance(title, str) else ""
    web = location.get("web")
    url = web.get("url") if isinstance(web, dict) else citation.get("source")
    if isinstance(url, str) and (isinstance(web, dict) or url.startswith(("http://", "https://"))):
        return {"type": "url_citation", "url": url, "title": title, "start_index": start, "end_index": end}
    kind = next((name for name in _PLACES if isinstance(location.get(name), dict)), None)
    if kind is None and not title:
        return None
    place = location.get(kind or "")
    index = count(place, "documentIndex") or count(place, "searchResultIndex")
    told = {"type": "file_citation", "file_id": f"document_{index}", "filename": title, "index": end}
    return told | ({"quote": quote} if (quote := _quote(citation.get("sourceContent"))) else {})


def _quote(content: Any) -> str:
    pieces = content if isinstance(content, list) else ()
    return "".join(p["text"] for p in pieces if isinstance(p, dict) and isinstance(p.get("text"), str))
