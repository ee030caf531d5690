"""Counts the values and the nesting of JSON in its bytes, before it is parsed.

Parsing is one call that nothing can interrupt, and takes as long as there are values, of which a megabyte may hold half
a million. Counting takes the bytes a slice at a time, and each slice a few milliseconds, whatever it holds.
"""

from array import array
from itertools import accumulate

SLICE_BYTES = 64 * 1024
_BLANKS = b" \t\r\n"
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""What a bracket adds to the nesting, as a signed byte."""
_OTHERS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_OTHERS_OR_TEXT = _OTHERS.replace(b'"', b"")


class JsonTally:
    """What has been counted so far of one body: exactly, where that is JSON.

    Each value stands behind a comma, or first in a list or an object, or alone. Strings are cut out first: where no
    quote is escaped, every second piece between quotes is one.
    """

    __slots__ = (
        "_before",
        "_is_in_string",
        "_most_nesting",
        "_nesting",
        "_quotes",
        "is_broken",
        "is_too_deep",
        "values",
    )

    def __init__(self, most_nesting: int) -> None:
        self.values = 1
        self.is_too_deep = False
        """Whether more than `most_nesting` lists and objects are inside each other."""
        self.is_broken = False
        """Whether this is no JSON in a way that shows here: a parser stops before it has come so far."""
        self._most_nesting = most_nesting
        self._nesting = 0
        self._quotes = 0
        self._before = b""
        self._is_in_string = False

    def add(self, piece: bytes) -> None:
        """Count a slice, which must not end between a backslash and what it escapes: see `slice_end`."""
        if b"\\" in piece:
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = piece.split(b'"')
        text = b'"'.join(parts[self._is_in_string :: 2]).translate(None, _BLANKS)
        self._quotes += len(parts) - 1
        self._is_in_string ^= len(parts) % 2 == 0
        if self._is_in_string:
            text += b'"'
        if text:
            self._count(text)

    def _count(self, text: bytes) -> None:
        """Count what stands outside of strings, each of which has left a quote."""
        opened = text.count(b"[") + text.count(b"{")
        joined = self._before + text
        self._before = text[-1:]
        self.values += text.count(b",") + opened - joined.count(b"[]") - joined.count(b"{}")
        if self._nesting + opened > self._most_nesting:
            levels = accumulate(array("b", text.translate(_STEPS, _OTHERS)), initial=self._nesting)
            self.is_too_deep = self.is_too_deep or max(levels) > self._most_nesting
        self._nesting += opened - text.count(b"]") - text.count(b"}")
        # Each value is one string at most, and has another one for its key.
        self.is_broken = self._nesting < 0 or self._quotes > 4 * self.values


def is_deeper(data: bytes, most: int) -> bool:
    """Whether JSON has more than `most` lists and objects inside each other: at once, for a body that is not large."""
    if len(data.split(b"[", most + 1)) + len(data.split(b"{", most + 1)) - 2 <= most:
        return False
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = data.translate(None, _OTHERS_OR_TEXT).replace(b'""', b"")
    # Where a bracket stands in a string, an odd number of quotes stands before it, and one of them is left.
    if b'"' in brackets:
        brackets = b"".join(brackets.split(b'"')[::2])
    return len(brackets) > most and max(accumulate(array("b", brackets.translate(_STEPS)))) > most


def slice_end(data: bytes, start: int) -> int:
    """Where the slice that begins at `start` ends: not between a backslash and what it escapes."""
    end = min(start + SLICE_BYTES, len(data))
    piece = data[start:end]
    backslashes = len(piece) - len(piece.rstrip(b"\\"))
    return min(end + backslashes % 2, len(data))
