"""Reads a streamed chat completion, chunk by chunk."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.errors import error_in_band
from gateway.dialects.openai_chat.repair import (
    broken_off,
    finish_reason,
    identity,
    mend_choice,
    new_id,
    read_usage,
)
from gateway.dialects.openai_chat.reply import message_events
from gateway.errors import GatewayError, UpstreamDown
from gateway.events import Done, Event, Failed, Finished, NativeChunk, ToolArguments, ToolCall, Usage


class _ChatDecoder(ABC):
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

    def feed(self, payload: bytes) -> Sequence[Event]:
        if self.is_over:
            return ()
        if payload == b"[DONE]":
            self.saw_end_mark = True
            return self.end()
        try:
            chunk = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return self._fail(self._nonsense())
        if not isinstance(chunk, dict):
            return self._fail(self._nonsense())
        if "error" in chunk or chunk.get("object") == "error":
            error = error_in_band(chunk, self.provider)
            if error is not None:
                return self._fail(error)
        choices = chunk.get("choices")
        if choices is None:
            choices = chunk["choices"] = []
        try:
            return self._read(payload, chunk, choices)
        except (TypeError, AttributeError, KeyError, ValueError):
            # A chunk whose parts have other types than the dialect gives them.
            return self._fail(self._nonsense())

    def end(self) -> Sequence[Event]:
        if self.is_over:
            return ()
        if not self.saw_end_mark and (not self.finished or self.open - self.finished):
            message = f"{self.provider} ended the stream before the answer was complete."
            return self._fail(UpstreamDown(message, code="upstream_cut_off"))
        self.is_over = True
        events = self._last()
        if self.usage is not None:
            events.append(self.usage)
        events.append(Done())
        return events

    @abstractmethod
    def _read(self, payload: bytes, chunk: dict[str, Any], choices: list[dict[str, Any]]) -> list[Event]:
        """The events of one chunk."""

    @abstractmethod
    def _last(self) -> list[Event]:
        """What is still owed when the stream has ended well."""

    def _note(self, choice: dict[str, Any], index: int) -> UpstreamDown | GatewayError | None:
        """Keep track of what is open and what has finished."""
        self.open.add(index)
        reason = choice.get("finish_reason")
        if reason is None:
            return None
        self.finished.add(index)
        return broken_off(reason, self.provider)

    def _fail(self, error: GatewayError) -> list[Event]:
        self.is_over = True
        return [self.usage, Failed(error)] if self.usage else [Failed(error)]

    def _nonsense(self) -> UpstreamDown:
        return UpstreamDown(
            f"{self.provider} streamed something that is no chat chunk.", code="upstream_bad_reply"
        )


class NativeDecoder(_ChatDecoder):
    """Passes chunks on as they came, mended where they need it.

    Usage leaves only when the client asked for it, and then in a last chunk without choices.
    """

    def __init__(self, origin: Origin, *, include_usage: bool) -> None:
        super().__init__(origin)
        self.include_usage = include_usage
        self.gave_usage = False
        self.identity: dict[str, Any] = {}

    def _read(self, payload: bytes, chunk: dict[str, Any], choices: list[dict[str, Any]]) -> list[Event]:
        changed = self._identify(chunk)
        for choice in choices:
            error = self._note(choice, choice.get("index") or 0)
            if error is not None:
                return self._fail(error)
            changed |= self._mend(choice)
        raw = chunk.get("usage")
        if raw is not None:
            self.usage = read_usage(raw)
            if not choices:
                self.gave_usage = True
                if not self.include_usage:
                    return []
            elif self.include_usage:
                chunk["usage"], changed = None, True
            else:
                del chunk["usage"]
                changed = True
        return [NativeChunk(orjson.dumps(chunk) if changed else payload)]

    def _last(self) -> list[Event]:
        if not self.include_usage or self.gave_usage or self.usage is None:
            return []
        chunk = {**self.identity, "object": "chat.completion.chunk", "choices": [], "usage": self.usage.raw}
        return [NativeChunk(orjson.dumps(chunk))]

    def _identify(self, chunk: dict[str, Any]) -> bool:
        """Give every chunk the first one's id, time and model. True if this one had others."""
        known = self.identity
        if not known:
            known.update(identity(chunk, self.origin.model))
        changed = False
        for name, value in known.items():
            if chunk.get(name) != value:
                chunk[name] = value
                changed = True
        if chunk.get("object") != "chat.completion.chunk":
            chunk["object"] = "chat.completion.chunk"
            changed = True
        return changed

    def _mend(self, choice: dict[str, Any]) -> bool:
        index = choice.get("index") or 0
        changed = mend_choice(choice, "delta", has_tool_calls=index in self.with_calls)
        if choice["delta"].get("tool_calls"):
            self.with_calls.add(index)
        if "finish_reason" not in choice:
            choice["finish_reason"] = None
            changed = True
        return changed


class NeutralDecoder(_ChatDecoder):
    """Turns chunks into neutral events. Only the first chunk of a tool call names it; the rest follow by index."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self.calls: dict[tuple[int, int], dict[str, str]] = {}
        self.begun: set[tuple[int, int]] = set()

    def _read(self, payload: bytes, chunk: dict[str, Any], choices: list[dict[str, Any]]) -> list[Event]:
        events: list[Event] = []
        for choice in choices:
            index = choice.get("index") or 0
            error = self._note(choice, index)
            if error is not None:
                return events + self._fail(error)
            mend_choice(choice, "delta", has_tool_calls=index in self.with_calls)
            delta = choice["delta"]
            events += message_events(delta, index, choice.get("logprobs"))
            for call in delta.get("tool_calls") or ():
                events += self._call(call, index)
            if choice.get("finish_reason") is not None:
                has_calls = index in self.with_calls
                events.append(
                    Finished(finish_reason(choice["finish_reason"], has_tool_calls=has_calls), index)
                )
        if chunk.get("usage") is not None:
            self.usage = read_usage(chunk["usage"])
        return events

    def _last(self) -> list[Event]:
        return [Finished("stop", index) for index in sorted(self.open - self.finished)]

    def _call(self, call: dict[str, Any], choice: int) -> list[Event]:
        self.with_calls.add(choice)
        place = (choice, call["index"])
        function = call.get("function") or {}
        known = self.calls.setdefault(place, {"id": "", "name": "", "arguments": ""})
        known["id"] = known["id"] or call.get("id") or ""
        known["name"] = known["name"] or function.get("name") or ""
        arguments = function.get("arguments") or ""
        if place in self.begun:
            return [ToolArguments(place[1], arguments, choice)] if arguments else []
        known["arguments"] += arguments
        if not known["name"]:
            return []
        self.begun.add(place)
        events: list[Event] = [ToolCall(place[1], known["id"] or new_id("call_"), known["name"], choice)]
        if known["arguments"]:
            events.append(ToolArguments(place[1], known["arguments"], choice))
        return events
