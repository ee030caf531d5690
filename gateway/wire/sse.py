"""Server-sent events: reading an upstream's, writing ours."""

import json
import re
from collections.abc import Sequence

MAX_EVENT_BYTES = 32 * 1024 * 1024
DONE = b"data: [DONE]\n\n"
BETWEEN = b"\n\ndata: "
"""What stands between the data of two events that have nothing else."""
KEEP_ALIVE = b": keep-alive\n\n"

_NAME = b"event:"
_ERROR = b"error:"
_NAMED = re.compile(rb"^event:.*\ndata: (.+)\n\n", re.MULTILINE)
"""An event of a line with its name and one of data."""
_MARK = b"\xef\xbb\xbf"


class DamagedStream(ValueError):
    """The stream cannot be read on. `events` are those of the same chunk that were complete before the damage."""

    events: Sequence[bytes] = ()


class EventTooLarge(DamagedStream):
    """One event is larger than anything a model sends."""


class Reader:
    """Splits the bytes of an event stream into the data of its events, wherever the chunks were cut.

    Takes LF, CRLF and CR line ends, comments, a byte order mark, `data:` with and without a space, and data
    over several lines. A field `error:` is data, too. Other fields are passed over: every upstream repeats its
    event's name in the data. So are events whose data is empty, by which some servers keep a connection open.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._head: bytes | None = b""
        """The first bytes, until they are enough to tell a byte order mark. None from then on."""
        self._line: list[bytes] = []
        """The pieces of a line that is not over, joined once when it is: it may be megabytes long."""
        self._line_size = 0
        self._data: list[bytes] = []
        self._data_size = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that this chunk completes. Raises `EventTooLarge`."""
        if self._head is not None:
            chunk = self._head + chunk
            if len(chunk) < len(_MARK) and _MARK.startswith(chunk):
                self._head = chunk
                return []
            self._head = None
            chunk = chunk.removeprefix(_MARK)
        if not (self._line or self._data or self._after_cr) and len(chunk) <= self._limit:
            whole = chunk.replace(b"\r\n", b"\n") if chunk.endswith(b"\r\n\r\n") else chunk
            if whole.endswith(b"\n\n") and b"\r" not in whole:
                return self._whole(whole)
        return self._split(chunk)

    def end(self) -> list[bytes]:
        """The data of an event that the stream ended without closing by a blank line."""
        chunk, self._head = self._head or b"", None
        return self._split(chunk + b"\n\n")

    def _whole(self, chunk: bytes) -> list[bytes]:
        """The usual case: whole events, each one line of data, perhaps below a line with their name."""
        if chunk.startswith(b"data: "):
            payloads = chunk[6:-2].split(BETWEEN)
            # To look for the first of none is faster than to count them all.
            if b"\n" not in b"".join(payloads) and b"" not in payloads:
                return payloads
        elif chunk.startswith(_NAME):
            payloads = _NAMED.findall(chunk)
            if chunk.count(b"\n") == 3 * len(payloads):
                return payloads
        events: list[bytes] = []
        for block in chunk.split(b"\n\n"):
            name, _, data = block.rpartition(b"\ndata: ") if block.startswith(_NAME) else (b"", b"", block[6:])
            if (name or block.startswith(b"data: ")) and b"\n" not in data and b"\n" not in name:
                if data:
                    events.append(data)
            elif block:
                events += self._split(block + b"\n\n")
        return events

    def _split(self, chunk: bytes) -> list[bytes]:
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *others = chunk.split(b"\n")
        self._keep(first)
        if not others:
            return []
        *lines, rest = others
        events: list[bytes] = []
        whole = b"".join(self._line)
        self._line.clear()
        self._line_size = 0
        try:
            for line in (whole, *lines):
                self._read_line(line, events)
            self._keep(rest)
        except EventTooLarge as error:
            error.events = events
            raise
        return events

    def _keep(self, piece: bytes) -> None:
        """Remember a piece of a line that is not over."""
        if piece:
            self._line.append(piece)
            self._line_size += len(piece)
            self._check()

    def _read_line(self, line: bytes, events: list[bytes]) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            self._data_size += len(line)
            self._check()
        elif line.startswith(_ERROR):
            # Some servers say in the name of a field what should stand in its data (llama.cpp).
            self._data.append(_reported(line[len(_ERROR) :].strip()))
        elif not line and self._data:
            if data := b"\n".join(self._data):
                events.append(data)
            self._data.clear()
            self._data_size = 0

    def _check(self) -> None:
        if self._line_size + self._data_size > self._limit:
            raise EventTooLarge


def _reported(error: bytes) -> bytes:
    """The data of an event that reports an error."""
    try:
        document = json.loads(error)
    except (ValueError, RecursionError):
        document = {"message": error.decode("utf-8", "replace")}
    is_whole = isinstance(document, dict) and "error" in document
    return json.dumps(document if is_whole else {"error": document}).encode()


def event(payload: bytes) -> bytes:
    """One event with nothing but data, as chat streams have them."""
    return b"data: " + payload + b"\n\n"


def named_event(name: str, payload: bytes) -> bytes:
    """One event with its name, as Responses streams have them."""
    return b"event: " + name.encode() + b"\ndata: " + payload + b"\n\n"
