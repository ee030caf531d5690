"""Server-sent events: reading an upstream's, writing ours."""

import json
import re
from collections.abc import Sequence

MAX_EVENT_BYTES = 32 * 1024 * 1024
DONE = b"data: [DONE]\n\n"
END = b"\n\n"
"""What each event that we write ends with, and has nowhere else."""
BETWEEN = b"\n\ndata: "
"""What stands between the data of two events that have nothing else."""
# What an event stream begins with, and nothing else.
_BEGINNINGS = (b"data:", b"event:", b"error:", b"id:", b"retry:", b":")
KEEP_ALIVE = b": keep-alive\n\n"

_NAME = b"event:"
_ERROR = b"error:"
_ERROR_NAMES = (b"event: error", b"event:error")
_ERROR_NAMED = b"error\ndata: "
"""What is in a chunk of events of two lines where one may have that name."""
_NAMED = re.compile(rb"^event:.*\ndata: (.+)\n\n", re.MULTILINE)
"""An event of a line with its name and one of data."""
_MARK = b"\xef\xbb\xbf"
_BLANKS = b" \t\r\n"


def begins_events(body: bytes) -> bool:
    """Whether a body, from its first byte that is no blank, is an event stream."""
    return body.startswith(_BEGINNINGS)


class DamagedStream(ValueError):
    """The stream cannot be read on. `events` are those of the same chunk that were complete before the damage."""

    events: Sequence[bytes] = ()


class EventTooLarge(DamagedStream):
    """One event is larger than anything a model sends."""


class Reader:
    """Splits the bytes of an event stream into the data of its events, wherever the chunks were cut.

    Takes LF, CRLF and CR line ends, comments, a byte order mark, `data:` with and without a space, and data
    over several lines. A field `error:` is data, too, and the data of an event with the name `error` that does not
    say by itself that it is one. Other fields are passed over: every upstream repeats its event's name in the data.
    So are events whose data is empty, by which some servers keep a connection open.
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
        self._errors: list[bytes] = []
        """The lines of the fields `error:`."""
        self._is_error = False
        """Whether the open event is named so."""
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that this chunk completes. Raises `EventTooLarge`."""
        if self._head is not None:
            # Blank lines in front say nothing, and some servers send them before the mark.
            chunk = (self._head + chunk).lstrip(_BLANKS)
            if len(chunk) < len(_MARK) and _MARK.startswith(chunk):
                self._head = chunk
                return []
            self._head = None
            chunk = chunk.removeprefix(_MARK)
        is_open = self._line or self._data or self._errors or self._is_error or self._after_cr
        if not is_open and len(chunk) <= self._limit:
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
            if chunk.count(b"\n") == 3 * len(payloads) and _ERROR_NAMED not in chunk:
                return payloads
        events: list[bytes] = []
        for block in chunk.split(b"\n\n"):
            name, _, data = block.rpartition(b"\ndata: ") if block.startswith(_NAME) else (b"", b"", block[6:])
            is_simple = name not in _ERROR_NAMES if name else block.startswith(b"data: ")
            if is_simple and b"\n" not in data and b"\n" not in name:
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
            self._errors.append(line[len(_ERROR) :].strip())
            self._data_size += len(line)
            self._check()
        elif line.startswith(_NAME):
            self._is_error = line in _ERROR_NAMES
        elif not line and (self._data or self._errors or self._is_error):
            self._end_event(events)

    def _end_event(self, events: list[bytes]) -> None:
        data, error = b"\n".join(self._data), b"\n".join(self._errors)
        if data and self._is_error:
            events.append(_reported(data))
        elif data and (not error or _is_object(data)):
            events.append(data)
        if error:
            events.append(_reported(error))
        self._data.clear()
        self._errors.clear()
        self._data_size = 0
        self._is_error = False

    def _check(self) -> None:
        if self._line_size + self._data_size > self._limit:
            raise EventTooLarge


def _reported(error: bytes) -> bytes:
    """The data of an event that reports an error."""
    try:
        document = json.loads(error)
    except (ValueError, RecursionError):
        document = {"message": error.decode("utf-8", "replace")}
    if isinstance(document, dict) and (
        "error" in document or "error" in (document.get("type"), document.get("object"))
    ):
        return error
    return json.dumps({"error": document}).encode()


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def event(payload: bytes) -> bytes:
    """One event with nothing but data, as chat streams have them."""
    return b"data: " + payload + b"\n\n"


def named_event(name: str, payload: bytes) -> bytes:
    """One event with its name, as Responses streams have them."""
    return b"event: " + name.encode() + b"\ndata: " + payload + b"\n\n"
