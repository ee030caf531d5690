"""Turns a streamed chat completion into neutral events."""

from dataclasses import dataclass, field
from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.conversation.callers import Translator, free_text, is_wrapped
from gateway.dialects.depth import is_too_deep
from gateway.dialects.openai_chat.calls import called, tool_calls
from gateway.dialects.openai_chat.parts import NotChat
from gateway.dialects.openai_chat.promises import promise_of
from gateway.dialects.openai_chat.repair import finish_reason
from gateway.dialects.openai_chat.reply import has_list, message_events
from gateway.dialects.openai_chat.stream import ChatDecoder
from gateway.dialects.openai_chat.thoughts import Thoughts
from gateway.events import Event, Finished, Text, Told, ToolArguments, ToolCall
from gateway.generation import Generation
from gateway.identifiers import new_id


@dataclass(slots=True)
class _Unnamed:
    """A call of which only pieces have come, and no name."""

    id: str = ""
    arguments: str = ""


@dataclass(slots=True)
class _Progress:
    """How far one choice has come."""

    thoughts: Thoughts
    in_text: bool = False
    """Whether a message is being written, which silent reasoning should not tear apart."""
    wrapped: dict[int, list[str]] = field(default_factory=dict)
    """Pieces of free text inside a function's arguments: it can be read when it is whole."""


class NeutralDecoder(ChatDecoder):
    """Turns chunks into neutral events. A tool call begins when its name is known."""

    def __init__(self, generation: Generation, origin: Origin) -> None:
        super().__init__(origin)
        self._translator = Translator(generation, origin)
        self._unnamed: dict[tuple[int, int], _Unnamed] = {}
        self._begun: set[tuple[int, int]] = set()
        self._progress: dict[int, _Progress] = {}
        self._thinking = 0
        """The choices whose reasoning is not over yet; nearly always none, and then texts go the short way."""
        self._tier: str | None = None
        self._promise = promise_of(generation, origin.facts, origin.provider)

    def _read(self, payload: bytes, chunk: dict[str, Any], choices: list[dict[str, Any]]) -> list[Event]:
        if is_too_deep(payload, chunk):
            raise NotChat
        events: list[Event] = []
        for choice in choices:
            finished = len(self.finished)
            was_list = has_list(choice.get("delta"))
            if not self._mend(choice):
                self.usual.learn(payload)
            index = choice["index"]
            events += self._delta(choice, was_list=was_list)
            if len(self.finished) > finished:
                events += self._finish(choice["finish_reason"], index)
        if chunk.get("usage") is not None:
            self._note_usage(chunk)
        tier = chunk.get("service_tier")
        if tier != self._tier and isinstance(tier, str):
            self._tier = tier
            events.append(Told({"service_tier": tier}))
        return self._held(events)

    def _held(self, events: list[Event]) -> list[Event]:
        return events if self._promise is None else self._promise.hold(events)

    def _delta(self, choice: dict[str, Any], *, was_list: bool) -> list[Event]:
        index, delta = choice["index"], choice["delta"]
        progress = self._of(index)
        events = progress.thoughts.take(delta, was_list=was_list)
        answer = message_events(delta, index, choice.get("logprobs"))
        for call in tool_calls(delta):
            answer += self._call(call, index)
        legacy = delta.get("function_call")
        if legacy and not self.numbers.has_any(index):
            self.with_calls.add(index)
            answer += self._call({"index": 0, "function": legacy}, index)
        if answer:
            events += self._after_thoughts(progress, answer)
        self._thinking = sum(map(_is_thinking, self._progress.values()))
        return events

    def _after_thoughts(self, progress: _Progress, answer: list[Event]) -> list[Event]:
        """The answer's events, and before them the end of the reasoning, where it is over.

        State that comes unseen in the middle of a text or of a call waits until they are complete.
        """
        begins = any(isinstance(event, ToolCall) for event in answer)
        goes_on = all(isinstance(event, ToolArguments) for event in answer)
        waits = goes_on or (progress.in_text and not progress.thoughts.is_shown and not begins)
        progress.in_text = not begins and (progress.in_text or not goes_on)
        return answer if waits else [*progress.thoughts.end(), *answer]

    def _usual(self, payload: bytes, text: str) -> list[Event]:
        if not text:
            return []
        choice, field = self.usual.index, self.usual.field
        if field == "tool_calls":
            return self._more_arguments(text, choice)
        if field != "content":
            events = self._of(choice).thoughts.take({field: text})
            self._thinking = self._thinking or 1
            return events
        event = Text(text, choice)
        if self._promise is not None:
            self._promise.hold((event,))
        return self._after_thoughts(self._of(choice), [event]) if self._thinking else [event]

    def _more_arguments(self, text: str, choice: int) -> list[Event]:
        call = self.usual.call
        if (choice, call) in self._begun:
            return self._piece((choice, call), text)
        return self._call({"index": call, "function": {"arguments": text}}, choice)

    def _last(self) -> list[Event]:
        if any(unnamed.arguments for unnamed in self._unnamed.values()):
            raise NotChat
        events = [event for index in self._unfinished() for event in self._finish(None, index)]
        # What came after a choice had finished.
        return self._held([*events, *(event for index in self._progress for event in self._complete(index))])

    def _finish(self, reason: str | None, choice: int) -> list[Event]:
        ended = Finished(finish_reason(reason, has_tool_calls=choice in self.with_calls), choice)
        return [*self._complete(choice), ended]

    def _complete(self, choice: int) -> list[Event]:
        """What waited until the choice was complete."""
        progress = self._of(choice)
        events: list[Event] = []
        for index, pieces in progress.wrapped.items():
            if text := free_text("".join(pieces)):
                events.append(ToolArguments(index, text, choice))
            pieces.clear()
        return [*events, *progress.thoughts.end()]

    def _of(self, choice: int) -> _Progress:
        if choice not in self._progress:
            self._progress[choice] = _Progress(Thoughts(choice))
        return self._progress[choice]

    def _call(self, call: dict[str, Any], choice: int) -> list[Event]:
        place, said = (choice, call["index"]), called(call)
        if place in self._begun:
            return self._piece(place, said.text)
        unnamed = self._unnamed.setdefault(place, _Unnamed())
        unnamed.id = unnamed.id or call.get("id") or new_id("call")
        unnamed.arguments += said.text
        if not said.name:
            return []
        del self._unnamed[place]
        self._begun.add(place)
        begun = self._translator.begin(said, place[1], unnamed.id, choice)
        if is_wrapped(begun, said):
            self._of(choice).wrapped[place[1]] = []
        return [begun, *self._piece(place, unnamed.arguments)]

    def _piece(self, place: tuple[int, int], text: str) -> list[Event]:
        choice, index = place
        pieces = self._of(choice).wrapped.get(index)
        if pieces is not None:
            pieces.append(text)
            return []
        return [ToolArguments(index, text, choice)] if text else []


def _is_thinking(progress: _Progress) -> bool:
    return bool(progress.thoughts)
