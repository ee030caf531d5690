"""Reads a streamed answer of Cohere's."""

from gateway.dialects.base import Origin
from gateway.dialects.cohere.errors import broken_off, error_in_band
from gateway.dialects.cohere.messages import PLAN, THINKING
from gateway.dialects.cohere.response import ResponseBuilder, read_logprobs
from gateway.dialects.cohere.usage import read_usage
from gateway.dialects.decoder import NotAnAnswer, StreamDecoder
from gateway.neutral.events import Event
from gateway.neutral.generation import Generation
from gateway.neutral.json import Json, JsonObject, integer_or_none, object_or_empty, object_or_none, text_or_empty


class CohereDecoder(StreamDecoder):
    """Reads events as they come; `message-end` is the last one that matters."""

    what = "event of its chat"

    def __init__(self, generation: Generation, origin: Origin) -> None:
        super().__init__(origin)
        self._builder = ResponseBuilder(generation, origin)
        self._reason: Json = None
        self._has_ended = False

    @property
    def has_ended(self) -> bool:
        return self._has_ended

    def _read(self, document: JsonObject) -> list[Event]:
        kind = document.get("type")
        if kind == "content-delta":
            return self._content(document)
        match kind:
            case "content-start":
                return self._begin(document)
            case "content-end":
                return self._builder.end_reasoning()
            case "tool-plan-delta":
                return self._builder.reasoning(text_or_empty(_message(document).get(PLAN)), PLAN)
            case "tool-call-start":
                return self._builder.call(_index(document), _message(document).get("tool_calls"))
            case "tool-call-delta":
                function = object_or_empty(object_or_empty(_message(document).get("tool_calls")).get("function"))
                return self._builder.arguments(_index(document), function.get("arguments"))
            case "citation-start":
                return self._builder.citation(_message(document).get("citations"))
            case "message-end":
                return self._end(object_or_empty(document.get("delta")))
            case None | "error":
                raise error_in_band(document, self.origin) or NotAnAnswer
            case _:
                # The rest begins or ends what begins and ends anyway, or is not known yet.
                return []

    def _content(self, document: JsonObject) -> list[Event]:
        content = object_or_empty(_message(document).get("content"))
        text = content.get("text")
        if type(text) is str:
            given = document.get("logprobs")
            return self._builder.text(text, read_logprobs(given) if given else None)
        return self._builder.reasoning(text_or_empty(content.get("thinking")), THINKING)

    def _begin(self, document: JsonObject) -> list[Event]:
        content = object_or_none(_message(document).get("content"))
        if content is None:
            return []
        is_text = content.get("type") != "thinking"
        begun = self._builder.begin_text() if is_text else self._builder.end_reasoning()
        return [*begun, *self._content(document)]

    def _end(self, delta: JsonObject) -> list[Event]:
        self.usage = read_usage(delta.get("usage"))
        self._reason = delta.get("finish_reason")
        error = broken_off(self._reason, delta, self.origin)
        if error is not None:
            raise error
        self._has_ended = True
        return self._finish()

    def _last(self) -> list[Event] | None:
        return self._builder.finish(self._reason) if self._has_ended else None


def _message(document: JsonObject) -> JsonObject:
    return object_or_empty(object_or_empty(document.get("delta")).get("message"))


def _index(document: JsonObject) -> int:
    return integer_or_none(document.get("index")) or 0
