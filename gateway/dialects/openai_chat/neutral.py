"""Turns a streamed chat completion into neutral events."""

from dataclasses import dataclass
from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.calls import tool_calls
from gateway.dialects.openai_chat.identifiers import new_id
from gateway.dialects.openai_chat.parts import NotChat
from gateway.dialects.openai_chat.repair import finish_reason
from gateway.dialects.openai_chat.reply import message_events
from gateway.dialects.openai_chat.stream import ChatDecoder
from gateway.events import Event, Finished, Text, ToolArguments, ToolCall


@dataclass(slots=True)
class _Unnamed:
    """A call of which only pieces have come, and no name."""

    id: str = ""
    arguments: str = ""


class NeutralDecoder(ChatDecoder):
    """Turns chunks into neutral events. A tool call begins when its name is known."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._unnamed: dict[tuple[int, int], _Unnamed] = {}
        self._begun: set[tuple[int, int]] = set()

    def _read(self, payload: bytes, chunk: dict[str, Any], choices: list[dict[str, Any]]) -> list[Event]:
        events: list[Event] = []
        for choice in choices:
            finished = len(self.finished)
            if not self._mend(choice):
                self.usual.learn(payload)
            index, delta = choice["index"], choice["delta"]
            events += message_events(delta, index, choice.get("logprobs"))
            for call in tool_calls(delta):
                events += self._call(call, index)
            if len(self.finished) > finished:
                events.append(self._finish(choice["finish_reason"], index))
        if chunk.get("usage") is not None:
            self._note_usage(chunk)
        return events

    def _usual(self, payload: bytes, text: str) -> list[Event]:
        return [Text(text, self.usual.index)] if text else []

    def _last(self) -> list[Event]:
        if any(unnamed.arguments for unnamed in self._unnamed.values()):
            raise NotChat
        return [self._finish(None, index) for index in self._unfinished()]

    def _finish(self, reason: str | None, choice: int) -> Finished:
        return Finished(finish_reason(reason, has_tool_calls=choice in self.with_calls), choice)

    def _call(self, call: dict[str, Any], choice: int) -> list[Event]:
        place = (choice, call["index"])
        function = call.get("function") or {}
        arguments = function.get("arguments") or ""
        if place in self._begun:
            return [ToolArguments(place[1], arguments, choice)] if arguments else []
        unnamed = self._unnamed.setdefault(place, _Unnamed())
        unnamed.id = unnamed.id or call.get("id") or new_id("call_")
        unnamed.arguments += arguments
        if not function.get("name"):
            return []
        del self._unnamed[place]
        self._begun.add(place)
        events: list[Event] = [ToolCall(place[1], unnamed.id, function["name"], choice)]
        if unnamed.arguments:
            events.append(ToolArguments(place[1], unnamed.arguments, choice))
        return events
