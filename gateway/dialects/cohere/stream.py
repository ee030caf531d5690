"""Reads a streamed answer of Cohere's."""

from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.cohere.errors import broken_off, error_in_band
from gateway.dialects.cohere.messages import PLAN, THINKING
from gateway.dialects.cohere.telling import Telling, logprobs
from gateway.dialects.cohere.tokens import read_usage
from gateway.dialects.conversation.answers import AnswerDecoder, NotAnAnswer
from gateway.events import Event
from gateway.generation import Generation

_Object = dict[str, Any]


class CohereDecoder(AnswerDecoder):
    """Reads events as they come; `message-end` is the last one that says anything."""

    what = "event of its chat"

    def __init__(self, generation: Generation, origin: Origin) -> None:
        super().__init__(origin)
        self._telling = Telling(generation, origin)
        self._reason: Any = None
        self._has_ended = False

    def _read(self, document: _Object) -> list[Event]:
        kind = document.get("type")
        if kind == "content-delta":
            return self._content(document)
        match kind:
            case "content-start":
                return self._begin(document)
            case "content-end":
                return self._telling.thought()
            case "tool-plan-delta":
                return self._telling.think(_text(_message(document).get(PLAN)), PLAN)
            case "tool-call-start":
                return self._telling.call(_index(document), _message(document).get("tool_calls"))
            case "tool-call-delta":
                call = _message(document).get("tool_calls")
                function = call.get("function") if isinstance(call, dict) else None
                if not isinstance(function, dict):
                    return []
                return self._telling.arguments(_index(document), function.get("arguments"))
            case "citation-start":
                return self._telling.cite(_message(document).get("citations"))
            case "message-end":
                return self._end(document)
            case None:
                raise error_in_band(document, self.origin) or NotAnAnswer
            case _:
                # Those that begin or end what is begun and ended anyway, and those that are yet to come.
                return []

    def _content(self, document: _Object) -> list[Event]:
        content = _message(document).get("content")
        if type(content) is not dict:
            return []
        text = content.get("text")
        if type(text) is str:
            given = document.get("logprobs")
            return self._telling.text(text, logprobs(given) if given else None)
        return self._telling.think(_text(content.get("thinking")), THINKING)

    def _begin(self, document: _Object) -> list[Event]:
        content = _message(document).get("content")
        if not isinstance(content, dict):
            return []
        is_text = content.get("type") != "thinking"
        begun = self._telling.begin_text() if is_text else self._telling.thought()
        return [*begun, *self._content(document)]

    def _end(self, document: _Object) -> list[Event]:
        delta = document.get("delta")
        ended: _Object = delta if isinstance(delta, dict) else {}
        self.usage = read_usage(ended.get("usage"))
        self._reason = ended.get("finish_reason")
        error = broken_off(self._reason, ended, self.origin)
        if error is not None:
            raise error
        self._has_ended = True
        return self._finish()

    def _last(self) -> list[Event] | None:
        return self._telling.finish(self._reason) if self._has_ended else None


def _message(document: _Object) -> _Object:
    """What an event says of the message."""
    delta = document.get("delta")
    message = delta.get("message") if type(delta) is dict else None
    return message if type(message) is dict else {}


def _index(document: _Object) -> int:
    index = document.get("index")
    return index if type(index) is int else 0


def _text(value: Any) -> str:
    return value if type(value) is str else ""
