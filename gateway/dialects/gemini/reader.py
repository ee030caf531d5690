"""Splits a streamed answer into its chunks: server-sent events, or one JSON array that grows."""

import re
from collections.abc import Sequence

from gateway.wire import sse

_ARRAY = b"["
_BLANK = b" \t\r\n"
_END = b"\r\n\r\n"
_MARKS = re.compile(rb'[{}"\\]')
_IN_TEXT = re.compile(rb'["\\]')


class Reader:
    """Reads what `alt=sse` gives, and the array that comes where it was not asked for."""

    def __init__(self) -> None:
        self._inner: sse.Reader | _ArrayReader | None = None
        self._is_between = False

    def feed(self, chunk: bytes) -> Sequence[bytes]:
        """The chunks of the answer that these bytes complete. Raises `EventTooLarge`."""
        if self._is_between and chunk.endswith(_END):
            # The usual case: whole events, each one line of data. Looking at every line takes four times as long.
            payloads = chunk[6:-4].split(b"\r\n\r\ndata: ")
            if chunk.startswith(b"data: ") and chunk.count(b"\n") == 2 * len(payloads) and b"" not in payloads:
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
        """The pieces of the object that is open."""
        self._size = 0
        self._depth = 0
        self._is_text = False
        self._is_escaped = False

    def feed(self, chunk: bytes) -> list[bytes]:
        found: list[bytes] = []
        begin = place = 0
        if self._is_escaped and chunk:
            self._is_escaped, place = False, 1
        while match := (_IN_TEXT if self._is_text else _MARKS).search(chunk, place):
            mark, place = match[0], match.end()
            if mark == b"\\":
                self._is_escaped = place == len(chunk)
                place += 1
            elif mark == b'"':
                self._is_text = not self._is_text
            elif mark == b"{":
                begin = match.start() if self._depth == 0 else begin
                self._depth += 1
            elif self._depth > 0:
                self._depth -= 1
                if self._depth == 0:
                    self._kept.append(chunk[begin:place])
                    found.append(b"".join(self._kept))
                    self._kept.clear()
                    self._size, begin = 0, place
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
