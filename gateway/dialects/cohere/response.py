"""Reads a plain answer of Cohere's, and builds the events of one, whether plain or streamed."""

from gateway.dialects.base import Origin
from gateway.dialects.cohere.citations import annotations
from gateway.dialects.cohere.errors import broken_off, error_in_band
from gateway.dialects.cohere.messages import PLAN, THINKING
from gateway.dialects.cohere.structured_output import plan_format
from gateway.dialects.cohere.usage import read_usage
from gateway.dialects.decoder import ChoiceBuilder, NotAnAnswer, decode_whole, whole_arguments
from gateway.dialects.profiles.cohere import CohereProfile
from gateway.neutral.events import Event, FinishReason, PartBegan, Reasoning, ReasoningState
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import (
    Json,
    JsonObject,
    integer_or_none,
    list_or_empty,
    list_or_none,
    number_or_none,
    object_or_empty,
    object_or_none,
    objects_in,
    text_or_empty,
    text_or_none,
)

_FINISH: dict[str, FinishReason] = {"MAX_TOKENS": "length", "TOOL_CALL": "tool_calls"}
# The arguments that Cohere gives to a tool without parameters (recording cohere/026).
_NULL = "null"


def decode_response(body: bytes, generation: Generation, origin: Origin) -> list[Event]:
    """The events of one answer, ending in `Done`, or in `Failed`."""

    def read(document: JsonObject) -> list[Event]:
        error = error_in_band(document, origin) or broken_off(document.get("finish_reason"), document, origin)
        if error is not None:
            raise error
        return _read(document, ResponseBuilder(generation, origin))

    return decode_whole(body, origin, "answer of its chat", lambda document: read_usage(document.get("usage")), read)


class ResponseBuilder:
    """Builds the events of one answer, piece by piece."""

    def __init__(self, generation: Generation, origin: Origin) -> None:
        plan = plan_format(generation.prompt, CohereProfile.own(origin.profile))
        self._choice = ChoiceBuilder(generation.prompt, origin, check=None if plan is None else plan.check())
        self._reasoning: dict[str, list[str]] = {THINKING: [], PLAN: []}
        self._texts = 0
        self._citations = 0
        self._held_back: dict[int, str] = {}

    def reasoning(self, text: str, key: str) -> list[Event]:
        """A piece of reasoning, by the key of its state."""
        if not text:
            return []
        self._reasoning[key].append(text)
        return [Reasoning(text)]

    def end_reasoning(self) -> list[Event]:
        """Something else begins: the reasoning so far is complete."""
        states: list[Event] = []
        for key, pieces in self._reasoning.items():
            if pieces:
                states.append(ReasoningState({key: "".join(pieces)}))
                self._reasoning[key] = []
        return states

    def begin_text(self) -> list[Event]:
        """A part of the content begins that is text."""
        self._texts += 1
        begun: list[Event] = [PartBegan("output_text")] if self._texts > 1 else []
        return [*self.end_reasoning(), *begun]

    def text(self, text: str, logprobs: list[JsonObject] | None = None) -> list[Event]:
        """A piece of the open text."""
        return self._choice.text(text, logprobs)

    def citation(self, citation: Json) -> list[Event]:
        """A citation in the last text."""
        self._citations += 1
        return [*annotations(citation, self._citations - 1)]

    def call(self, index: int, call: Json) -> list[Event]:
        """A call begins, maybe with its arguments. Raises `NotAnAnswer` for one without a name."""
        given = object_or_empty(call)
        function = object_or_empty(given.get("function"))
        name = text_or_none(function.get("name"))
        if name is None:
            raise NotAnAnswer
        self._held_back[index] = ""
        begun = self._choice.call(index, text_or_empty(given.get("id")) or new_id("call"), name)
        return [*self.end_reasoning(), *begun, *self.arguments(index, function.get("arguments"))]

    def arguments(self, index: int, given: Json) -> list[Event]:
        """A piece of a call's arguments, held back as long as it may still become `null`."""
        piece = whole_arguments(given) if isinstance(given, dict) else text_or_empty(given)
        if not piece:
            return []
        held_back = self._held_back.get(index)
        if held_back is None:
            return self._choice.arguments(index, piece)
        piece = held_back + piece
        if _NULL.startswith(piece.strip()):
            self._held_back[index] = piece
            return []
        del self._held_back[index]
        return self._choice.arguments(index, piece)

    def finish(self, reason: Json) -> list[Event]:
        """The end of an answer that did not break off."""
        finish_reason = _FINISH.get(text_or_empty(reason), "stop")
        return [*self.end_reasoning(), *self._choice.finish(finish_reason)]


def read_logprobs(given: Json) -> list[JsonObject] | None:
    """Log probabilities in OpenAI's format. Cohere's are of pieces of text: one of several tokens has their sum."""
    entries = given if isinstance(given, list) else [given]
    return [found for entry in objects_in(entries) if (found := _logprob(entry)) is not None] or None


def _logprob(entry: JsonObject) -> JsonObject | None:
    text, values = text_or_none(entry.get("text")), list_or_empty(entry.get("logprobs"))
    numbers = [number for value in values if (number := number_or_none(value)) is not None]
    if text is None or not values or len(numbers) < len(values):
        return None
    return {"token": text, "logprob": float(sum(numbers)), "bytes": list(text.encode("utf-8", "replace"))}


def _read(document: JsonObject, builder: ResponseBuilder) -> list[Event]:
    message = object_or_none(document.get("message"))
    if message is None:
        raise NotAnAnswer
    events = _content(message, read_logprobs(document.get("logprobs")), builder)
    plan = text_or_none(message.get(PLAN))
    if plan is not None:
        events += [*builder.end_reasoning(), *builder.reasoning(plan, PLAN)]
    for index, call in enumerate(list_or_empty(message.get("tool_calls"))):
        events += builder.call(index, call)
    return [*events, *builder.finish(document.get("finish_reason"))]


def _content(message: JsonObject, logprobs: list[JsonObject] | None, builder: ResponseBuilder) -> list[Event]:
    events: list[Event] = []
    citations = _citations(message)
    content = message.get("content")
    parts: list[Json] = [{"type": "text", "text": content}] if isinstance(content, str) else list_or_empty(content)
    for index, part in enumerate(parts):
        match part:
            case {"type": "thinking", "thinking": str() as thinking}:
                events += [*builder.end_reasoning(), *builder.reasoning(thinking, THINKING)]
            case {"type": "text", "text": str() as text}:
                events += [*builder.begin_text(), *builder.text(text, logprobs)]
                logprobs = None
                for citation in citations.get(index, ()):
                    events += builder.citation(citation)
    return events


def _citations(message: JsonObject) -> dict[int, list[Json]]:
    """The citations by the index of the part that they are in."""
    found: dict[int, list[Json]] = {}
    for citation in list_or_none(message.get("citations")) or ():
        index = integer_or_none(object_or_empty(citation).get("content_index"))
        found.setdefault(index or 0, []).append(citation)
    return found
