"""Reads a streamed Response, event by event."""

import re
from collections.abc import Callable, Sequence

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.decoder import StreamDecoder
from gateway.dialects.openai_responses.answer import Answer
from gateway.dialects.openai_responses.ending import status_of
from gateway.dialects.openai_responses.errors import error_in_band
from gateway.dialects.openai_responses.fast_path import RepeatedDelta
from gateway.dialects.openai_responses.items import part_kind
from gateway.dialects.openai_responses.response import ended
from gateway.neutral.events import Event, PartKind
from gateway.neutral.json import JsonObject, object_or_empty

_Read = Callable[[Answer, JsonObject], list[Event]]
_TERMINAL = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "response.cancelled": "cancelled",
    "response.done": None,
}
_NOTHING_NEW = ("response.created", "response.in_progress", "response.queued", "keepalive", "ping")
_OF_AN_ITEM = re.compile(r"response\.(\w+?)(?:_code|_arguments)?\.\w+")


class ResponsesDecoder(StreamDecoder):
    """Turns the events of a Responses stream into neutral ones. It ends with the event that has the whole Response."""

    what = "event of a Response"

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._repeated = RepeatedDelta()
        self._answer = Answer(self._repeated)

    def feed(self, payload: bytes) -> Sequence[Event]:
        if self.is_over:
            return ()
        try:
            event = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return self._feed_words(payload)
        if type(event) is dict:
            repeated = self._repeated.take(event)
            if repeated is not None:
                return repeated
        self._repeated.forget()
        return self._feed_document(payload, event)

    def _last(self) -> list[Event] | None:
        # The event before the end has the whole Response, or there was none.
        return None

    def _read(self, event: JsonObject) -> list[Event]:
        kind = event.get("type")
        if not isinstance(kind, str):
            return self._unnamed(event)
        read = _READ.get(kind)
        if read is not None:
            return read(self._answer, event)
        if kind in _TERMINAL:
            response = event.get("response")
            return self._end(response if isinstance(response, dict) else {}, _TERMINAL[kind])
        if kind in _NOTHING_NEW:
            return []
        if kind in ("error", "response.error") or (event.get("error") and not kind.startswith("response.")):
            return self._fail(error_in_band(event, self.origin))
        named = _OF_AN_ITEM.fullmatch(kind)
        return self._answer.happened(event, named[1] if named else "")

    def _unnamed(self, event: JsonObject) -> list[Event]:
        """An event without a type: an error, a whole Response, or nothing that is known."""
        if event.get("object") == "response" and isinstance(event.get("output"), list):
            return self._end(event, None)
        if event.get("error") or event.get("object") == "error":
            return self._fail(error_in_band(event, self.origin))
        return []

    def _end(self, response: JsonObject, told: str | None) -> list[Event]:
        events = ended(self._answer, response, status_of(response, told), self.origin)
        self.is_over = True
        return events


def _delta(kind: PartKind) -> _Read:
    return lambda answer, event: answer.text(event, kind, event.get("delta"))


def _done(kind: PartKind) -> _Read:
    return lambda answer, event: answer.text_done(event, kind, event)


def _part_added(answer: Answer, event: JsonObject) -> list[Event]:
    kind = part_kind(object_or_empty(event.get("part")))
    return answer.text(event, kind, "") if kind else []


def _part_done(answer: Answer, event: JsonObject) -> list[Event]:
    kind = part_kind(object_or_empty(event.get("part")))
    return answer.text_done(event, kind, event.get("part")) if kind else []


_READ: dict[str, _Read] = {
    "response.output_item.added": Answer.item_added,
    "response.output_item.done": Answer.item_done,
    "response.output_text.delta": _delta("output_text"),
    "response.output_text.done": _done("output_text"),
    "response.output_text.annotation.added": Answer.cited,
    "response.refusal.delta": _delta("refusal"),
    "response.refusal.done": _done("refusal"),
    "response.reasoning_text.delta": _delta("reasoning_text"),
    "response.reasoning_text.done": _done("reasoning_text"),
    # Open Responses has another name for them (shared facts on the Responses API, section 1.10).
    "response.reasoning.delta": _delta("reasoning_text"),
    "response.reasoning.done": _done("reasoning_text"),
    "response.reasoning_summary_text.delta": _delta("summary_text"),
    "response.reasoning_summary_text.done": _done("summary_text"),
    "response.content_part.added": _part_added,
    "response.content_part.done": _part_done,
    "response.reasoning_summary_part.added": _part_added,
    "response.reasoning_summary_part.done": _part_done,
    "response.function_call_arguments.delta": lambda answer, event: answer.arguments(
        event, "function_call", event.get("delta")
    ),
    "response.function_call_arguments.done": lambda answer, event: answer.arguments_done(
        event, "function_call", event.get("arguments")
    ),
    "response.custom_tool_call_input.delta": lambda answer, event: answer.arguments(
        event, "custom_tool_call", event.get("delta")
    ),
    "response.custom_tool_call_input.done": lambda answer, event: answer.arguments_done(
        event, "custom_tool_call", event.get("input")
    ),
}
