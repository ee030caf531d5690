"""Recognises what is usual: a reply that is one text, a chunk that differs from an earlier one in its text alone."""

from typing import Any

import orjson


def usual_text(choices: list[dict[str, Any]]) -> str | None:
    """The text of a plain reply that is one text and nothing else, as most are; None for any other.

    Looking such a message over part by part took five times as long.
    """
    choice = choices[0]
    message = choice.get("message")
    if len(choices) != 1 or choice.get("finish_reason") != "stop" or type(message) is not dict:
        return None
    text = message.get("content")
    if type(text) is not str or not text or choice.get("logprobs") is not None or choice.get("index", 0) != 0:
        return None
    says_more = any(value for name, value in message.items() if name not in ("role", "content"))
    return None if says_more else text


_TEXTS = ("content", "reasoning_content", "reasoning")
_CALLS = "tool_calls"


class UsualChunk:
    """Knows one chunk in which nothing was amiss, and by it the next ones.

    Nine chunks of ten are of this kind: one more piece of a text, of reasoning, or of a call's arguments. Looking each
    of them over part by part took six times as long as reading it. Most are told by their bytes, without being parsed;
    the rest, such as OpenAI's with their padding, by comparison.
    """

    def __init__(self) -> None:
        self._envelope: dict[str, Any] | None = None
        self._choice: dict[str, Any] = {}
        self._before = self._after = b""
        self.field = "content"
        """What is told: the text, the reasoning by one of its names, or `tool_calls`: a call's arguments."""
        self.index = 0
        """The choice whose text is told."""
        self.call = 0
        """The call whose arguments are told."""

    def learn(self, payload: bytes) -> None:
        """Take a chunk as the measure, if a text is all that its one choice brings."""
        chunk = orjson.loads(payload)
        choices = chunk.pop("choices")
        chunk.pop("obfuscation", None)
        if len(choices) != 1:
            return
        choice = choices[0]
        if choice.get("finish_reason") is not None or choice.get("logprobs") is not None:
            return
        told = _told(choice.pop("delta"))
        if told is not None:
            self.field, self.call, text = told
            self._envelope, self._choice, self.index = chunk, choice, choice["index"]
            self._learn_bytes(payload, text)

    def _learn_bytes(self, payload: bytes, text: str) -> None:
        """Keep what stands before and after the text, if it can be told where that is."""
        written = orjson.dumps(text)
        self._before = b""
        if payload.count(written) == 1:
            before, _, after = payload.partition(written)
            self._before, self._after = before + b'"', b'"' + after

    def text(self, payload: bytes) -> str | None:
        """The text of a chunk like the one that was learnt; None for any other. Raises `orjson.JSONDecodeError`."""
        if self._envelope is None:
            return None
        if self._before and payload.startswith(self._before) and payload.endswith(self._after):
            text = _string(payload[len(self._before) - 1 : len(payload) - len(self._after) + 1])
            if text is not None:
                return text
        return None if self.field == _CALLS else self._parsed(payload)

    def _parsed(self, payload: bytes) -> str | None:
        chunk = orjson.loads(payload)
        if type(chunk) is not dict:
            return None
        choices = chunk.pop("choices", None)
        # OpenAI pads each chunk with a string of its own.
        chunk.pop("obfuscation", None)
        if chunk != self._envelope or type(choices) is not list or len(choices) != 1 or type(choices[0]) is not dict:
            return None
        choice = choices[0]
        delta = choice.pop("delta", None)
        if choice != self._choice or type(delta) is not dict or len(delta) != 1:
            return None
        # 0 == False and 1 == 1.0 for Python, not for every client.
        if type(choice["index"]) is not int or type(chunk.get("created")) is not int:
            return None
        text = delta.get(self.field)
        return text if type(text) is str else None


def _told(delta: dict[str, Any]) -> tuple[str, int, str] | None:
    """The one thing that a delta brings: its field, the call that it belongs to, and the text."""
    if len(delta) != 1:
        return None
    ((name, value),) = delta.items()
    if name in _TEXTS:
        return (name, 0, value) if type(value) is str else None
    match value:
        case [{"index": int() as call, "function": {"arguments": str() as text} as function} as piece]:
            is_bare = name == _CALLS and len(function) == 1 and piece.keys() <= {"index", "type", "function"}
            return (name, call, text) if is_bare else None
        case _:
            return None


def _string(written: bytes) -> str | None:
    """The text that is written there, quotes and all; None where something else stands between them, too."""
    try:
        text = orjson.loads(written)
    except orjson.JSONDecodeError:
        return None
    return text if type(text) is str else None
