"""Builds a Response from neutral events, and tells it in the events of the Responses API's stream."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

from gateway.errors import GatewayError
from gateway.events import (
    Annotation,
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
    Told,
    ToolArguments,
    ToolCall,
    Usage,
)
from gateway.surfaces.responses.calls import CallItem, FunctionCallItem
from gateway.surfaces.responses.document import response_error, response_usage
from gateway.surfaces.responses.items import StreamEvent
from gateway.surfaces.responses.output import Output

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_HAS_CHOICE = (
    *(Text, Reasoning, Summary, ReasoningState, Refusal, Annotation, PartBegan),
    *(ToolCall, ToolArguments, Finished),
)


class Assembly:
    """One Response in the making.

    Items are told one after the other: clients keep a single current item, and upstreams interleave parallel
    calls and alternative choices. What belongs to a later item waits until the open one is complete.
    """

    def __init__(self, output: Output) -> None:
        self.response = output.response
        self._output = output
        self._number = 0
        self._is_over = False
        self._choice = 0
        # What is next, what waits for the open call to be complete, and what belongs to other choices.
        self._next: deque[Event] = deque()
        self._waiting: list[Event] = []
        self._later: dict[int, list[Event]] = defaultdict(list)
        self._incomplete: dict[str, Any] | None = None
        self._usage: Usage | None = None

    def begin(self) -> Iterator[StreamEvent]:
        """The two events that every stream begins with."""
        for kind in ("response.created", "response.in_progress"):
            yield self._numbered({"type": kind, "response": {**self.response, "output": []}})

    def take(self, events: Sequence[Event]) -> Iterator[StreamEvent]:
        """Take in a batch of neutral events. What comes after the end is passed over."""
        for event in events:
            self._next.append(event)
            while self._next and not self._is_over:
                for told in self._take(self._next.popleft()):
                    yield self._numbered(told)

    def take_text(self, event: Text) -> int | None:
        """Take a piece of text that the open part goes on with, and give the number of its event.

        None, and nothing taken, where it is not as simple as that.
        """
        message = self._output.writing
        if message is None or event.logprobs or event.choice != self._choice or self._is_over:
            return None
        message.add(event.text)
        self._number += 1
        return self._number - 1

    def take_message(self, events: Sequence[Event]) -> bool:
        """Take in a whole answer that is one text and nothing else, as most are. False, and nothing taken, for others.

        The result is the same without it, and takes three times as long.
        """
        match events:
            case [Text(text, 0, None), Finished("stop", 0), *told, Usage() as usage, Done()] if _are_told(told):
                for more in told:
                    self._tell(more.fields)
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
            case Told(fields):
                self._tell(fields)
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

    def _tell(self, fields: dict[str, Any]) -> None:
        details = fields.get("incomplete_details")
        if isinstance(details, dict):
            self._incomplete = details
        self.response.update({name: value for name, value in fields.items() if name != "incomplete_details"})

    def _in_turn(self, event: Event) -> Iterator[StreamEvent]:
        """A part of the choice that is being told."""
        if self._must_wait(event):
            self._waiting.append(event)
            return
        yield from self._write(event)
        if self._waiting and self._call_is_complete():
            yield from self._release()

    def _must_wait(self, event: Event) -> bool:
        if self._output.call is None:
            return False
        if isinstance(event, ToolArguments) and event.index == self._output.call:
            return False
        return bool(self._waiting) or not (isinstance(event, ItemEnded) or self._call_is_complete())

    def _call_is_complete(self) -> bool:
        return isinstance(self._output.open, FunctionCallItem) and self._output.open.is_complete

    def _release(self, *last: Event) -> Iterator[StreamEvent]:
        """The open item is complete: close it, and tell what waited for it next."""
        yield from self._output.close("completed")
        self._next.extendleft(reversed([*self._waiting, *last]))
        self._waiting = []

    def _end_choice(self, finished: Finished) -> Iterator[StreamEvent]:
        if self._waiting:
            yield from self._release(finished)
            return
        reason = _INCOMPLETE.get(finished.reason)
        if reason and self._incomplete is None:
            self._incomplete = {"reason": reason}
        yield from self._output.close("incomplete" if reason else "completed")
        self._turn_to_choice(self._choice + 1)

    def _turn_to_choice(self, choice: int) -> None:
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
            case ToolCall():
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
        """Tell what is left, a choice at a time, and end."""
        if self._output.open is not None:
            self._next.extendleft((done, Finished("stop", self._choice)))
        elif self._later:
            self._next.appendleft(done)
            self._turn_to_choice(min(self._later))
        else:
            yield self._ended()

    def _ended(self) -> StreamEvent:
        if self._incomplete is not None:
            self.response["incomplete_details"] = self._incomplete
            return self._terminal("incomplete")
        self.response["completed_at"] = int(time.time())
        return self._terminal("completed")

    def _fail(self, error: GatewayError) -> Iterator[StreamEvent]:
        yield from self._output.close("incomplete")
        self.response["error"] = response_error(error)
        yield self._terminal("failed")

    def _terminal(self, status: str) -> StreamEvent:
        self._is_over = True
        response = self.response
        response["status"] = status
        response["usage"] = response_usage(self._usage)
        # Last, so that what is kept can be taken apart without being read.
        response["output"] = response.pop("output")
        return {"type": f"response.{status}", "response": response}

    def _numbered(self, event: StreamEvent) -> StreamEvent:
        event["sequence_number"] = self._number
        self._number += 1
        return event


def _are_told(events: list[Event]) -> TypeGuard[list[Told]]:
    return all(isinstance(event, Told) and "incomplete_details" not in event.fields for event in events)
