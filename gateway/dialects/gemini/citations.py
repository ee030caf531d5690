"""Turns grounding and citation metadata into annotations: pages and files that a piece of the answer rests on."""

from typing import Any

Annotation = dict[str, Any]
Span = tuple[int, int]

_PAGES = ("web", "maps", "retrievedContext")


class Sources:
    """What an answer rests on, as its metadata says, piece by piece in a stream."""

    def __init__(self) -> None:
        self._grounding: dict[str, Any] = {}
        self._citations: list[dict[str, Any]] = []

    def take(self, candidate: dict[str, Any]) -> None:
        """Note the metadata of a candidate. What a later piece says again it says in full."""
        grounding = candidate.get("groundingMetadata")
        if isinstance(grounding, dict):
            self._grounding.update({name: value for name, value in grounding.items() if value})
        metadata = candidate.get("citationMetadata")
        if isinstance(metadata, dict):
            # One name in Vertex AI and in newer versions, the other in the Gemini API.
            self._citations += _objects(metadata.get("citations") or metadata.get("citationSources"))

    @property
    def queries(self) -> list[str]:
        """What was searched for in the web."""
        queries = self._grounding.get("webSearchQueries")
        return [query for query in queries if isinstance(query, str)] if isinstance(queries, list) else []

    def annotations(self, text: str, start: int) -> list[Annotation]:
        """Flat annotations of a text whose last part begins at `start`. Indices are characters of that part."""
        if not self._grounding and not self._citations:
            return []
        ruler = _Ruler(text, start)
        found = self._grounded(ruler)
        for citation in self._citations:
            if isinstance(citation.get("uri"), str):
                found.append(_page(citation["uri"], citation.get("title"), ruler.span(citation)))
        return [note for place, note in enumerate(found) if note not in found[:place]]

    def _grounded(self, ruler: "_Ruler") -> list[Annotation]:
        chunks = self._grounding.get("groundingChunks")
        chunks = chunks if isinstance(chunks, list) else []
        found: list[Annotation] = []
        for support in _objects(self._grounding.get("groundingSupports")):
            segment, indices = support.get("segment"), support.get("groundingChunkIndices")
            span = ruler.span(segment if isinstance(segment, dict) else {})
            for index in indices if isinstance(indices, list) else ():
                if type(index) is int and 0 <= index < len(chunks):
                    found += _cited(chunks[index], span)
        if not found:
            # Sources of the whole answer, without a word on which piece rests on which.
            found = [note for chunk in chunks for note in _cited(chunk, (0, 0))]
        return found


class _Ruler:
    """Measures a text, whose places are told in bytes, in the characters that clients count."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._bytes = text.encode("utf-8", "replace")
        self._start = start

    def span(self, segment: dict[str, Any]) -> Span:
        """Where a segment stands in the last part; nowhere, which is 0 to 0, for one that is not there.

        A segment that repeats its words is where they are: indices may count from the beginning of some part.
        """
        begin, end, words = segment.get("startIndex") or 0, segment.get("endIndex"), segment.get("text")
        if type(begin) is int and type(end) is int and 0 <= begin <= end <= len(self._bytes):
            found = self._characters(begin), self._characters(end)
            if not isinstance(words, str) or self._text[found[0] : found[1]] == words:
                return self._within(found)
        if isinstance(words, str) and words and (place := self._text.find(words)) >= 0:
            return self._within((place, place + len(words)))
        return 0, 0

    def _characters(self, place: int) -> int:
        return len(self._bytes[:place].decode("utf-8", "ignore"))

    def _within(self, span: Span) -> Span:
        begin, end = (place - self._start for place in span)
        return (begin, end) if begin >= 0 else (0, 0)


def _cited(chunk: Any, span: Span) -> list[Annotation]:
    for name in _PAGES:
        source = chunk.get(name) if isinstance(chunk, dict) else None
        if not isinstance(source, dict):
            continue
        if isinstance(source.get("uri"), str):
            return [_page(source["uri"], source.get("title"), span)]
        if name == "retrievedContext":
            return [_file(source, span)]
    return []


def _page(url: str, title: Any, span: Span) -> Annotation:
    named = title if isinstance(title, str) else ""
    return {"type": "url_citation", "url": url, "title": named, "start_index": span[0], "end_index": span[1]}


def _file(source: dict[str, Any], span: Span) -> Annotation:
    known = next(
        (source[name] for name in ("documentName", "fileSearchStore") if isinstance(source.get(name), str)), ""
    )
    named = source.get("title")
    return {
        "type": "file_citation",
        "file_id": known,
        "filename": named if isinstance(named, str) else "",
        "index": span[1],
    }


def _objects(given: Any) -> list[dict[str, Any]]:
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
