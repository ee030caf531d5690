"""JSON that orjson refuses and clients of the providers read.

Halves of characters (`\\ud83d` in one event, the other half in the next), a byte order mark, NaN and Infinity, bytes
that are no UTF-8.
"""

import json
import math
import re
from collections.abc import Sequence

import orjson

_MARK = b"\xef\xbb\xbf"
# Longer JSON would hold up the loop.
_MOST_BYTES = 2 * 1024 * 1024
# Every escape in turn, so that the second backslash of two begins none; only a half that is alone is named.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_FIRST_HALVES = b"89abAB"
# The second half of a character, at the beginning of a text.
_BEGINNING = re.compile(rb'([:,\[]\s*")(\\u[dD][c-fC-F][0-9a-fA-F]{2})')
_SIGN = b"\\u"
_BACKSLASH = b"\\"
# Whatever is shorter fits into 64 bits.
_LONGEST_INTEGER = 19


def readable(payload: bytes) -> bytes:
    """The same JSON as orjson reads it. The payload itself where it does, and where it is no JSON for anybody."""
    if len(payload) > _MOST_BYTES or _is_read(payload):
        return payload
    mended = _ESCAPE.sub(_without_half, payload.removeprefix(_MARK))
    if _is_read(mended):
        return mended
    try:
        text = mended.decode("utf-8", "replace")
        document: object = json.loads(text, parse_constant=lambda name: None, parse_int=_number, parse_float=_number)
        written = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return payload
    return written if _is_read(written) else payload


class Halves:
    """Joins the halves of characters that one event ends a text with and the next one begins a text with.

    An event that ends with a first half waits for the next one.
    """

    def __init__(self) -> None:
        self._held: tuple[bytes, int] | None = None
        """An event, and where the half begins in it."""

    def may_change(self, chunk: bytes, payloads: Sequence[bytes]) -> bool:
        """Whether there is anything to join in the events that a chunk has completed, the first perhaps in part."""
        if self._held is not None:
            return True
        # One byte is found ten times as fast as two, and most chunks have no backslash at all.
        if _BACKSLASH in chunk and _SIGN in chunk:
            return True
        return bool(payloads) and _BACKSLASH in payloads[0] and _SIGN in payloads[0]

    def join(self, payloads: Sequence[bytes]) -> list[bytes]:
        """The events, without one that has to wait and after the one that has waited."""
        joined: list[bytes] = []
        for payload in payloads:
            current = payload
            if self._held is not None:
                (held, place), self._held = self._held, None
                if found := _BEGINNING.search(payload):
                    second = found.start(2)
                    current = payload[:second] + held[place : place + 6] + payload[second:]
                    held = held[:place] + held[place + 6 :]
                joined.append(held)
            place = _half_at_end(current) if _SIGN in current else -1
            if place < 0:
                joined.append(current)
            else:
                self._held = current, place
        return joined

    def end(self, payloads: Sequence[bytes] = ()) -> list[bytes]:
        """The last events of a stream, after which none has to wait."""
        joined = self.join(payloads)
        if self._held is not None:
            joined.append(self._held[0])
            self._held = None
        return joined


def _half_at_end(payload: bytes) -> int:
    """Where a text of the event ends with the first half of a character; -1 where none does."""
    for match in _ESCAPE.finditer(payload):
        if match["half"] and match["half"][2:3] in _FIRST_HALVES and payload[match.end() : match.end() + 1] == b'"':
            return match.start()
    return -1


def _without_half(match: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if match["half"] else match[0]


def _number(text: str) -> int | float | None:
    """The number, as orjson has it; None, as JavaScript writes it, for what is beyond all numbers."""
    if len(text) < _LONGEST_INTEGER and "." not in text and "e" not in text.lower():
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else None


def _is_read(payload: bytes) -> bool:
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return True
