"""Builds a Response from neutral events, and yields the events of the Responses API's stream."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Literal, TypeGuard

from gateway.errors import GatewayError
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    ItemBegan,
    ItemEnded,
    ItemProgress,
    NativeChunk,
    NativeReply,
    PartBegan,
    Reasoning,
    ReasoningState,
    Refusal,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.neutral.json import JsonObject, object_or_none
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.calls import CallItem, FunctionCallItem
from gateway.surfaces.responses.document import move_output_last, response_error, response_usage
from gateway.surfaces.responses.items import StreamEvent
from gateway.surfaces.responses.output import Output

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_HAS_CHOICE = (
    *(Text, Reasoning, Summary, ReasoningState, Refusal, Annotation, PartBegan),
    *(ToolCallBegan, ToolArguments, Finished),
)


class Assembly:
    """One Response in the making.

    Serialises interleaved output items: clients keep a single current item, and upstreams interleave parallel
    calls and alternative choices. Events of later items are buffered until the open one is complete.
    """

    def __init__(self, output: Output, first_number: int = 0) -> None:
        """`first_number` is that of the first event; over 0 where the Response was announced before."""
        self.response = output.response
        self._fields = extensions(output.response)
        self._output = output
        self._sequence_number = first_number
        self._is_over = False
        self._choice = 0
        # Events to take next, those buffered until the open call is complete, and those of other choices.
        self._next: deque[Event] = deque()
        self._buffered: list[Event] = []
        self._later: dict[int, list[Event]] = defaultdict(list)
        self._incomplete_details: JsonObject | None = None
        self._usage: Usage | None = None

    @property
    def last_sequence_number(self) -> int:
        """The number of the event that was written last."""
        return self._sequence_number - 1

    def note(self, events: Sequence[Event]) -> None:
        """Take in what the first batch of a stream reports of the answer as a whole, before it begins."""
        for event in events:
            if isinstance(event, AnswerMetadata):
                self._add_metadata(event.fields)

    def begin(self) -> Iterator[StreamEvent]:
        """The two events that every stream begins with; the second alone where the Response was announced before."""
        kinds = ("response.created", "response.in_progress")
        for kind in kinds[1:] if self._sequence_number else kinds:
            yield self._numbered({"type": kind, "response": {**self.response, "output": []}})

    def take(self, events: Sequence[Event]) -> Iterator[StreamEvent]:
        """Take in a batch of neutral events. Those after the end are skipped."""
        for event in events:
            self._next.append(event)
            while self._next and not self._is_over:
                for written in self._take(self._next.popleft()):
                    yield self._numbered(written)

    def take_text(self, event: Text) -> int | None:
        """Fast path: take a piece of text that belongs to the open part. Returns its event's `sequence_number`.

        None, and nothing taken, for any other piece.
        """
        message = self._output.writing
        if message is None or event.logprobs or event.choice != self._choice or self._is_over:
            return None
        message.add(event.text)
        self._sequence_number += 1
        return self._sequence_number - 1

    def take_message(self, events: Sequence[Event]) -> bool:
        """Fast path: take in a whole answer that is one text, as most are. False, and nothing taken, for others.

        The result is the same without it, and takes three times as long.
        """
        match events:
            case [Text(text, 0, None), Finished("stop", 0), *rest, Usage() as usage, Done()] if _are_metadata(rest):
                for metadata in rest:
                    self._add_metadata(metadata.fields)
                self._output.add_message(text)
                self._usage = usage
                self._ended()
                return True
            case _:
                return False

    def _take(self, event: Event) -> Iterator[StreamEvent]:
        match event:
            case Usage():
                self._usage = event
            case AnswerMetadata(fields):
                self._add_metadata(fields)
            case Done():
                yield from self._finish(event)
            case Failed(error):
                yield from self._fail(error)
            case NativeReply() | NativeChunk():
                raise TypeError(f"a Response cannot be made of {type(event).__name__}")
            case _ if (choice := event.choice if isinstance(event, _HAS_CHOICE) else 0) != self._choice:
                self._later[choice].append(event)
            case Finished():
                yield from self._end_choice(event)
            case _:
                yield from self._in_turn(event)

    def _add_metadata(self, fields: JsonObject) -> None:
        if "incomplete_details" in fields:
            details = object_or_none(fields["incomplete_details"])
            self._incomplete_details = self._incomplete_details if details is None else details
            fields = {name: value for name, value in fields.items() if name != "incomplete_details"}
        self._fields.update(fields)

    def _in_turn(self, event: Event) -> Iterator[StreamEvent]:
        """An event of the choice that is being written."""
        if self._must_buffer(event):
            self._buffered.append(event)
            return
        yield from self._write(event)
        if self._buffered and self._call_is_complete():
            yield from self._release()

    def _must_buffer(self, event: Event) -> bool:
        if self._output.call is None:
            return False
        if isinstance(event, ToolArguments) and event.index == self._output.call:
            return False
        return bool(self._buffered) or not (isinstance(event, ItemEnded) or self._call_is_complete())

    def _call_is_complete(self) -> bool:
        return isinstance(self._output.open, FunctionCallItem) and self._output.open.is_complete

    def _release(self, *last: Event) -> Iterator[StreamEvent]:
        """The open item is complete: close it, and take the buffered events next."""
        yield from self._output.close("completed")
        self._next.extendleft(reversed([*self._buffered, *last]))
        self._buffered = []

    def _end_choice(self, finished: Finished) -> Iterator[StreamEvent]:
        if self._buffered:
            yield from self._release(finished)
            return
        reason = _INCOMPLETE.get(finished.reason)
        if reason and self._incomplete_details is None:
            self._incomplete_details = {"reason": reason}
        yield from self._output.close("incomplete" if reason else "completed")
        self._begin_choice(self._choice + 1)

    def _begin_choice(self, choice: int) -> None:
        self._choice = choice
        self._next.extendleft(reversed(self._later.pop(choice, [])))

    def _write(self, event: Event) -> Iterator[StreamEvent]:
        output = self._output
        match event:
            case Text(text, _, logprobs):
                message = yield from output.message()
                yield from message.text(text, logprobs)
                output.writing = message
            case Refusal(text):
                message = yield from output.message()
                yield from message.refusal(text)
                output.writing = None
            case Annotation(annotation):
                message = yield from output.message()
                yield from message.annotation(annotation)
            case Reasoning(text):
                reasoning = yield from output.reasoning()
                yield from reasoning.text(text)
            case Summary(text):
                reasoning = yield from output.reasoning()
                yield from reasoning.summary(text)
            case ReasoningState(state):
                yield from output.seal(state)
            case PartBegan(kind):
                yield from output.begin_part(kind)
            case ToolArguments(index, text):
                if isinstance(output.open, CallItem) and index == self._output.call:
                    yield from output.open.arguments(text)
            case _:
                yield from self._write_item(event)

    def _write_item(self, event: Event) -> Iterator[StreamEvent]:
        match event:
            case ToolCallBegan():
                yield from self._output.begin_call(event)
            case ItemBegan(item):
                yield from self._output.begin_item(item)
            case ItemProgress(progress):
                yield from self._output.progress(progress)
            case ItemEnded(item):
                yield from self._output.end(item)
            case other:
                raise TypeError(f"a Response cannot be made of {type(other).__name__}")

    def _finish(self, done: Done) -> Iterator[StreamEvent]:
        """Write the buffered choices, one at a time, and end."""
        if self._output.open is not None:
            self._next.extendleft((done, Finished("stop", self._choice)))
        elif self._later:
            self._next.appendleft(done)
            self._begin_choice(min(self._later))
        else:
            yield self._ended()

    def _ended(self) -> StreamEvent:
        if self._incomplete_details is not None:
            # An upstream's own may have more fields than the contract lists.
            self._fields["incomplete_details"] = self._incomplete_details
            return self._terminal("incomplete")
        self.response["completed_at"] = int(time.time())
        return self._terminal("completed")

    def _fail(self, error: GatewayError) -> Iterator[StreamEvent]:
        yield from self._output.close("incomplete")
        self.response["error"] = response_error(error)
        yield self._terminal("failed")

    def _terminal(self, status: Literal["completed", "incomplete", "failed"]) -> StreamEvent:
        self._is_over = True
        response = self.response
        response["status"] = status
        response["usage"] = response_usage(self._usage)
        move_output_last(self._fields)
        return {"type": f"response.{status}", "response": response}

    def _numbered(self, event: StreamEvent) -> StreamEvent:
        event["sequence_number"] = self._sequence_number
        self._sequence_number += 1
        return event


def _are_metadata(events: list[Event]) -> TypeGuard[list[AnswerMetadata]]:
    for event in events:  # noqa: SIM110 - `all` takes a call for each event
        if not isinstance(event, AnswerMetadata) or "incomplete_details" in event.fields:
            return False
    return True
