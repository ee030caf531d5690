"""JSON that orjson refuses and clients of the providers read.

Halves of characters (`\\ud83d` in one event, the other half in the next), a byte order mark, NaN and Infinity, bytes
that are no UTF-8.
"""

import json
import math
import re
from collections.abc import Callable, Sequence, Set
from functools import partial
from typing import NamedTuple, TypeAlias

import orjson

from gateway.neutral.json import Json, JsonObject, count_or_zero, object_or_empty, objects_in

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
# A half in a larger event is not told again where nothing follows it: the events of halves are kept until then.
_MOST_AGAIN = 16 * 1024
_END_MARK = b"[DONE]"
# What ends a text in the dialects: nothing follows a half in it.
_END = re.compile(
    rb'"(?:finish_reason|finishReason|stop_reason|stopReason)"\s*:\s*"'
    rb'|"type"\s*:\s*"(?:content_block_stop|message_stop|content-end|message-end|[\w.]+\.done'
    rb'|response\.(?:completed|incomplete|failed))"'
    rb'|"(?:contentBlockStop|messageStop)"\s*:'
)
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


class _Half(NamedTuple):
    """A half, and its event as it is told again where nothing follows the half."""

    half: str
    event: bytes


class Halves:
    """Joins the halves of characters that one event ends a text with and a later one goes on with in the same text.

    An event is sent on at once, without the half at its end. A half that something else follows in its text is U+FFFD
    before that; for one that nothing follows any more, its event is told again with U+FFFD alone, before the end.
    """

    def __init__(self) -> None:
        self._held: dict[_Path, _Half] = {}
        """The halves, by the texts that they end."""
        self._found: dict[_Path, str] = {}
        """The halves at the end of the event that is read."""
        self._is_end = False
        """Whether that event ends a text: nothing follows a half in it."""

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
        joined: list[bytes] = []
        for payload in payloads:
            event = self._joined(payload)
            if self._held and self._is_end:
                joined += self._left(payload)
            joined.append(event)
        return joined

    def end(self, payloads: Sequence[bytes] = ()) -> list[bytes]:
        """The last events of a stream."""
        return [*self.join(payloads), *self._left(_END_MARK)]

    def _left(self, end: bytes) -> list[bytes]:
        """What is told of the halves in the texts that an event ends: nothing follows them."""
        texts = _ended_texts(end)
        paths = [path for path in self._held if texts is None or any(text <= {*path} for text in texts)]
        return [event for path in paths if (event := self._held.pop(path).event)]

    def _joined(self, payload: bytes) -> bytes:
        has_half = _has_half(payload)
        self._is_end = (has_half or bool(self._held)) and (payload == _END_MARK or bool(_END.search(payload)))
        if not (has_half or self._held) or len(payload) > _MOST_BYTES:
            return payload
        held = self._held.copy()
        self._found.clear()
        try:
            # orjson reads no halves.
            document: Json = _loads(payload) if has_half else orjson.loads(payload)
            joined = _walked(document, (), self._text)
            written = payload if joined == document else orjson.dumps(joined)
            for path, half in self._found.items():
                self._held[path] = _Half(half, _told_again(joined, path) if len(payload) <= _MOST_AGAIN else b"")
        except (ValueError, TypeError, RecursionError):
            self._held = held
            return payload
        return written

    def _text(self, text: str, path: _Path) -> str:
        if text and _is_piece(path):
            if (held := self._held.pop(path, None)) is not None:
                text = held.half + text
            if _is_first_half(text[-1]) and not self._is_end and len(self._held) + len(self._found) < _MOST_HELD:
                self._found[path] = text[-1]
                text = text[:-1]
        return _whole(text)


def _walked(value: Json, path: _Path, text: Callable[[str, _Path], str]) -> Json:
    """A copy of an event with each of its texts as `text` makes it, by its place."""
    if isinstance(value, str):
        return text(value, path)
    if isinstance(value, list):
        return [_element(one, path, position, text) for position, one in enumerate(value)]
    if isinstance(value, dict):
        kind = value.get("type") if not path else None
        # Texts of the same fields differ by whatever is counted.
        indices = [f"{name}={index}" for name, index in value.items() if _is_index(name, index)]
        return _fields(value, (*path, *([kind] if isinstance(kind, str) else ()), *sorted(indices)), text)
    return value


def _element(value: Json, path: _Path, position: int, text: Callable[[str, _Path], str]) -> Json:
    if not isinstance(value, dict):
        return _walked(value, (*path, position), text)
    index = value.get("index")
    number: str | int = index if type(index) is int else position
    if path == ("choices",):
        number = _choice_at(number)
    # Some parts are told apart by a field alone, such as `thought`.
    flags = [name for name, field in value.items() if field is True]
    return _fields(value, (*path, number, *sorted(flags)), text)


def _fields(value: JsonObject, path: _Path, text: Callable[[str, _Path], str]) -> JsonObject:
    return {_whole(name): _walked(field, (*path, name), text) for name, field in value.items()}


def _only(target: _Path, text: str, path: _Path) -> str:
    """U+FFFD for the text at one place, nothing for other pieces, and everything else as it is."""
    if path == target:
        return "\ufffd"
    return "" if _is_piece(path) else text


def _is_piece(path: _Path) -> bool:
    """Whether what stands at a place is a piece of a text."""
    name = path[-1] if path else ""
    return isinstance(name, str) and bool(_PIECE.search(name))


def _told_again(event: Json, path: _Path) -> bytes:
    """An event with U+FFFD for its one text, and nothing for others."""
    return orjson.dumps(_walked(event, (), partial(_only, path)))


def _ended_texts(end: bytes) -> list[Set[str | int]] | None:
    """What is in the places of the texts that an event ends, for each of them; None where it ends all there are."""
    try:
        event = object_or_empty(orjson.loads(end))
    except orjson.JSONDecodeError:
        return None
    if choices := objects_in(event.get("choices")):
        return [{_choice_at(choice.get("index"))} for choice in choices if choice.get("finish_reason")]
    inner = [event, *(value for value in event.values() if isinstance(value, dict))]
    indices = {f"{name}={index}" for one in inner for name, index in one.items() if _is_index(name, index)}
    return [indices] if indices else None


def _choice_at(index: Json) -> str:
    """How a choice of chat stands in the place of a text, so that it is no other number there."""
    return f"choice={count_or_zero(index)}"


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
