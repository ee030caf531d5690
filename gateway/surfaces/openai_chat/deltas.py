"""Turns neutral events into the choices of chat chunks, as OpenAI streams them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from gateway.neutral.events import (
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
    ToolCallBegan,
)
from gateway.neutral.json import Json, JsonObject
from gateway.neutral.seals import Seal
from gateway.neutral.tools import CallKind
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_chat.citations import chat_annotation, chat_citation, chat_logprobs
from gateway.surfaces.openai_chat.functions import as_functions
from gateway.surfaces.openai_chat.images import chat_image
from gateway.surfaces.openai_chat.reasoning import END, FIELD, sealed_detail

if TYPE_CHECKING:
    from generated import models

_Delta: TypeAlias = "models.ChatCompletionStreamResponseDelta"
_BREAK = "\n\n"
# Events that end reasoning. More reasoning, and pieces of an open part, do not.
_AFTER_REASONING = (Text, Refusal, ToolCallBegan, Finished)


@dataclass(slots=True)
class _Image:
    """An image of the answer."""

    image: models.ChatCompletionImage


@dataclass(slots=True)
class _Call:
    number: int
    kind: CallKind
    has_arguments: bool = False


@dataclass(slots=True)
class Progress:
    """The state of one choice."""

    choice: int
    calls: list[_Call] = field(default_factory=list)
    by_index: dict[int, _Call] = field(default_factory=dict)
    """The calls by the index that events have for them."""
    text_length: int = 0
    part_start: int = 0
    """Where the open part begins in the text: its citations count from there."""
    has_reasoned: bool = False
    needs_break: bool = False
    is_finished: bool = False
    states: list[JsonObject] = field(default_factory=list)
    """The author's states of its reasoning, until the event that they come before is known."""
    written: dict[str, int] = field(default_factory=dict)
    """How many entries of each list were written. Clients put the lists together by the entries' index."""


class Deltas:
    """The choices of the chunks of one answer.

    Whatever comes in, each choice begins with its role, finishes once, and brings nothing after that. Items other
    than messages, reasoning, images and the client's own calls are not shown: chat has no place for them.
    """

    def __init__(self, seal: Seal, *, are_functions: bool = False) -> None:
        """`are_functions`: calls are told in their deprecated form."""
        self._seal = seal
        self._are_functions = are_functions
        self._choices: dict[int, Progress] = {}

    def take(self, event: Event) -> Iterator[models.ChatCompletionChunkChoice]:
        """What one event brings. Events that concern no choice bring nothing."""
        return as_functions(self._take(event)) if self._are_functions else self._take(event)

    def _take(self, event: Event) -> Iterator[models.ChatCompletionChunkChoice]:
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
                | ToolCallBegan()
                | ToolArguments()
                | Annotation()
                | Finished()
            ):
                yield from self._in_choice(event, event.choice)

    def begin(self, choice: int) -> Sequence[models.ChatCompletionChunkChoice]:
        """What comes before all else of a choice: its role; nothing where it has begun."""
        if choice in self._choices:
            return ()
        self._choices[choice] = Progress(choice)
        return (_chunk_choice(choice, {"role": "assistant", "content": ""}),)

    def run_of_texts(self, choice: int) -> Progress | None:
        """Where the next texts of a choice bring nothing but themselves, until another event comes; None elsewhere.

        Whoever writes them adds to its `text_length`.
        """
        progress = self._choices.get(choice)
        return None if progress is None or progress.is_finished or progress.states else progress

    def end(self) -> Iterator[models.ChatCompletionChunkChoice]:
        """The answer is complete: finish what is not. An answer has one choice at least."""
        for choice in sorted(self._choices) or [0]:
            progress = self._choices.get(choice)
            reason: FinishReason = "tool_calls" if progress and progress.calls else "stop"
            yield from self.take(Finished(reason, choice))

    def _in_choice(self, event: Event | _Image, choice: int) -> Iterator[models.ChatCompletionChunkChoice]:
        yield from self.begin(choice)
        progress = self._choices[choice]
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
        logprobs = chat_logprobs(event.logprobs) if isinstance(event, Text) and event.logprobs else None
        if delta or logprobs:
            yield _chunk_choice(choice, delta, logprobs=logprobs)

    def _sealed(self, progress: Progress, event: Event | _Image) -> _Delta:
        """The sealed states, for clients to send back; `event` is what they come before."""
        before = END if isinstance(event, Finished) else None
        if isinstance(event, ToolCallBegan):
            before = event.id
        states, progress.states = progress.states, []
        details = [sealed_detail(state, self._seal, before, _next(progress, FIELD)) for state in states]
        return {"reasoning_details": details}

    def _begin_item(self, kind: Json) -> None:
        # Only dialects without alternative answers emit where items begin.
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
    choice: int,
    delta: _Delta,
    *,
    logprobs: models.ChatCompletionLogprobs | None = None,
    finish_reason: FinishReason | None = None,
) -> models.ChatCompletionChunkChoice:
    return {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}


