"""Builds a Response from neutral events, and tells it in the events of the Responses API's stream."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.errors import GatewayError
from gateway.events import (
    Annotation,
    Done,
    Event,
    Failed,
    Finished,
    Reasoning,
    Refusal,
    Text,
    ToolArguments,
    ToolCall,
    Usage,
)
from gateway.surfaces.responses.document import response_usage
from gateway.surfaces.responses.items import FunctionCallItem, Item, MessageItem, ReasoningItem, StreamEvent

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
Part = Text | Reasoning | Refusal | ToolCall | ToolArguments | Annotation


class Assembly:
    """One Response in the making.

    Items are told one after the other: clients keep a single current item, and upstreams interleave parallel
    calls and alternative choices. What belongs to a later item waits until the open one is complete.
    """

    def __init__(self, response: dict[str, Any]) -> None:
        self.response = response
        self._number = 0
        self._is_over = False
        self._open: Item | None = None
        self._open_call: int | None = None
        self._choice = 0
        # What is next, what waits for the open call to be complete, and what belongs to other choices.
        self._next: deque[Event] = deque()
        self._waiting: list[Event] = []
        self._later: dict[int, list[Event]] = defaultdict(list)
        self._reasons: list[str] = []
        self._usage: Usage | None = None

    def begin(self) -> Iterator[StreamEvent]:
        """The two events that every stream begins with."""
        for kind in ("response.created", "response.in_progress"):
            yield self._numbered({"type": kind, "response": _copy(self.response)})

    def take(self, events: Sequence[Event]) -> Iterator[StreamEvent]:
        """Take in a batch of neutral events. What comes after the end is passed over."""
        for event in events:
            self._next.append(event)
            while self._next and not self._is_over:
                for told in self._take(self._next.popleft()):
                    yield self._numbered(told)

    def _take(self, event: Event) -> Iterator[StreamEvent]:
        match event:
            case Usage():
                self._usage = event
            case Done():
                yield from self._finish(event)
            case Failed(error):
                yield from self._fail(error)
            case Text() | Reasoning() | Refusal() | ToolCall() | ToolArguments() | Annotation() | Finished():
                if event.choice != self._choice:
                    self._later[event.choice].append(event)
                elif isinstance(event, Finished):
                    yield from self._end_choice(event)
                else:
                    yield from self._in_turn(event)
            case other:
                raise TypeError(f"a Response cannot be made of {type(other).__name__}")

    def _in_turn(self, event: Part) -> Iterator[StreamEvent]:
        """A part of the choice that is being told."""
        if self._must_wait(event):
            self._waiting.append(event)
            return
        yield from self._write(event)
        if self._waiting and self._call_is_complete():
            yield from self._release()

    def _must_wait(self, event: Part) -> bool:
        if self._open_call is None:
            return False
        if isinstance(event, ToolArguments) and event.index == self._open_call:
            return False
        return bool(self._waiting) or not self._call_is_complete()

    def _call_is_complete(self) -> bool:
        return isinstance(self._open, FunctionCallItem) and self._open.is_complete

    def _release(self, *last: Event) -> Iterator[StreamEvent]:
        """The open item is complete: close it, and tell what waited for it next."""
        yield from self._close("completed")
        self._next.extendleft(reversed([*self._waiting, *last]))
        self._waiting = []

    def _end_choice(self, finished: Finished) -> Iterator[StreamEvent]:
        if self._waiting:
            yield from self._release(finished)
            return
        self._reasons.append(finished.reason)
        yield from self._close("incomplete" if finished.reason in _INCOMPLETE else "completed")
        self._turn_to_choice(self._choice + 1)

    def _turn_to_choice(self, choice: int) -> None:
        self._choice = choice
        self._next.extendleft(reversed(self._later.pop(choice, [])))

    def _write(self, event: Part) -> Iterator[StreamEvent]:
        yield from self._turn_to(event)
        match event, self._open:
            case Text(text, _, logprobs), MessageItem() as message:
                yield from message.text(text, logprobs)
            case Refusal(text), MessageItem() as message:
                yield from message.refusal(text)
            case Annotation(annotation), MessageItem() as message:
                yield from message.annotation(annotation)
            case Reasoning(text), ReasoningItem() as reasoning:
                yield from reasoning.text(text)
            case ToolArguments(_, text), FunctionCallItem() as call:
                yield from call.arguments(text)

    def _turn_to(self, event: Part) -> Iterator[StreamEvent]:
        """Open the item that an event belongs to, where it is not the one that is open."""
        index = len(self.response["output"]) + (self._open is not None)
        match event:
            case Text() | Refusal() | Annotation() if not isinstance(self._open, MessageItem):
                yield from self._begin_item(MessageItem(index))
            case Reasoning() if not isinstance(self._open, ReasoningItem):
                yield from self._begin_item(ReasoningItem(index))
            case ToolCall(number, call_id, name):
                yield from self._begin_item(FunctionCallItem(index, call_id, name))
                self._open_call = number

    def _begin_item(self, item: Item) -> Iterator[StreamEvent]:
        yield from self._close("completed")
        self._open = item
        index = len(self.response["output"])
        yield {"type": "response.output_item.added", "output_index": index, "item": _copy(item.item)}

    def _close(self, status: str) -> Iterator[StreamEvent]:
        if self._open is None:
            return
        yield from self._open.close(status)
        output = self.response["output"]
        yield {"type": "response.output_item.done", "output_index": len(output), "item": self._open.item}
        output.append(self._open.item)
        self._open = None
        self._open_call = None

    def _finish(self, done: Done) -> Iterator[StreamEvent]:
        """Tell what is left, a choice at a time, and end."""
        if self._open is not None:
            self._next.extendleft((done, Finished("stop", self._choice)))
        elif self._later:
            self._next.appendleft(done)
            self._turn_to_choice(min(self._later))
        else:
            yield self._ended()

    def _ended(self) -> StreamEvent:
        incomplete = [_INCOMPLETE[reason] for reason in self._reasons if reason in _INCOMPLETE]
        if incomplete:
            self.response["incomplete_details"] = {"reason": incomplete[0]}
        else:
            self.response["completed_at"] = int(time.time())
        return self._terminal("incomplete" if incomplete else "completed")

    def _fail(self, error: GatewayError) -> Iterator[StreamEvent]:
        yield from self._close("incomplete")
        # The code is from the API's own list; the gateway's finer one is in the message's words.
        code = "rate_limit_exceeded" if error.status == 429 else "server_error"
        self.response["error"] = {"code": code, "message": error.message}
        yield self._terminal("failed")

    def _terminal(self, status: str) -> StreamEvent:
        self._is_over = True
        self.response["status"] = status
        self.response["usage"] = response_usage(self._usage)
        return {"type": f"response.{status}", "response": self.response}

    def _numbered(self, event: StreamEvent) -> StreamEvent:
        event["sequence_number"] = self._number
        self._number += 1
        return event


def _copy(item: dict[str, Any]) -> dict[str, Any]:
    """The item as it is now: plain replies are built from the same events, all at once, after the fact."""
    return {name: list(value) if isinstance(value, list) else value for name, value in item.items()}
