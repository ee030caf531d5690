"""Server-sent events: reading an upstream's, writing ours."""

MAX_EVENT_BYTES = 32 * 1024 * 1024
DONE = b"data: [DONE]\n\n"
KEEP_ALIVE = b": keep-alive\n\n"


class EventTooLarge(ValueError):
    """One event is larger than anything a model sends."""


class Reader:
    """Splits the bytes of an event stream into the data of its events, wherever the chunks were cut.

    Takes LF, CRLF and CR line ends, comments, a byte order mark, `data:` with and without a space, and data over
    several lines. Fields other than `data` are passed over: every upstream repeats its event's name in the data.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._is_first = True
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that this chunk completes. Raises `EventTooLarge`."""
        if self._is_first:
            chunk = self._rest + chunk
            self._rest = b""
            if len(chunk) < 3:
                self._rest = chunk
                return []
            self._is_first = False
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        if not self._rest and not self._data and chunk.endswith(b"\n\n") and b"\r" not in chunk:
            return self._whole(chunk)
        return self._lines(chunk)

    def end(self) -> list[bytes]:
        """The data of an event that the stream ended without closing by a blank line."""
        if self._is_first and self._rest:
            self._is_first = False
        tail = self._lines(b"\n\n") if self._rest or self._data else []
        return tail

    def _whole(self, chunk: bytes) -> list[bytes]:
        """The usual case: whole events, each one line of data."""
        events: list[bytes] = []
        for block in chunk.split(b"\n\n"):
            if block.startswith(b"data: ") and b"\n" not in block:
                events.append(block[6:])
            elif block:
                events += self._lines(block + b"\n\n")
        return events

    def _lines(self, chunk: bytes) -> list[bytes]:
        text = self._rest + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        text = text.removesuffix(b"\r")
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._rest = rest + held
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
                self._size += len(line)
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
                self._size = 0
        if len(self._rest) + self._size > MAX_EVENT_BYTES:
            raise EventTooLarge
        return events


def event(payload: bytes) -> bytes:
    """One event with nothing but data, as chat streams have them."""
    return b"data: " + payload + b"\n\n"


def named_event(name: str, payload: bytes) -> bytes:
    """One event with its name, as Responses streams have them."""
    return b"event: " + name.encode() + b"\ndata: " + payload + b"\n\n"
