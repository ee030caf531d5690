"""Turns grounding and citation metadata into annotations: pages and files that a piece of the answer rests on."""

from gateway.neutral.json import (
    Json,
    JsonObject,
    count_or_none,
    list_or_empty,
    object_or_empty,
    object_or_none,
    objects_in,
    text_or_empty,
    text_or_none,
    texts_in,
)

_Span = tuple[int, int]

_PAGES = ("web", "maps", "retrievedContext")


class Sources:
    """What an answer rests on, by the metadata that comes with it, piece by piece in a stream."""

    def __init__(self) -> None:
        self._grounding: JsonObject = {}
        self._citations: list[JsonObject] = []

    def add(self, candidate: JsonObject) -> None:
        """Note the metadata of a candidate. What a later piece repeats it repeats in full."""
        grounding = object_or_empty(candidate.get("groundingMetadata"))
        self._grounding.update({name: value for name, value in grounding.items() if value})
        metadata = object_or_empty(candidate.get("citationMetadata"))
        # One name in Vertex AI and in newer versions, the other in the Gemini API.
        self._citations += objects_in(metadata.get("citations") or metadata.get("citationSources"))

    @property
    def queries(self) -> list[str]:
        """What was searched for in the web."""
        return texts_in(self._grounding.get("webSearchQueries"))

    def annotations(self, text: str, start: int) -> list[JsonObject]:
        """Flat annotations of a text whose last part begins at `start`. Indices are characters of that part."""
        if not self._grounding and not self._citations:
            return []
        offsets = _Offsets(text, start)
        found = self._grounded(offsets)
        for citation in self._citations:
            if (uri := text_or_none(citation.get("uri"))) is not None:
                found.append(_page(uri, citation, offsets.span(citation)))
        return [annotation for index, annotation in enumerate(found) if annotation not in found[:index]]

    def _grounded(self, offsets: "_Offsets") -> list[JsonObject]:
        chunks = list_or_empty(self._grounding.get("groundingChunks"))
        found: list[JsonObject] = []
        for support in objects_in(self._grounding.get("groundingSupports")):
            span = offsets.span(object_or_empty(support.get("segment")))
            for given in list_or_empty(support.get("groundingChunkIndices")):
                index = count_or_none(given)
                if index is not None and index < len(chunks):
                    found += _cited(chunks[index], span)
        if not found:
            # Sources of the whole answer, where nothing links pieces of it to them.
            found = [annotation for chunk in chunks for annotation in _cited(chunk, (0, 0))]
        return found


class _Offsets:
    """Converts offsets in bytes of a text into offsets in characters of its last part."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._bytes = text.encode("utf-8", "replace")
        self._start = start

    def span(self, segment: JsonObject) -> _Span:
        """Where a segment stands in the last part; nowhere, which is 0 to 0, for one that is not there.

        A segment that repeats its words is where they are: indices may count from the beginning of some part.
        """
        begin, end = count_or_none(segment.get("startIndex") or 0), count_or_none(segment.get("endIndex"))
        words = text_or_none(segment.get("text"))
        if begin is not None and end is not None and begin <= end <= len(self._bytes):
            found = self._characters(begin), self._characters(end)
            if words is None or self._text[found[0] : found[1]] == words:
                return self._within(found)
        if words and (index := self._text.find(words)) >= 0:
            return self._within((index, index + len(words)))
        return 0, 0

    def _characters(self, offset: int) -> int:
        return len(self._bytes[:offset].decode("utf-8", "ignore"))

    def _within(self, span: _Span) -> _Span:
        begin, end = (offset - self._start for offset in span)
        return (begin, end) if begin >= 0 else (0, 0)


def _cited(chunk: Json, span: _Span) -> list[JsonObject]:
    given = object_or_empty(chunk)
    for name in _PAGES:
        source = object_or_none(given.get(name))
        if source is None:
            continue
        if (uri := text_or_none(source.get("uri"))) is not None:
            return [_page(uri, source, span)]
        if name == "retrievedContext":
            return [_file(source, span)]
    return []


def _page(url: str, source: JsonObject, span: _Span) -> JsonObject:
    title = text_or_empty(source.get("title"))
    return {"type": "url_citation", "url": url, "title": title, "start_index": span[0], "end_index": span[1]}


def _file(source: JsonObject, span: _Span) -> JsonObject:
    names = (text_or_none(source.get(name)) for name in ("documentName", "fileSearchStore"))
    return {
        "type": "file_citation",
        "file_id": next((name for name in names if name is not None), ""),
        "filename": text_or_empty(source.get("title")),
        "index": span[1],
    }
