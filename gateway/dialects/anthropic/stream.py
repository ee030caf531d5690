"""Reads a streamed message: each event tells its own type, and unknown ones are passed over."""

from typing import Any

from gateway.dialects.anthropic.answer import Telling
from gateway.dialects.anthropic.ending import Ending
from gateway.dialects.anthropic.errors import error_in_band
from gateway.dialects.base import Origin
from gateway.dialects.conversation.answers import AnswerDecoder, NotAnAnswer
from gateway.events import Event
from gateway.generation import Generation


class MessageDecoder(AnswerDecoder):
    """Turns the events of one streamed message into neutral ones."""

    what = "event of a message"

    def __init__(self, generation: Generation, origin: Origin) -> None:
        super().__init__(origin)
        self._telling = Telling(generation, origin)
        self._ending = Ending()

    def _read(self, document: dict[str, Any]) -> list[Event]:
        match document.get("type"):
            case "content_block_delta":
                return self._delta(document.get("index"), _object(document, "delta"))
            case "content_block_start":
                return self._telling.begin(document.get("index"), document.get("content_block"))
            case "content_block_stop":
                return self._telling.end(document.get("index"))
            case "message_start":
                self._ending.note(_object(document, "message"))
            case "message_delta":
                self._ending.note({**document, **_object(document, "delta")})
            case "message_stop":
                self._ending.reason = self._ending.reason or "end_turn"
                return self._finish()
            case "error":
                raise error_in_band(document, self.origin)
        self.usage = self._ending.usage
        return []

    def _delta(self, index: Any, delta: dict[str, Any]) -> list[Event]:
        # Texts first: nine events of ten are theirs.
        match delta.get("type"):
            case "text_delta":
                return self._telling.text(index, _text(delta, "text"))
            case "input_json_delta":
                return self._telling.json(index, _text(delta, "partial_json"))
            case "thinking_delta":
                return self._telling.thinking(index, _text(delta, "thinking"))
            case "signature_delta":
                self._telling.sign(index, _text(delta, "signature"))
            case "citations_delta":
                self._telling.cite(index, delta.get("citation"))
        return []

    def _last(self) -> list[Event] | None:
        if self._ending.reason is None:
            return None
        return [*self._telling.finish(self._ending.reason, self._ending.details), *self._ending.told()]


def _object(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    if not isinstance(value, dict):
        raise NotAnAnswer
    return value


def _text(delta: dict[str, Any], name: str) -> str:
    value = delta.get(name)
    if not isinstance(value, str):
        raise NotAnAnswer
    return value