def _next(progress: Progress, name: str) -> int:
    """The index of the next entry of a list."""
    number = progress.written.get(name, 0)
    progress.written[name] = number + 1
    return number


def _delta(event: Event | _Image, progress: Progress) -> _Delta:
    """What an event adds to the message; empty where it adds nothing."""
    match event:
        case Text(text):
            progress.text_length += len(text)
            return {"content": text} if text else {}
        case Reasoning(text) | Summary(text):
            return {"reasoning_content": _reasoned(text, progress)} if text else {}
        case Refusal(text):
            return {"refusal": text} if text else {}
        case ToolCallBegan():
            return _begun_call(event, progress)
        case ToolArguments(index, text):
            return _arguments(progress.by_index.get(index), text)
        case Annotation(annotation):
            return _cited(annotation, progress)
        case _Image(image):
            return _entry("images", extensions(image), progress)
        case other:
            raise TypeError(f"a chat message has no place for {type(other).__name__}")


def _cited(annotation: JsonObject, progress: Progress) -> _Delta:
    page = chat_annotation(annotation, progress.part_start)
    if page is not None:
        return _entry("annotations", extensions(page), progress)
    other = chat_citation(annotation, progress.part_start)
    return {} if other is None else {"citations": [other]}


def _entry(name: str, entry: JsonObject, progress: Progress) -> _Delta:
    """The next entry of a list. Its index is no field of the contract: whole messages have none."""
    delta: _Delta = {}
    extensions(delta)[name] = [{"index": _next(progress, name), **entry}]
    return delta


def _reasoned(text: str, progress: Progress) -> str:
    """Parts of a summary each have a headline of their own, which must not run into the text before."""
    separator = _BREAK if progress.needs_break else ""
    progress.has_reasoned, progress.needs_break = True, False
    return separator + text


def _begun_call(event: ToolCallBegan, progress: Progress) -> _Delta:
    call = progress.by_index[event.index] = _Call(len(progress.calls), event.kind)
    progress.calls.append(call)
    name = f"{event.namespace}__{event.name}" if event.namespace else event.name
    piece: models.ChatCompletionMessageToolCallChunk = {"index": call.number, "id": event.id, "type": call.kind}
    if call.kind == "function":
        piece["function"] = {"name": name, "arguments": ""}
    else:
        extensions(piece)["custom"] = {"name": name, "input": ""}
    return {"tool_calls": [piece]}


def _arguments(call: _Call | None, text: str) -> _Delta:
    if call is None or not text:
        return {}
    call.has_arguments = True
    piece: models.ChatCompletionMessageToolCallChunk = {"index": call.number}
    if call.kind == "function":
        piece["function"] = {"arguments": text}
    else:
        extensions(piece)["custom"] = {"input": text}
    return {"tool_calls": [piece]}


def _missing_arguments(progress: Progress) -> list[_Delta]:
    """A function without parameters is often called with nothing, which is no JSON."""
    return [_arguments(call, "{}") for call in progress.calls if call.kind == "function" and not call.has_arguments]
