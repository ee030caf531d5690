"""Recognises the common case: a reply that is one text, a chunk that differs from an earlier one in its text alone."""

import orjson

from gateway.neutral.json import Json, JsonObject

_TEXTS = ("content", "reasoning_content", "reasoning")
_CALLS = "tool_calls"


def only_text(choices: list[JsonObject]) -> str | None:
    """The text of a plain reply that is one text and nothing else, as most are; None for any other.

    Reading such a message part by part took five times as long.
    """
    choice = choices[0]
    message = choice.get("message")
    if len(choices) != 1 or choice.get("finish_reason") != "stop" or type(message) is not dict:
        return None
    text = message.get("content")
    if type(text) is not str or not text or choice.get("logprobs") is not None or choice.get("index", 0) != 0:
        return None
    for name, value in message.items():
        if value and name not in ("role", "content"):
            return None
    return text


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
            self._learn_bytes(payload, text)

    def _learn_bytes(self, payload: bytes, text: str) -> None:
        """Keep what stands before and after the text, if it is clear where that is."""
        written = orjson.dumps(text)
        self._before = b""
        if payload.count(written) == 1:
            before, _, after = payload.partition(written)
            self._before, self._after = before + b'"', b'"' + after

    def text(self, payload: bytes) -> str | None:
        """The text of a chunk like the template; None for any other. Raises `orjson.JSONDecodeError`."""
        if self._envelope is None:
            return None
        if self._before and payload.startswith(self._before) and payload.endswith(self._after):
            text = _string(payload[len(self._before) - 1 : len(payload) - len(self._after) + 1])
            if text is not None:
                return text
        return None if self.field == _CALLS else self._parsed(payload)

    def _parsed(self, payload: bytes) -> str | None:
        chunk: Json = orjson.loads(payload)
        if type(chunk) is not dict:
            return None
        choices = chunk.pop("choices", None)
        # OpenAI pads each chunk with a string of its own.
        chunk.pop("obfuscation", None)
        if chunk != self._envelope or type(choices) is not list or len(choices) != 1:
            return None
        choice = choices[0]
        if type(choice) is not dict:
            return None
        delta = choice.pop("delta", None)
        if choice != self._choice or type(delta) is not dict or len(delta) != 1:
            return None
        # 0 == False and 1 == 1.0 for Python, not for every client.
        if type(choice["index"]) is not int or type(chunk.get("created")) is not int:
            return None
        text = delta.get(self.field)
        return text if type(text) is str else None


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
            return (name, call, text) if is_bare else None
        case _:
            return None


def _string(written: bytes) -> str | None:
    """The text that is written there, quotes and all; None where something else stands between them, too."""
    try:
        text: Json = orjson.loads(written)
    except orjson.JSONDecodeError:
        return None
    return text if type(text) is str else None
