"""Passes a streamed chat completion on to a client that speaks the same dialect."""

from collections.abc import Sequence

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.decoder import bad_reply
from gateway.dialects.openai_chat.calls import CALLS, LEGACY, NO_ARGUMENTS, message_bytes, tool_calls
from gateway.dialects.openai_chat.repairs import copy_reasoning, identity, repair_labels, repair_reason
from gateway.dialects.openai_chat.stream import ChatDecoder
from gateway.dialects.openai_chat.usage import usage_document, usage_field
from gateway.neutral.events import Event, NativeChunk
from gateway.neutral.json import Json, JsonObject, object_or_empty
from gateway.wire.sse import BETWEEN

_OBJECT = "chat.completion.chunk"


class NativeDecoder(ChatDecoder):
    """Passes chunks on as they came, repaired where they need it.

    Usage leaves only when the client requested it, and then once, in a last chunk without choices.
    """

    def __init__(self, origin: Origin, *, include_usage: bool) -> None:
        super().__init__(origin, is_native=True)
        self.include_usage = include_usage
        self.identity: JsonObject = {}
        self._held: list[JsonObject] = []
        self._usage_chunk: JsonObject = {}
        self._is_mute = True
        """Whether nothing of the answer has come yet, so that another upstream can still give it."""

    def feed_all(self, payloads: Sequence[bytes]) -> list[Event]:
        events: list[Event] = []
        place = 0
        while place < len(payloads) and not self.is_over:
            end = self.template.run(payloads, place)
            size = self.template.texts_size(payloads[place:end]) if end - place > 1 else None
            if size is not None:
                # Nothing of them is to be repaired, so they leave as one.
                self._is_mute = False
                events.append(NativeChunk(BETWEEN.join(payloads[place:end]), text_bytes=size))
            else:
                end = max(end, place + 1)
                for payload in payloads[place:end]:
                    events += self.feed(payload)
            place = end
        return events

    def _read(self, document: JsonObject) -> list[Event]:
        choices = self._choices(document)
        changed = not choices
        for position, choice in enumerate(choices):
            changed |= self._repair_whole(choice, position)
        if document.get("usage") is not None:
            self._note_usage(document)
            if not choices:
                self._usage_chunk = document
                return []
            self._remove_usage(document)
            changed = True
        elif usage_field(document):
            self._note_usage(document)
        events: list[Event] = []
        if not self.identity:
            if not choices and not document.get("id"):
                # Azure begins with a chunk that has no id yet, and no choices (shared facts, section 20).
                self._held.append(document)
                return []
            self.identity = identity(document, self.origin.model)
            events += self._release()
        changed |= self._identify(document) | repair_labels(document)
        if not changed and choices and len(object_or_empty(choices[0]["delta"])) == 1:
            self.template.learn(self.payload)
            if self.template.field == "reasoning":
                # One with a text is to be copied.
                self.template.forget()
        self._is_mute = self._is_mute and _says_nothing(choices)
        if self._is_mute and not changed and len(choices) == 1 and self.thoughts is None:
            # So the first text, which clients wait for, needs no more than a look.
            self.template.expect(document)
        payload = self._written(document) if changed else _on_one_line(self.payload)
        size = 0
        if not self._is_mute:
            for choice in choices:
                size += message_bytes(choice["delta"]) if choice["delta"] else 0
        events.append(NativeChunk(payload, self._is_mute, size))
        return events

    def _repair_whole(self, choice: JsonObject, position: int) -> bool:
        """Repair a choice with all that a client reads in it. True if it was changed."""
        index, delta, changed = self._repair(choice, position)
        if "reasoning" in delta and copy_reasoning(delta):
            changed = True
        if choice.get("finish_reason") is not None and self._complete_calls(delta, index):
            changed = True
        if "finish_reason" not in choice:
            choice["finish_reason"] = None
            return True
        return changed

    def _complete_calls(self, delta: JsonObject, choice: int) -> bool:
        """Add the arguments of the calls that have none to the last delta of a choice. True if there were any."""
        silent: list[Json] = [
            {"index": index, "function": {"arguments": NO_ARGUMENTS}} for index in self.calls.take_silent(choice)
        ]
        if silent:
            delta[CALLS] = [*tool_calls(delta), *silent]
        if self.calls.take_silent_legacy(choice):
            delta[LEGACY] = {**object_or_empty(delta.get(LEGACY)), "arguments": NO_ARGUMENTS}
            return True
        return bool(silent)

    def _read_text(self, payload: bytes, text: str) -> list[Event]:
        self._is_mute = self._is_mute and not text
        size = len(text.encode())
        return [NativeChunk(_on_one_line(payload), self._is_mute, size)]

    def _owed(self) -> list[Event]:
        if self.calls.is_incomplete:
            raise bad_reply(self.origin, f"streamed something that is no {self.what}")
        events = self._release()
        for index in self._unfinished():
            ended: JsonObject = {"finish_reason": "stop"}
            repair_reason(ended, has_calls=index in self.with_calls, has_legacy=self.calls.has_legacy(index))
            delta = self._last_delta(index)
            self._complete_calls(delta, index)
            choice: JsonObject = {"index": index, "delta": delta, "logprobs": None, **ended}
            events.append(self._own_chunk({"choices": [choice]}))
        if self.include_usage and self.usage is not None:
            events.append(self._own_chunk({**self._usage_chunk, "choices": [], "usage": usage_document(self.usage)}))
        return events

    def _remove_usage(self, chunk: JsonObject) -> None:
        """Every chunk but the last has a usage of null where the client requested usage, else none at all."""
        if self.include_usage:
            chunk["usage"] = None
        else:
            del chunk["usage"]

    def _release(self) -> list[Event]:
        """The chunks that waited for the answer's identity."""
        held, self._held = self._held, []
        return [self._own_chunk(chunk) for chunk in held]

    def _own_chunk(self, chunk: JsonObject) -> NativeChunk:
        repair_labels(chunk)
        self._identify(chunk)
        return NativeChunk(self._written(chunk))

    def _identify(self, chunk: JsonObject) -> bool:
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

    def _written(self, chunk: JsonObject) -> bytes:
        try:
            return orjson.dumps(chunk)
        except orjson.JSONEncodeError:
            # It was read but cannot be written: it is nested too deeply.
            raise bad_reply(self.origin, f"streamed something that is no {self.what}") from None


def _says_nothing(choices: list[JsonObject]) -> bool:
    """Whether repaired choices bring no more than their roles."""
    for choice in choices:
        delta = choice["delta"]
        if choice.get("finish_reason") is not None or not isinstance(delta, dict):
            return False
        for name, value in delta.items():
            if value and name != "role":
                return False
    return True


def _on_one_line(payload: bytes) -> bytes:
    """The same JSON on one line, as an event of ours has it. JSON has no line breaks but between its tokens."""
    return payload.replace(b"\n", b" ") if b"\n" in payload else payload
