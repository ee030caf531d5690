"""Reads a streamed chat completion, chunk by chunk."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.calls import CallNumbers, mend_call, tool_calls
from gateway.dialects.openai_chat.errors import error_in_band
from gateway.dialects.openai_chat.parts import NotChat
from gateway.dialects.openai_chat.repair import broken_off, choices_of, mend_choice
from gateway.dialects.openai_chat.tokens import read_usage
from gateway.dialects.openai_chat.usual import UsualChunk
from gateway.errors import GatewayError, UpstreamDown
from gateway.events import Done, Event, Failed, Usage


class ChatDecoder(ABC):
    """What both readers share: where the answer ends, how it fails, and what it used."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.provider = origin.provider
        self.usage: Usage | None = None
        self.is_over = False
        self.saw_end_mark = False
        self.open: set[int] = set()
        self.finished: set[int] = set()
        self.with_calls: set[int] = set()
        self.numbers = CallNumbers()
        self.usual = UsualChunk()

    def feed(self, payload: bytes) -> Sequence[Event]:
        if self.is_over:
            return ()
        try:
            text = self.usual.text(payload)
            if text is not None:
                return self._usual(payload, text)
            chunk = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return self._feed_words(payload.strip())
        if not isinstance(chunk, dict):
            return self._fail(self._nonsense())
        if "choices" not in chunk or "error" in chunk or chunk.get("object") == "error":
            error = error_in_band(chunk, self.origin)
            if error is not None:
                self._note_usage(chunk)
                return self._fail(error)
        try:
            choices = choices_of(chunk)
            broken = broken_off(choices, self.provider)
            return self._fail(broken) if broken else self._read(payload, chunk, choices)
        except NotChat:
            return self._fail(self._nonsense())
        except UpstreamDown as error:
            return self._fail(error)

    def end(self) -> Sequence[Event]:
        if self.is_over:
            return ()
        if not self.open:
            return self._fail(self._cut_off())
        if not self.saw_end_mark and self.open - self.finished:
            return self._fail(self._cut_off())
        try:
            events = self._last()
        except NotChat:
            return self._fail(self._nonsense())
        except UpstreamDown as error:
            return self._fail(error)
        self.is_over = True
        if self.usage is not None:
            events.append(self.usage)
        events.append(Done())
        return events

    @abstractmethod
    def _read(self, payload: bytes, chunk: dict[str, Any], choices: list[dict[str, Any]]) -> list[Event]:
        """The events of one chunk."""

    @abstractmethod
    def _usual(self, payload: bytes, text: str) -> Sequence[Event]:
        """The events of a chunk that brings text and is otherwise like one before."""

    @abstractmethod
    def _last(self) -> list[Event]:
        """What is still owed when the stream has ended well."""

    def _mend(self, choice: dict[str, Any]) -> bool:
        """Mend a choice, and keep track of what is open and what has finished. True if anything was amiss."""
        changed = mend_choice(choice, "delta", with_calls=self.with_calls)
        index = choice["index"]
        self.open.add(index)
        if choice.get("finish_reason") is not None:
            self.finished.add(index)
        calls = tool_calls(choice["delta"])
        if calls:
            self.with_calls.add(index)
            for call in calls:
                changed |= mend_call(call)
                changed |= self.numbers.mend(call, index)
        return changed

    def _unfinished(self) -> list[int]:
        """The choices that the stream's end mark finished."""
        return sorted(self.open - self.finished)

    def _feed_words(self, payload: bytes) -> Sequence[Event]:
        if payload == b"[DONE]":
            self.saw_end_mark = True
            return self.end()
        return self._fail(self._nonsense()) if payload else ()

    def _note_usage(self, chunk: dict[str, Any]) -> None:
        raw = chunk.get("usage")
        if isinstance(raw, dict) and raw:
            self.usage = read_usage(raw)

    def _fail(self, error: GatewayError) -> list[Event]:
        self.is_over = True
        return [self.usage, Failed(error)] if self.usage else [Failed(error)]

    def _nonsense(self) -> UpstreamDown:
        return UpstreamDown(f"{self.provider} streamed something that is no chat chunk.", code="upstream_bad_reply")

    def _cut_off(self) -> UpstreamDown:
        return UpstreamDown(
            f"{self.provider} ended the stream before the answer was complete.", code="upstream_cut_off"
        )
