"""Reads a streamed answer of Converse, event by event."""

from collections.abc import Sequence

from gateway.dialects.base import Origin
from gateway.dialects.bedrock.errors import error_in_band
from gateway.dialects.bedrock.response import ResponseBuilder, service_tier
from gateway.dialects.bedrock.usage import read_usage
from gateway.dialects.decoder import NotAnAnswer, StreamDecoder, later_counts
from gateway.neutral.events import Event
from gateway.neutral.generation import Generation
from gateway.neutral.json import Json, JsonObject, integer_or_none, object_or_none, text_or_empty
from gateway.wire.eventstream import EXCEPTION


class ConverseDecoder(StreamDecoder):
    """Turns events into neutral ones. Blocks of text and reasoning begin with their first piece.

    The answer is over with `metadata`, which comes after `messageStop` and brings the usage.
    """

    what = "Converse event"

    def __init__(self, generation: Generation, origin: Origin) -> None:
        super().__init__(origin)
        self._builder = ResponseBuilder(generation, origin)
        self._block: int | None = None
        self._output_of: str | None = None
        self._output: list[Json] = []
        self._has_stopped = False
        self._counts: JsonObject = {}

    @property
    def has_ended(self) -> bool:
        return self._has_stopped

    def _text_in(self, document: JsonObject) -> str | None:
        payload = document.get("contentBlockDelta")
        if type(payload) is dict and len(document) == 1 and payload.get("contentBlockIndex") == self._block:
            delta = payload.get("delta")
            if type(delta) is dict and type(text := delta.get("text")) is str:
                return text
        return None

    def _texts(self, texts: Sequence[str]) -> list[Event]:
        return self._builder.texts(texts)

    def _read(self, document: JsonObject) -> list[Event]:
        kind, payload = next(iter(document.items()), ("", None))
        if not isinstance(payload, dict):
            raise NotAnAnswer
        match kind:
            case "contentBlockDelta":
                return self._turn_to(payload) + self._delta(payload.get("delta"))
            case "contentBlockStart":
                return self._turn_to(payload) + self._start(payload.get("start"))
            case "contentBlockStop":
                return self._close()
            case "messageStop":
                return self._stop(payload)
            case "metadata":
                if (counts := object_or_none(payload.get("usage"))) is not None:
                    self._counts = later_counts(self._counts, counts)
                    self.usage = read_usage(self._counts)
                tier = service_tier(payload)
                return [*tier, *(self._finish() if self._has_stopped else ())]
            case _ if kind == EXCEPTION:
                raise error_in_band(payload, self.origin)
        # The rest, such as `messageStart`, has no content, or is not known yet.
        return []

    def _turn_to(self, payload: JsonObject) -> list[Event]:
        index = payload.get("contentBlockIndex")
        if index == self._block:
            return []
        events = self._close() if self._block is not None else []
        self._block = integer_or_none(index)
        return events

    def _delta(self, delta: Json) -> list[Event]:
        match delta:
            case {"text": str() as text}:
                return self._builder.text(text)
            case {"toolUse": {"input": str() as piece}}:
                return self._builder.arguments(piece)
            case {"reasoningContent": dict() as reasoning}:
                return self._reasoning(reasoning)
            case {"citation": dict() as citation}:
                self._builder.citation(citation)
            case {"image": {"source": {"bytes": str() as data}}}:
                self._builder.image(data)
            case {"toolResult": list() as content}:
                self._output += content
            case dict():
                pass
            case _:
                raise NotAnAnswer
        return []

    def _reasoning(self, reasoning: JsonObject) -> list[Event]:
        match reasoning:
            case {"text": str() as text}:
                return self._builder.reasoning(text)
            case {"signature": str() as signature}:
                self._builder.signature(signature)
            case {"redactedContent": str() as content}:
                self._builder.redacted_reasoning(content)
        return []

    def _start(self, start: Json) -> list[Event]:
        match start:
            case {"toolUse": {"toolUseId": str() as call_id, "name": str() as name, **more}}:
                if more.get("type") != "server_tool_use":
                    return self._builder.call(call_id, name)
                self._builder.hosted_call(call_id, name)
            case {"toolResult": {"toolUseId": str() as call_id}}:
                self._output_of, self._output = call_id, []
        return []

    def _close(self) -> list[Event]:
        self._block = None
        events: list[Event] = []
        if self._output_of is not None:
            events = self._builder.hosted_output(self._output_of, self._output)
            self._output_of = None
        return events + self._builder.end_block()

    def _stop(self, payload: JsonObject) -> list[Event]:
        if self._has_stopped:
            return []
        events = self._close() + self._builder.finish(text_or_empty(payload.get("stopReason")))
        self._has_stopped = True
        return events

    def _last(self) -> list[Event] | None:
        return [] if self._has_stopped else None
