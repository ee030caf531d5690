"""Turns neutral events into the choices of chat chunks, as OpenAI streams them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.events import (
    Annotation,
    Event,
    Finished,
    FinishReason,
    ItemBegan,
    ItemEnded,
    PartBegan,
    Reasoning,
    ReasoningState,
    Refusal,
    Summary,
    Text,
    ToolArguments,
    ToolCall,
)
from gateway.surfaces.base import Seal
from gateway.surfaces.openai_chat.citations import chat_annotation, chat_logprobs
from gateway.surfaces.openai_chat.images import chat_image
from gateway.surfaces.openai_chat.reasoning import END, FIELD, sealed_detail

ChunkChoice = dict[str, Any]
"""A choice in a chunk: what is new in one of the alternative answers."""

_Delta = dict[str, Any]
_BREAK = "\n\n"
# Before one of these stands what was thought. More reasoning, and pieces of what is open, are none of them.
_AFTER_REASONING = (Text, Refusal, ToolCall, Finished)


@dataclass(slots=True)
class _Image:
    """An image of the answer, in chat's shape."""

    image: dict[str, Any]


@dataclass(slots=True)
class _Call:
    number: int
    kind: str
    has_arguments: bool = False


@dataclass(slots=True)
class _Progress:
    """How far one choice has come."""

    calls: list[_Call] = field(default_factory=list)
    by_index: dict[int, _Call] = field(default_factory=dict)
    """The calls by the index that events have for them."""
    text_length: int = 0
    part_start: int = 0
    """Where in the text the open part begins: that is what its citations count from."""
    has_reasoned: bool = False
    needs_break: bool = False
    is_finished: bool = False
    states: list[Mapping[str, Any]] = field(default_factory=list)
    """What authors want back of their reasoning, until it is known what it stands before."""
    told: Counter[str] = field(default_factory=Counter)
    """How many entries of each list were told. Clients put the lists together by the entries' index."""


class Deltas:
    """The choices of the chunks of one answer.

    Whatever comes in, each choice begins with its role, finishes once, and brings nothing after that. Items other
    than messages, reasoning, images and the client's own calls are not shown: chat has no place for them.
    """

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._choices: dict[int, _Progress] = {}

    def take(self, event: Event) -> Iterator[ChunkChoice]:
        """What one event brings. Events that concern no choice bring nothing."""
        match event:
            case ItemBegan(item):
                self._begin_item(item.get("type"))
            case PartBegan(kind, choice):
                self._begin_part(kind, choice)
            case ItemEnded(item):
                if image := chat_image(item):
                    yield from self._in_choice(_Image(image), 0)
            case (
                Text()
                | Reasoning()
                | Summary()
                | ReasoningState()
                | Refusal()
                | ToolCall()
                | ToolArguments()
                | Annotation()
                | Finished()
            ):
                yield from self._in_choice(event, event.choice)

    def end(self) -> Iterator[ChunkChoice]:
        """The answer is complete: finish what is not. An answer has one choice at least."""
        for choice in sorted(self._choices) or [0]:
            progress = self._choices.get(choice)
            reason: FinishReason = "tool_calls" if progress and progress.calls else "stop"
            yield from self._in_choice(Finished(reason, choice), choice)

    def _in_choice(self, event: Event | _Image, choice: int) -> Iterator[ChunkChoice]:
        progress = self._choices.get(choice)
        if progress is None:
            progress = self._choices[choice] = _Progress()
            yield _chunk_choice(choice, {"role": "assistant", "content": ""})
        if progress.is_finished:
            return
        if isinstance(event, ReasoningState):
            progress.states.append(event.state)
            return
        if progress.states and isinstance(event, _AFTER_REASONING):
            yield _chunk_choice(choice, self._sealed(progress, event))
        if isinstance(event, Finished):
            for delta in _missing_arguments(progress):
                yield _chunk_choice(choice, delta)
            progress.is_finished = True
            yield _chunk_choice(choice, {}, finish_reason=event.reason)
            return
        delta = _delta(event, progress)
        logprobs = chat_logprobs(event.logprobs) if isinstance(event, Text) else None
        if delta or logprobs:
            yield _chunk_choice(choice, delta, logprobs=logprobs)

    def _sealed(self, progress: _Progress, event: Event | _Image) -> _Delta:
        """What clients are to bring back, before the event that it stands before."""
        before = END if isinstance(event, Finished) else None
        if isinstance(event, ToolCall):
            before = event.id
        states, progress.states = progress.states, []
        return {FIELD: [sealed_detail(state, self._seal, before, _next(progress, FIELD)) for state in states]}

    def _begin_item(self, kind: Any) -> None:
        # Only the dialects that know no alternative answers tell where items begin.
        if kind == "message":
            self._begin_part("output_text", 0)
        elif kind == "reasoning":
            self._begin_part("reasoning_text", 0)

    def _begin_part(self, kind: str, choice: int) -> None:
        progress = self._choices.get(choice)
        if progress is None:
            return
        if kind == "output_text":
            progress.part_start = progress.text_length
        elif kind in ("reasoning_text", "summary_text"):
            progress.needs_break = progress.has_reasoned


def _chunk_choice(
    choice: int, delta: _Delta, *, logprobs: dict[str, Any] | None = None, finish_reason: str | None = None
) -> ChunkChoice:
    return {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}


def _next(progress: _Progress, name: str) -> int:
    """The index of the next entry of a list."""
    progress.told[name] += 1
    return progress.told[name] - 1


def _delta(event: Event | _Image, progress: _Progress) -> _Delta:
    """What an event adds to the message; nothing, where it says nothing."""
    match event:
        case Text(text):
            progress.text_length += len(text)
            return {"content": text} if text else {}
        case Reasoning(text) | Summary(text):
            return {"reasoning_content": _reasoned(text, progress)} if text else {}
        case Refusal(text):
            return {"refusal": text} if text else {}
        case ToolCall():
            return _begun_call(event, progress)
        case ToolArguments(index, text):
            return _arguments(progress.by_index.get(index), text)
        case Annotation(annotation):
            cited = chat_annotation(annotation, progress.part_start)
            return {"annotations": [{"index": _next(progress, "annotations"), **cited}]} if cited else {}
        case _Image(image):
            return {"images": [{"index": _next(progress, "images"), **image}]}
        case other:
            raise TypeError(f"a chat message has no place for {type(other).__name__}")


def _reasoned(text: str, progress: _Progress) -> str:
    """Parts of a summary each have a headline of their own, which must not run into the text before."""
    separator = _BREAK if progress.needs_break else ""
    progress.has_reasoned, progress.needs_break = True, False
    return separator + text


def _begun_call(event: ToolCall, progress: _Progress) -> _Delta:
    call = progress.by_index[event.index] = _Call(len(progress.calls), event.kind)
    progress.calls.append(call)
    name = f"{event.namespace}__{event.name}" if event.namespace else event.name
    empty = {"custom": {"name": name, "input": ""}, "function": {"name": name, "arguments": ""}}
    piece = {"index": call.number, "id": event.id, "type": call.kind, call.kind: empty[call.kind]}
    return {"tool_calls": [piece]}


def _arguments(call: _Call | None, text: str) -> _Delta:
    if call is None or not text:
        return {}
    call.has_arguments = True
    name = "input" if call.kind == "custom" else "arguments"
    return {"tool_calls": [{"index": call.number, call.kind: {name: text}}]}


def _missing_arguments(progress: _Progress) -> list[_Delta]:
    """A function without parameters is often called with nothing, which is no JSON."""
    return [_arguments(call, "{}") for call in progress.calls if call.kind == "function" and not call.has_arguments]
