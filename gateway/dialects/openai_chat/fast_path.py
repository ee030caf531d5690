"""Recognises the common case: a reply that is one text, a chunk that differs from an earlier one in its text alone."""

from collections.abc import Sequence
from itertools import islice
from types import NoneType

import orjson

from gateway.dialects.openai_chat.repairs import LABELS, LATEST
from gateway.dialects.openai_chat.think_tags import begins_thoughts
from gateway.dialects.openai_chat.usage import usual_counts
from gateway.neutral.events import Usage
from gateway.neutral.json import Json, JsonObject, object_or_empty, objects_in, text_or_empty

_TEXTS = ("content", "reasoning_content", "reasoning")
_CALLS = "tool_calls"
_IDENTITY = ("id", "model")
_ENDS = ("stop", "length")
_USUAL_FIELDS = ("role", "content")
_USUAL_LISTS = ("annotations", "tool_calls")
# What of a chunk is not in its envelope. OpenAI pads each chunk with a string of its own.
_ENVELOPE = ("choices", "obfuscation")
_DELTA = ("delta",)


def only_text(choices: list[JsonObject]) -> str | None:
    """The text of a plain reply that is one text and nothing else, as most are; None for any other.

    Reading such a message part by part took five times as long.
    """
    choice = choices[0]
    message = choice.get("message")
    if len(choices) != 1 or choice.get("finish_reason") != "stop" or type(message) is not dict:
        return None
    text = message.get("content")
    if (
        type(text) is not str
        or not text
        or begins_thoughts(text)
        or choice.get("logprobs") is not None
        or choice.get("index", 0) != 0
    ):
        return None
    for name, value in message.items():
        if value and name not in ("role", "content"):
            return None
    return text


def usual_usage(document: JsonObject) -> Usage | None:
    """The usage of a reply in which nothing has to be repaired for a client of the dialect; None for any other.

    One look at what most replies are: one choice with a text, and counts that add up. Repairing such a reply part by
    part, and writing it again, took four times as long.
    """
    choices, created = document.get("choices"), document.get("created")
    if type(choices) is not list or len(choices) != 1 or not _is_usual_choice(choices[0]):
        return None
    if document.get("object") != "chat.completion" or "error" in document or "base_resp" in document:
        return None
    if type(created) is not int or not 1 <= created < LATEST:
        return None
    for name in _IDENTITY:
        if type(text := document.get(name)) is not str or not text:
            return None
    for name in LABELS:
        if name in document and type(document[name]) not in (str, NoneType):
            return None
    usage = document.get("usage")
    return usual_counts(usage) if type(usage) is dict else None


def usual_bytes(document: JsonObject) -> int:
    """How many bytes the text of such a reply is."""
    (choice,) = objects_in(document["choices"])
    text = text_or_empty(object_or_empty(choice["message"]).get("content"))
    return len(text.encode())


def usual_text(document: JsonObject) -> str | None:
    """All that a reply says which has a `usual_usage`, where that is one text that ended by itself; else None."""
    (choice,) = objects_in(document["choices"])
    text = object_or_empty(choice["message"]).get("content")
    if type(text) is not str or not text or begins_thoughts(text):
        return None
    return text if choice["finish_reason"] == "stop" and choice["index"] == 0 else None


def _is_usual_choice(choice: Json) -> bool:
    if type(choice) is not dict or choice.get("finish_reason") not in _ENDS or choice.get("logprobs", 0) is not None:
        return False
    index, message = choice.get("index"), choice.get("message")
    if type(index) is not int or index < 0 or type(message) is not dict or "error" in choice:
        return False
    if message.get("role") != "assistant" or type(message.get("content")) is not str or "refusal" not in message:
        return False
    for name, value in message.items():
        if value is None or name in _USUAL_FIELDS or (name in _USUAL_LISTS and value == []):
            continue
        return False
    return True


