"""JSON that orjson refuses and clients of the providers read.

Halves of characters (`\\ud83d` in one event, the other half in the next), a byte order mark, NaN and Infinity, bytes
that are no UTF-8.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import TypeAlias

import orjson

from gateway.neutral.json import Json, JsonObject

_Path: TypeAlias = tuple[str | int, ...]
_BLANKS = b" \t\r\n"
_MARK = b"\xef\xbb\xbf"
# Longer JSON would hold up the loop.
_MOST_BYTES = 2 * 1024 * 1024
# Every escape in turn, so that the second backslash of two begins none; only a half that is alone is named.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_HALF_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
# The fields whose texts come in pieces, by the last word of their names. Others, such as titles, are whole each time.
_PIECE = re.compile(
    r"(?:arguments|code|content|delta|input|json|plan|reasoning|refusal|summary|text|thinking|thoughts?|transcript)$"
)
_MOST_HELD = 256
_SIGN = b"\\u"
_BACKSLASH = b"\\"
# Whatever is shorter fits into 64 bits.
_LONGEST_INTEGER = 19


def readable(payload: bytes) -> bytes:
    """The same JSON as orjson reads it. The payload itself where it does, and where it is no JSON for anybody."""
    if len(payload) > _MOST_BYTES or _is_read(payload):
        return payload
    mended = _ESCAPE.sub(_without_half, payload.lstrip(_BLANKS).removeprefix(_MARK))
    if _is_read(mended):
        return mended
    try:
        written = json.dumps(_loads(mended), ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return payload
    return written if _is_read(written) else payload


class Halves:
    """Joins the halves of characters that one event ends a text with and a later one goes on with in the same text.

    An event is sent on at once, without the half at its end. A half that something else follows in its text is U+FFFD
    before that; one that nothing follows any more is left out.
    """

    def __init__(self) -> None:
        self._held: dict[_Path, str] = {}
        """The halves, by the texts that they end."""

    def may_change(self, chunk: bytes, payloads: Sequence[bytes]) -> bool:
        """Whether there is anything to join in the events that a chunk has completed, the first perhaps in part."""
        if self._held:
            return True
        # One byte is found ten times as fast as two, and most chunks have no backslash at all.
        if _BACKSLASH in chunk and _SIGN in chunk:
            return True
        return bool(payloads) and _BACKSLASH in payloads[0] and _SIGN in payloads[0]

    def join(self, payloads: Sequence[bytes]) -> list[bytes]:
        """The events, each with what belongs to its texts. The same bytes where that is what they have."""
        return [self._joined(payload) for payload in payloads]

    def end(self, payloads: Sequence[bytes] = ()) -> list[bytes]:
        """The last events of a stream."""
        return self.join(payloads)

    def _joined(self, payload: bytes) -> bytes:
        has_half = _has_half(payload)
        if not (has_half or self._held) or len(payload) > _MOST_BYTES:
            return payload
        try:
            # orjson reads no halves.
            document: Json = _loads(payload) if has_half else orjson.loads(payload)
            kind = document.get("type") if isinstance(document, dict) else None
            joined = self._walked(document, (kind,) if isinstance(kind, str) else ())
            return payload if joined == document else orjson.dumps(joined)
        except (ValueError, TypeError, RecursionError):
            return payload

    def _walked(self, value: Json, path: _Path) -> Json:
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, list):
            return [self._element(one, path, position) for position, one in enumerate(value)]
        if isinstance(value, dict):
            # Texts of the same fields differ by whatever is counted.
            indices = [f"{name}={index}" for name, index in value.items() if _is_index(name, index)]
            return self._fields(value, (*path, *sorted(indices)))
        return value

    def _element(self, value: Json, path: _Path, position: int) -> Json:
        if not isinstance(value, dict):
            return self._walked(value, (*path, position))
        index = value.get("index")
        # Some parts are told apart by a field alone, such as `thought`.
        flags = [name for name, field in value.items() if field is True]
        return self._fields(value, (*path, index if type(index) is int else position, *sorted(flags)))

    def _fields(self, value: JsonObject, path: _Path) -> JsonObject:
        return {_whole(name): self._walked(field, (*path, name)) for name, field in value.items()}

    def _text(self, text: str, path: _Path) -> str:
        if not text:
            return text
        name = path[-1] if path else ""
        if isinstance(name, str) and _PIECE.search(name):
            text = self._held.pop(path, "") + text
            if _is_first_half(text[-1]) and len(self._held) < _MOST_HELD:
                self._held[path] = text[-1]
                text = text[:-1]
        return _whole(text)


def _is_index(name: str, value: Json) -> bool:
    return type(value) is int and name[-5:].lower() == "index"


def _is_first_half(character: str) -> bool:
    return "\ud800" <= character <= "\udbff"


def _whole(text: str) -> str:
    """The text with its halves joined, and U+FFFD for those that are alone."""
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _has_half(payload: bytes) -> bool:
    """Whether a half of a character is alone in it."""
    if not _HALF_ESCAPE.search(payload):
        return False
    return any(match["half"] for match in _ESCAPE.finditer(payload))


def _loads(payload: bytes) -> Json:
    """The JSON with its halves, however it is written. Raises `ValueError` and `RecursionError`."""
    text = payload.decode("utf-8", "replace")
    document: Json = json.loads(text, parse_constant=lambda name: None, parse_int=_number, parse_float=_number)
    return document


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
