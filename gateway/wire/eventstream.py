"""Reads `application/vnd.amazon.eventstream`: the binary frames in which AWS streams its events.

A frame is, in big endian: its whole length, the length of its headers, a CRC-32 of these two; the headers; the
payload; a CRC-32 of all before it (shared facts on providers, section 7).
"""

import zlib
from struct import Struct
from struct import error as StructError
from typing import Any

import orjson

from gateway.wire.sse import MAX_EVENT_BYTES, DamagedStream, EventTooLarge

EXCEPTION = "exception"
"""Under this name an exception or an error of the stream is handed on, in place of an event."""

_PRELUDE = Struct(">III")
_NUMBER = Struct(">I")
_LENGTH = Struct(">H")
_SMALLEST = _PRELUDE.size + _NUMBER.size
# The sizes of header values by their type: true, false, byte, short, int, long, timestamp, uuid.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_BYTES, _STRING = 6, 7
_REMEMBERED = 64

_Wrapping = tuple[bytes, bytes]
_known: dict[bytes, _Wrapping] = {}
"""What to put around a payload, by the headers it came with: nearly all frames have one of a handful."""


class BrokenFrame(DamagedStream):
    """What came is no frame, or it was damaged on its way. Nothing that follows it can be read."""


class Reader:
    """Splits the bytes of a stream into its events, wherever the chunks were cut.

    An event is handed on as JSON, `{"<its type>": payload}`; an exception, or an error, as
    `{"exception": {"<its type>": payload}}`. After `BrokenFrame` or `EventTooLarge` the reader is of no more use.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._pieces: list[bytes] = []
        """The pieces of a frame that is not over, joined once when it is: it may be megabytes long."""
        self._size = 0
        self._wanted = _PRELUDE.size
        """How many bytes there must be before there is anything to read."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that this chunk completes. Raises `EventTooLarge`, or `BrokenFrame`."""
        if self._size:
            self._pieces.append(chunk)
            self._size += len(chunk)
            if self._size < self._wanted:
                return []
            chunk = b"".join(self._pieces)
        return self._read(chunk)

    def end(self) -> list[bytes]:
        """Nothing: of a frame that was cut off, nothing can be told."""
        return []

    def _read(self, data: bytes) -> list[bytes]:
        events: list[bytes] = []
        try:
            self._read_frames(data, events)
        except DamagedStream as damaged:
            damaged.events = events
            raise
        return events

    def _read_frames(self, data: bytes, events: list[bytes]) -> None:
        place, size = 0, len(data)
        crc32, prelude, number, known = zlib.crc32, _PRELUDE.unpack_from, _NUMBER.unpack_from, _known
        wanted = _PRELUDE.size
        while place + wanted <= size:
            length, headers_length, prelude_sum = prelude(data, place)
            is_whole = place + length <= size and length <= self._limit
            # The sum of a whole frame is one over its prelude, too.
            if length < _SMALLEST + headers_length or not (is_whole or crc32(data[place : place + 8]) == prelude_sum):
                raise BrokenFrame("the length of a frame is damaged")
            if length > self._limit:
                raise EventTooLarge
            if not is_whole:
                wanted = length
                break
            end = place + length - 4
            if crc32(data[place:end]) != number(data, end)[0]:
                raise BrokenFrame("a frame is damaged")
            start = place + 12 + headers_length
            raw = data[place + 12 : start]
            before, after = known.get(raw) or _remembered(raw)
            events.append(before + (data[start:end] or b"{}") + after)
            place = end + 4
        self._pieces = [data[place:]]
        self._size = size - place
        self._wanted = wanted


def _remembered(raw: bytes) -> _Wrapping:
    wrapping = _wrapping(_headers(raw))
    if len(_known) >= _REMEMBERED:
        _known.clear()
    _known[raw] = wrapping
    return wrapping


def _wrapping(headers: dict[str, Any]) -> _Wrapping:
    """What to put around the payload of a frame with these headers."""
    match headers.get(":message-type"):
        case "event":
            return b"{" + _name(headers, ":event-type") + b":", b"}"
        case "exception":
            return b'{"%s":{%s:' % (EXCEPTION.encode(), _name(headers, ":exception-type")), b"}}"
        case "error":
            # It says everything in its headers.
            message = orjson.dumps({"message": str(headers.get(":error-message", ""))})
            head = b'{"%s":{%s:%s,"payload":' % (EXCEPTION.encode(), _name(headers, ":error-code"), message)
            return head, b"}}"
        case _:
            raise BrokenFrame("a frame says not what it is")


def _name(headers: dict[str, Any], header: str) -> bytes:
    name = headers.get(header)
    if not isinstance(name, str):
        raise BrokenFrame(f"a frame has no {header}")
    return orjson.dumps(name)


def _headers(raw: bytes) -> dict[str, Any]:
    """The headers of a frame; of those that are no text, only that they are there."""
    headers: dict[str, Any] = {}
    place = 0
    try:
        while place < len(raw):
            name_end = place + 1 + raw[place]
            name = raw[place + 1 : name_end].decode()
            kind, place = raw[name_end], name_end + 1
            if kind in (_BYTES, _STRING):
                size = _LENGTH.unpack_from(raw, place)[0]
                place += 2
            else:
                size = _SIZES[kind]
            value = raw[place : place + size]
            if len(value) < size:
                raise BrokenFrame("a header of a frame is longer than the frame")
            headers[name] = value.decode() if kind == _STRING else None
            place += size
    except (IndexError, KeyError, UnicodeDecodeError, StructError) as error:
        raise BrokenFrame("the headers of a frame cannot be read") from error
    return headers