class ChunkTemplate:
    """Knows one chunk that needed no repair, and by it the next ones.

    Nine chunks of ten are of this kind: one more piece of a text, of reasoning, or of a call's arguments. Repairing
    each of them part by part took six times as long as parsing it. Most are recognised by their bytes, without being
    parsed; the rest, such as OpenAI's with their padding, by comparison.
    """

    def __init__(self) -> None:
        self._envelope: JsonObject | None = None
        self._choice: JsonObject = {}
        self._before = self._after = b""
        self.field = "content"
        """Where the text stands: in the content, in the reasoning, or in a call's arguments (`tool_calls`)."""
        self.choice = 0
        """The choice whose text it is."""
        self.call = 0
        """The call whose arguments they are."""

    def expect(self, chunk: JsonObject) -> None:
        """Take the chunk that begins an answer, which has a role and no text, as what its texts are compared with."""
        (choice,) = objects_in(chunk["choices"])
        if choice.get("finish_reason") is None and choice.get("logprobs") is None and type(choice["index"]) is int:
            self.field, self.choice = "content", choice["index"]
            self._envelope, self._choice = _without(chunk, _ENVELOPE), _without(choice, _DELTA)

    def learn(self, payload: bytes) -> None:
        """Take a chunk as the template, if its one choice has nothing but a text."""
        chunk: JsonObject = orjson.loads(payload)
        choices = chunk.pop("choices")
        chunk.pop("obfuscation", None)
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
            return
        choice = choices[0]
        if choice.get("finish_reason") is not None or choice.get("logprobs") is not None:
            return
        found, index = _only_text(choice.pop("delta")), choice["index"]
        if found is not None and isinstance(index, int):
            self.field, self.call, text = found
            self._envelope, self._choice, self.choice = chunk, choice, index
            self.learn_bytes(payload, text)

    def forget(self) -> None:
        """Know no chunk: what the next ones of this kind say is no longer what they said."""
        self._envelope, self._before = None, b""

    def learn_bytes(self, payload: bytes, text: str) -> None:
        """Keep what stands before and after the text of a chunk like it, if it is clear where that is."""
        written = orjson.dumps(text)
        self._before = b""
        # A chunk on several lines cannot leave as it came, nor be told by what it begins with.
        if payload.count(written) == 1 and b"\n" not in payload:
            before, _, after = payload.partition(written)
            self._before, self._after = before + b'"', b'"' + after

    def text(self, payload: bytes) -> str | None:
        """The text of a chunk that begins and ends as the template does; None for any other."""
        if self._before and payload.startswith(self._before) and payload.endswith(self._after):
            return _string(payload[len(self._before) - 1 : len(payload) - len(self._after) + 1])
        return None

    def run(self, payloads: Sequence[bytes], start: int) -> int:
        """Where a run of chunks ends that begin and end as the template does: the place behind the last of them."""
        before, after = self._before, self._after
        if not before:
            return start
        end = start
        for payload in islice(payloads, start, None):
            # One that is too short for both has no text between them.
            if not (payload.startswith(before) and payload.endswith(after)):
                break
            end += 1
        return end

    def texts_size(self, payloads: Sequence[bytes]) -> int | None:
        """How many bytes the texts of a run are; None unless each chunk has one text between its ends, and no more."""
        start, left = len(self._before) - 1, len(self._after) - 1
        # No text goes over the line break between two, for JSON has none within a text.
        texts = b",\n".join([payload[start : len(payload) - left] for payload in payloads])
        try:
            parsed = orjson.loads(b"[%b]" % texts)
        except orjson.JSONDecodeError:
            return None
        if type(parsed) is not list or len(parsed) != len(payloads) or {*map(type, parsed)} != {str}:
            return None
        text = "".join(parsed)
        return len(text.encode())

    @property
    def knows_bytes(self) -> bool:
        """Whether chunks are recognised without being parsed."""
        return bool(self._before)

    def text_in(self, chunk: JsonObject) -> str | None:
        """The text of a parsed chunk like the template; None for any other, which stays as it is."""
        choices = chunk.get("choices")
        if self._envelope is None or self.field == _CALLS or type(choices) is not list or len(choices) != 1:
            return None
        choice = choices[0]
        if type(choice) is not dict or type(delta := choice.get("delta")) is not dict or len(delta) != 1:
            return None
        text = delta.get(self.field)
        # 0 == False and 1 == 1.0 for Python, not for every client.
        if type(text) is not str or type(choice.get("index")) is not int or type(chunk.get("created")) is not int:
            return None
        is_same = _without(chunk, _ENVELOPE) == self._envelope and _without(choice, _DELTA) == self._choice
        return text if is_same else None


def _without(document: JsonObject, names: Sequence[str]) -> JsonObject:
    """A copy without some of its fields."""
    rest = document.copy()
    for name in names:
        rest.pop(name, None)
    return rest


def _only_text(delta: Json) -> tuple[str, int, str] | None:
    """The one text in a delta: its field, the call that it belongs to, and the text."""
    if not isinstance(delta, dict) or len(delta) != 1:
        return None
    ((name, value),) = delta.items()
    if name in _TEXTS:
        return (name, 0, value) if type(value) is str else None
    match value:
        case [{"index": int() as call, "function": {"arguments": str() as text, **others}, **beside}]:
            is_bare = name == _CALLS and not others and beside.keys() <= {"type"}
            # By the first arguments it is known that a call has any.
            return (name, call, text) if is_bare and text else None
        case _:
            return None


def _string(written: bytes) -> str | None:
    """The text that is written there, quotes and all; None where something else stands between them, too."""
    try:
        text: Json = orjson.loads(written)
    except orjson.JSONDecodeError:
        return None
    return text if type(text) is str else None
