"""What only streamed answers have: chunks, as events or in one JSON array that grows, and arguments in pieces."""

import re
from collections.abc import Sequence

from gateway.neutral.json import Json, JsonObject, objects_in, text_or_none
from gateway.wire import sse

_ARRAY = b"["
_BLANK = b" \t\r\n"
_END = b"\r\n\r\n"
_DELIMITERS = re.compile(rb'[{}"\\]')
_IN_TEXT = re.compile(rb'["\\]')

_STEP = re.compile(
    r"\.([^.\[\]]+)|\[(\d{1,5})\]|\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\[\s*\"((?:[^\"\\]|\\.)*)\"\s*\]", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")
_LONGEST_ARRAY = 10_000
_MOST_STEPS = 100

_Step = str | int


class StreamReader:
    """Splits the server-sent events that `alt=sse` requests, and the array of servers that do not know it."""

    def __init__(self) -> None:
        self._inner: sse.Reader | _ArrayReader | None = None
        self._is_between = True

    def feed(self, chunk: bytes) -> Sequence[bytes]:
        """The chunks of the answer that these bytes complete. Raises `EventTooLarge`."""
        if self._is_between and chunk.endswith(_END):
            # The fast path: whole events, each one line of data. Looking at every line takes four times as long.
            payloads = chunk[6:-4].split(b"\r\n\r\ndata: ")
            if chunk.startswith(b"data: ") and b"\n" not in b"".join(payloads) and b"" not in payloads:
                self._inner = self._inner or sse.Reader()
                return payloads
        found = self._read(chunk)
        self._is_between = isinstance(self._inner, sse.Reader) and chunk.endswith(_END)
        return found

    def _read(self, chunk: bytes) -> Sequence[bytes]:
        if self._inner is None:
            start = chunk.lstrip(_BLANK)
            if not start:
                return ()
            self._inner = _ArrayReader() if start.startswith(_ARRAY) else sse.Reader()
        return self._inner.feed(chunk)

    def end(self) -> Sequence[bytes]:
        """The stream is over: what was left."""
        return self._inner.end() if self._inner is not None else ()


class _ArrayReader:
    """Finds the objects of an array by their braces, wherever the chunks were cut."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        """The pieces of the open object."""
        self._size = 0
        self._depth = 0
        self._is_text = False
        self._is_escaped = False

    def feed(self, chunk: bytes) -> list[bytes]:
        found: list[bytes] = []
        begin = position = 0
        if self._is_escaped and chunk:
            self._is_escaped, position = False, 1
        while match := (_IN_TEXT if self._is_text else _DELIMITERS).search(chunk, position):
            delimiter, position = match[0], match.end()
            if delimiter == b"\\":
                self._is_escaped = position == len(chunk)
                position += 1
            elif delimiter == b'"':
                self._is_text = not self._is_text
            elif delimiter == b"{":
                begin = match.start() if self._depth == 0 else begin
                self._depth += 1
            elif self._depth > 0:
                self._depth -= 1
                if self._depth == 0:
                    self._kept.append(chunk[begin:position])
                    found.append(b"".join(self._kept))
                    self._kept.clear()
                    self._size, begin = 0, position
        if self._depth:
            self._keep(chunk[begin:], found)
        return found

    def end(self) -> list[bytes]:
        """An object that was cut off, which is no JSON."""
        return [b"".join(self._kept)] if self._kept else []

    def _keep(self, piece: bytes, found: list[bytes]) -> None:
        self._kept.append(piece)
        self._size += len(piece)
        if self._size > sse.MAX_EVENT_BYTES:
            too_large = sse.EventTooLarge()
            too_large.events = found
            raise too_large


class CallArguments:
    """The arguments of one call, which may come value by value, each with its JSONPath.

    Shared facts on providers, section 5; recording `vertex/024`.
    """

    def __init__(self, whole: JsonObject | None = None) -> None:
        self._document: JsonObject = dict(whole or {})
        self._texts: dict[tuple[_Step, ...], list[str]] = {}

    def add(self, pieces: Json) -> None:
        """Add some values. A text continues the one with the same path. A piece without path or value is skipped."""
        for piece in objects_in(pieces):
            steps = _steps(piece.get("jsonPath"))
            name = next((name for name in _VALUES if name in piece), None)
            if steps is None or name is None:
                continue
            value = None if name == "nullValue" else piece[name]
            texts = self._texts.setdefault(steps, [])
            if not (texts and isinstance(value, str)):
                _put(self._document, steps, value)
            if isinstance(value, str):
                texts.append(value)

    def end(self) -> JsonObject:
        """The whole arguments."""
        for steps, texts in self._texts.items():
            if len(texts) > 1:
                _put(self._document, steps, "".join(texts))
        return self._document


def _steps(given: Json) -> tuple[_Step, ...] | None:
    """The steps of a path below `$`; None for what is no such path."""
    path = text_or_none(given)
    if path is None or not path.startswith("$"):
        return None
    steps: list[_Step] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None or len(steps) >= _MOST_STEPS:
            return None
        dotted, index, *quoted = match.groups()
        if index is not None:
            steps.append(int(index))
        elif dotted is not None:
            steps.append(dotted)
        else:
            steps.append(_ESCAPED.sub(r"\1", next(text for text in quoted if text is not None)))
        position = match.end()
    return tuple(steps) if steps and isinstance(steps[0], str) else None


def _put(document: JsonObject, steps: tuple[_Step, ...], value: Json) -> None:
    """Set a value, and make the objects and arrays on the way to it."""
    container: Json = document
    for step, following in zip(steps, (*steps[1:], None), strict=True):
        if following is None:
            _set(container, step, value)
            return
        inner = _get(container, step)
        if not isinstance(inner, list if isinstance(following, int) else dict):
            inner = [] if isinstance(following, int) else {}
            if not _set(container, step, inner):
                return
        container = inner


def _get(container: Json, step: _Step) -> Json:
    if isinstance(container, dict) and isinstance(step, str):
        return container.get(step)
    if isinstance(container, list) and isinstance(step, int) and step < len(container):
        return container[step]
    return None


def _set(container: Json, step: _Step, value: Json) -> bool:
    """Set a member or an entry, to which a list grows. False where there is no room for it."""
    if isinstance(container, dict) and isinstance(step, str):
        container[step] = value
        return True
    if isinstance(container, list) and isinstance(step, int) and step < _LONGEST_ARRAY:
        container += [None] * (step + 1 - len(container))
        container[step] = value
        return True
    return False
