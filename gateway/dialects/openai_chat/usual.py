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


class UsualChunk:
    """Knows one chunk in which nothing was amiss, and by it the next ones.

    Nine chunks of ten are of this kind. Looking each of them over part by part took six times as long as reading it.
    Most are told by their bytes, without being parsed; the rest, such as OpenAI's with their padding, by comparison.
    """

    def __init__(self) -> None:
        self._envelope: dict[str, Any] | None = None
        self._choice: dict[str, Any] = {}
        self._before = self._after = b""
        self.index = 0
        """The choice whose text is told."""

    def learn(self, payload: bytes) -> None:
        """Take a chunk as the measure, if text is all that its one choice brings."""
        chunk = orjson.loads(payload)
        choices = chunk.pop("choices")
        chunk.pop("obfuscation", None)
        if len(choices) != 1:
            return
        choice = choices[0]
        if choice.get("finish_reason") is not None or choice.get("logprobs") is not None:
            return
        delta = choice.pop("delta")
        if delta.keys() == {"content"} and type(delta["content"]) is str:
            self._envelope, self._choice, self.index = chunk, choice, choice["index"]
            self._learn_bytes(payload, delta["content"])

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
            text = self._plain(payload[len(self._before) : -len(self._after)])
            if text is not None and len(payload) >= len(self._before) + len(self._after):
                return text
        return self._parsed(payload)

    def _plain(self, between: bytes) -> str | None:
        """The text that stands there as it is. None for one with escapes or an end of its own: it has to be parsed."""
        try:
            text = between.decode()
        except UnicodeDecodeError:
            return None
        return text if text.isprintable() and '"' not in text and "\\" not in text else None

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
        text = delta.get("content")
        return text if type(text) is str else None
