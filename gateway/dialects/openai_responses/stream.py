"""Reads a streamed Response, event by event."""

import re
from collections.abc import Callable, Sequence

from gateway.dialects.base import Origin
from gateway.dialects.decoder import StreamDecoder, answered_by, later_counts
from gateway.dialects.error_bodies import reports_error
from gateway.dialects.openai_responses.errors import error_in_band
from gateway.dialects.openai_responses.fast_path import RepeatedDelta
from gateway.dialects.openai_responses.output.builder import OutputBuilder
from gateway.dialects.openai_responses.output.items import part_kind
from gateway.dialects.openai_responses.response import ended, status_of, usage_of
from gateway.neutral.events import Event, PartKind, Usage
from gateway.neutral.json import Json, JsonObject, object_or_empty

_Read = Callable[[OutputBuilder, JsonObject], list[Event]]
_TERMINAL = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "response.cancelled": "cancelled",
    "response.done": None,
}
_BEGINNING = ("response.created", "response.in_progress", "response.queued")
_NOTHING_NEW = ("keepalive", "ping")
_OF_AN_ITEM = re.compile(r"response\.(\w+?)(?:_code|_arguments)?\.\w+")


class ResponsesDecoder(StreamDecoder):
    """Turns the events of a Responses stream into neutral ones. It ends with the event that has the whole Response."""

    what = "event of a Response"

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._repeated = RepeatedDelta()
        self._output = OutputBuilder(self._repeated)
        self._ended: list[Event] | None = None
        self._model: Json = None
        self._counts: JsonObject = {}
        """What the first events have counted already, as some servers do."""

    @property
    def has_ended(self) -> bool:
        return self._ended is not None

    def known_usage(self) -> Usage | None:
        return self.usage or (usage_of({"usage": self._counts}) if self._counts else None)

    def _feed_document(self, payload: bytes, document: Json) -> Sequence[Event]:
        repeated = self._repeated.take(document) if type(document) is dict else None
        if repeated is not None:
            return repeated
        self._repeated.forget()
        return super()._feed_document(payload, document)

    def _last(self) -> list[Event] | None:
        return self._ended

    def _read(self, event: JsonObject) -> list[Event]:
        kind = event.get("type")
        if not isinstance(kind, str):
            return self._unnamed(event)
        read = _READ.get(kind)
        if read is not None:
            return read(self._output, event)
        if event.get("error") and not event.get("response") and kind in _TERMINAL:
            raise error_in_band(event, self.origin)
        if kind in _TERMINAL:
            return self._end(object_or_empty(event.get("response")), _TERMINAL[kind])
        if kind in _BEGINNING:
            return self._begin(object_or_empty(event.get("response")))
        if kind in _NOTHING_NEW:
            return []
        if kind in ("error", "response.error") or (event.get("error") and not kind.startswith("response.")):
            raise error_in_band(event, self.origin)
        named = _OF_AN_ITEM.fullmatch(kind)
        return self._output.progressed(event, named[1] if named else "")

    def _begin(self, response: JsonObject) -> list[Event]:
        """The first events of a stream, which all say the same."""
        if response.get("usage"):
            self._counts = later_counts(self._counts, object_or_empty(response["usage"]))
        model = response.get("model")
        told, self._model = self._model, model
        return [] if told == model else answered_by(model)

    def _unnamed(self, event: JsonObject) -> list[Event]:
        """An event without a type: an error, a whole Response, or nothing that is known."""
        if event.get("object") == "response" and isinstance(event.get("output"), list):
            return self._end(event, None)
        if reports_error(event):
            raise error_in_band(event, self.origin)
        return []

    def _end(self, response: JsonObject, event_status: str | None) -> list[Event]:
        """The answer is over, and the event has the whole Response."""
        if self._counts:
            response = {**response, "usage": later_counts(self._counts, object_or_empty(response.get("usage")))}
        self.usage = usage_of(response)
        self._ended = ended(self._output, response, status_of(response, event_status), self.origin)
        return self._finish()


def _delta(kind: PartKind) -> _Read:
    return lambda output, event: output.text(event, kind, event.get("delta"))


def _done(kind: PartKind) -> _Read:
    return lambda output, event: output.text_done(event, kind, event)


def _part_added(output: OutputBuilder, event: JsonObject) -> list[Event]:
    kind = part_kind(object_or_empty(event.get("part")))
    return output.text(event, kind, "") if kind else []


def _part_done(output: OutputBuilder, event: JsonObject) -> list[Event]:
    kind = part_kind(object_or_empty(event.get("part")))
    return output.text_done(event, kind, event.get("part")) if kind else []


_READ: dict[str, _Read] = {
    "response.output_item.added": OutputBuilder.item_added,
    "response.output_item.done": OutputBuilder.item_done,
    "response.output_text.delta": _delta("output_text"),
    "response.output_text.done": _done("output_text"),
    "response.output_text.annotation.added": OutputBuilder.cited,
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
    "response.function_call_arguments.delta": lambda output, event: output.arguments(
        event, "function_call", event.get("delta")
    ),
    "response.function_call_arguments.done": lambda output, event: output.arguments_done(
        event, "function_call", event.get("arguments")
    ),
    "response.custom_tool_call_input.delta": lambda output, event: output.arguments(
        event, "custom_tool_call", event.get("delta")
    ),
    "response.custom_tool_call_input.done": lambda output, event: output.arguments_done(
        event, "custom_tool_call", event.get("input")
    ),
}
