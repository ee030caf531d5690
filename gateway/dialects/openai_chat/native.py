"""Passes a streamed chat completion on to a client that speaks the same dialect."""

from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.identifiers import identity, mend_labels
from gateway.dialects.openai_chat.parts import NotChat, name_reasoning
from gateway.dialects.openai_chat.repair import finish_reason
from gateway.dialects.openai_chat.stream import ChatDecoder
from gateway.dialects.openai_chat.tokens import told_usage
from gateway.events import Event, NativeChunk

_OBJECT = "chat.completion.chunk"


class NativeDecoder(ChatDecoder):
    """Passes chunks on as they came, mended where they need it.

    Usage leaves only when the client asked for it, and then once, in a last chunk without choices.
    """

    def __init__(self, origin: Origin, *, include_usage: bool) -> None:
        super().__init__(origin)
        self.include_usage = include_usage
        self.identity: dict[str, Any] = {}
        self._held: list[dict[str, Any]] = []
        self._usage_chunk: dict[str, Any] = {}

    def _read(self, payload: bytes, chunk: dict[str, Any], choices: list[dict[str, Any]]) -> list[Event]:
        changed = not choices
        for choice in choices:
            if self._mend(choice):
                changed = True
            if "reasoning" in choice["delta"] and name_reasoning(choice["delta"]):
                changed = True
            if "finish_reason" not in choice:
                choice["finish_reason"] = None
                changed = True
        if chunk.get("usage") is not None:
            self._note_usage(chunk)
            if not choices:
                self._usage_chunk = chunk
                return []
            self._remove_usage(chunk)
            changed = True
        if not self.identity:
            if not choices and not chunk.get("id"):
                # Azure begins with a chunk that has no id yet, and nothing to say (shared facts, section 20).
                self._held.append(chunk)
                return []
            self.identity = identity(chunk, self.origin.model)
            events = self._let_go()
        else:
            events = []
        changed |= self._identify(chunk) | mend_labels(chunk)
        if not changed:
            self.usual.learn(payload)
        events.append(NativeChunk(_written(chunk) if changed else payload))
        return events

    def _usual(self, payload: bytes, text: str) -> list[Event]:
        return [NativeChunk(payload)]

    def _last(self) -> list[Event]:
        events = self._let_go()
        for index in self._unfinished():
            reason = finish_reason(None, has_tool_calls=index in self.with_calls)
            choice = {"index": index, "delta": {}, "logprobs": None, "finish_reason": reason}
            events.append(self._own_chunk({"choices": [choice]}))
        if self.include_usage and self.usage is not None:
            events.append(self._own_chunk({**self._usage_chunk, "choices": [], "usage": told_usage(self.usage)}))
        return events

    def _remove_usage(self, chunk: dict[str, Any]) -> None:
        """Every chunk but the last has a usage of null where the client asked for usage, else none at all."""
        if self.include_usage:
            chunk["usage"] = None
        else:
            del chunk["usage"]

    def _let_go(self) -> list[Event]:
        """The chunks that waited for the answer's identity."""
        held, self._held = self._held, []
        return [self._own_chunk(chunk) for chunk in held]

    def _own_chunk(self, chunk: dict[str, Any]) -> NativeChunk:
        mend_labels(chunk)
        self._identify(chunk)
        return NativeChunk(_written(chunk))

    def _identify(self, chunk: dict[str, Any]) -> bool:
        """Give a chunk the id, time and model of the first. True if it had others."""
        changed = False
        for name, value in self.identity.items():
            given = chunk.get(name)
            if given != value or type(given) is not type(value):
                chunk[name] = value
                changed = True
        if chunk.get("object") != _OBJECT:
            chunk["object"] = _OBJECT
            changed = True
        return changed


def _written(chunk: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(chunk)
    except orjson.JSONEncodeError:
        # Read it can be, written it cannot: nested too deeply.
        raise NotChat from None
