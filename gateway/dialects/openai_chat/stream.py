"""Reads a streamed chat completion, chunk by chunk, as neutral events."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.decoder import END_MARK, NotAnAnswer, StreamDecoder, answered_by, bad_reply
from gateway.dialects.openai_chat.calls import NO_ARGUMENTS, BegunCalls, CallIndexes, CallKey
from gateway.dialects.openai_chat.errors import error_in_band
from gateway.dialects.openai_chat.fast_path import ChunkTemplate
from gateway.dialects.openai_chat.reasoning import ReasoningCollector
from gateway.dialects.openai_chat.repairs import (
    called_tool,
    finish_reason,
    read_choices,
    repair_call,
    repair_choice,
    says_anything,
    tool_calls,
)
from gateway.dialects.openai_chat.response import has_list, message_events
from gateway.dialects.openai_chat.structured_output import answer_check
from gateway.dialects.openai_chat.think_tags import Thoughts, reads_thoughts
from gateway.dialects.openai_chat.usage import later_usage, read_usage, usage_field
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.turns.client_calls import ClientCalls, free_text, is_wrapped
from gateway.errors import GatewayError
from gateway.neutral.events import AnswerMetadata, Event, Finished, Text, ToolArguments, ToolCallBegan
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import Json, JsonObject, is_too_deep, text_or_none
from gateway.neutral.prompt import Prompt


class ChatDecoder(StreamDecoder):
    """What both decoders share: the fast path, which choices are open, and when the answer is complete."""

    what = "chat chunk"

    def __init__(self, origin: Origin, *, is_native: bool) -> None:
        super().__init__(origin)
        self.payload = b""
        """The chunk that is being read, as it came."""
        self.saw_end_mark = False
        self.open: set[int] = set()
        self.finished: set[int] = set()
        self.with_calls: set[int] = set()
        self.call_indexes = CallIndexes()
        self.begun_calls = BegunCalls()
        self.template = ChunkTemplate()
        self._thoughts: dict[int, Thoughts] | None = {} if reads_thoughts(origin.profile, is_native=is_native) else None
        """What is looked through for reasoning in its text, by choice; None where nothing is."""

    def feed(self, payload: bytes) -> Sequence[Event]:
        if self.is_over:
            return ()
        if payload == END_MARK:
            return self._feed_words(payload)
        try:
            if (text := self.template.text(payload)) is not None:
                return self._read_text(payload, text)
            chunk: Json = orjson.loads(payload)
            if not isinstance(chunk, dict):
                raise NotAnAnswer
            if (text := self.template.text_in(chunk)) is not None:
                return self._read_text(payload, text)
            self.payload = payload
            return self._read(chunk)
        except (orjson.JSONDecodeError, NotAnAnswer):
            return self._feed_words(payload)
        except GatewayError as error:
            return self._fail(error)

    def feed_all(self, payloads: Sequence[bytes]) -> list[Event]:
        # Most need no parse: they differ from the first in their text alone.
        return [event for payload in payloads for event in self.feed(payload)]

    @abstractmethod
    def _read_text(self, payload: bytes, text: str) -> Sequence[Event]:
        """The events of a chunk that differs from the template in its text alone."""

    @abstractmethod
    def _owed(self) -> list[Event]:
        """What is still to be emitted when the stream has ended well."""

    def _last(self) -> list[Event] | None:
        if not self.open or (not self.saw_end_mark and self.open - self.finished):
            return None
        return self._owed()

    def _choices(self, chunk: JsonObject) -> list[JsonObject]:
        """The choices of a chunk. Raises `NotAnAnswer`, or the error that it reports."""
        if "choices" not in chunk or "error" in chunk or chunk.get("object") == "error":
            error = error_in_band(chunk, self.origin)
            if error is not None:
                self._note_usage(chunk)
                raise error
        return read_choices(chunk, self.origin.provider)

    def _repair(self, choice: JsonObject) -> tuple[int, JsonObject, bool]:
        """Repair a choice, and note whether it is open or finished: its index, its delta, whether it was changed."""
        index, delta, changed = repair_choice(choice, "delta", with_calls=self.with_calls)
        self.open.add(index)
        if self._thoughts is not None:
            changed |= self._take_thoughts(self._thoughts, choice, delta, index)
        if choice.get("finish_reason") is not None:
            self.finished.add(index)
        if delta.get("tool_calls") is not None:
            for call in tool_calls(delta):
                self.with_calls.add(index)
                changed |= repair_call(call)
                if self.call_indexes.repair(call, index):
                    changed = True
                    self.template.forget()
                changed |= self.begun_calls.repair(call, index)
        return index, delta, changed

    def _take_thoughts(self, thoughts: dict[int, Thoughts], choice: JsonObject, delta: JsonObject, index: int) -> bool:
        """Move a choice's reasoning out of its text. True where the chunk may not leave, or be known, as it came."""
        calls = delta.get("tool_calls") or says_anything(delta.get("function_call"))
        is_last = choice.get("finish_reason") is not None or bool(calls)
        found = thoughts.setdefault(index, Thoughts())
        moved = found.take(choice, delta, is_last=is_last)
        # The next text is to be looked at, too: by such a chunk none is known.
        return moved or (not found.is_over and isinstance(delta.get("content"), str))

    def _last_delta(self, index: int) -> JsonObject:
        """What is still held of a choice's text or reasoning when its stream has ended."""
        delta: JsonObject = {}
        if self._thoughts is not None and index in self._thoughts:
            self._thoughts[index].take({}, delta, is_last=True)
        return delta

    def _unfinished(self) -> list[int]:
        """The choices that the stream's end mark finished."""
        return sorted(self.open - self.finished)

    def _feed_words(self, payload: bytes) -> Sequence[Event]:
        self.saw_end_mark = payload.strip() == END_MARK
        return super()._feed_words(payload)

    def _note_usage(self, chunk: JsonObject) -> None:
        if usage_field(chunk):
            self.usage = later_usage(self.usage, read_usage(chunk))


@dataclass(slots=True)
class _Unnamed:
    """A call of which only pieces have come, and no name."""

    id: str = ""
    arguments: str = ""


@dataclass(slots=True)
class _Progress:
    """How far one choice has come."""

    reasoning: ReasoningCollector
    in_text: bool = False
    """Whether a message is being written, which reasoning that is not shown must not split."""
    wrapped: dict[int, list[str]] = field(default_factory=dict)
    """Pieces of free text inside a function's arguments: it can be read when it is whole."""


class NeutralDecoder(ChatDecoder):
    """Turns chunks into neutral events. A tool call begins when its name is known."""

    def __init__(self, prompt: Prompt, origin: Origin) -> None:
        super().__init__(origin, is_native=False)
        self._calls = ClientCalls(prompt, origin)
        self._unnamed: dict[CallKey, _Unnamed] = {}
        self._begun: set[CallKey] = set()
        self._progress: dict[int, _Progress] = {}
        self._is_reasoning = False
        """Whether a choice's reasoning is not over yet; nearly always it is, and then texts take the short way."""
        self._tier: str | None = None
        self._model: Json = None
        self._check = answer_check(prompt, ChatProfile.own(origin.profile), origin.provider)

    def _read(self, document: JsonObject) -> list[Event]:
        choices = self._choices(document)
        if is_too_deep(self.payload, document):
            raise NotAnAnswer
        events: list[Event] = []
        if not self._model and (model := document.get("model")):
            self._model = model
            events = answered_by(model)
        tier = document.get("service_tier")
        if document.get("usage") or tier != self._tier:
            # A chunk with what an earlier one said of them is not the same any more.
            self.template.forget()
        for choice in choices:
            events += self._choice(choice)
        self._note_usage(document)
        if tier != self._tier and isinstance(tier, str):
            self._tier = tier
            events.append(AnswerMetadata({"service_tier": tier}))
        return self._checked(events)

    def _checked(self, events: list[Event]) -> list[Event]:
        return events if self._check is None else self._check.take(events)

    def _choice(self, choice: JsonObject) -> list[Event]:
        finished, was_list = len(self.finished), has_list(choice.get("delta"))
        index, delta, changed = self._repair(choice)
        if not changed:
            self.template.learn(self.payload)
        progress = self._of(index)
        events = progress.reasoning.take(delta, was_list=was_list)
        answer = message_events(delta, index, choice.get("logprobs"))
        for call in tool_calls(delta):
            answer += self._call(call, index)
        legacy = delta.get("function_call")
        if says_anything(legacy) and not self.call_indexes.has_any(index):
            self.with_calls.add(index)
            only: JsonObject = {"index": 0, "function": legacy}
            self.begun_calls.repair(only, index)
            answer += self._call(only, index)
        if answer:
            events += self._after_reasoning(progress, answer)
        self._is_reasoning = any(progress.reasoning for progress in self._progress.values())
        if len(self.finished) > finished:
            events += self._finish_choice(text_or_none(choice["finish_reason"]), index)
        return events

    def _told(self, delta: JsonObject, choice: int) -> list[Event]:
        """The events of text and reasoning that were held until the end."""
        progress = self._of(choice)
        events, answer = progress.reasoning.take(delta), message_events(delta, choice, None)
        return [*events, *self._after_reasoning(progress, answer)] if answer else events

    def _after_reasoning(self, progress: _Progress, answer: list[Event]) -> list[Event]:
        """The answer's events, and before them the end of the reasoning, where it is over.

        State that is not shown and comes in the middle of a text or of a call waits until they are complete.
        """
        begins = any(isinstance(event, ToolCallBegan) for event in answer)
        continues = all(isinstance(event, ToolArguments) for event in answer)
        waits = continues or (progress.in_text and not progress.reasoning.is_shown and not begins)
        progress.in_text = not begins and (progress.in_text or not continues)
        return answer if waits else [*progress.reasoning.finish(), *answer]

    def _read_text(self, payload: bytes, text: str) -> list[Event]:
        if not text:
            return []
        choice, name = self.template.choice, self.template.field
        if name == "tool_calls":
            index = self.template.call
            if (choice, index) in self._begun:
                return self._piece((choice, index), text)
            return self._call({"index": index, "function": {"arguments": text}}, choice)
        if name != "content":
            self._is_reasoning = True
            return self._of(choice).reasoning.take({name: text})
        event = Text(text, choice)
        if self._check is not None:
            self._check.take((event,))
        return self._after_reasoning(self._of(choice), [event]) if self._is_reasoning else [event]

    def _owed(self) -> list[Event]:
        if any(unnamed.arguments for unnamed in self._unnamed.values()):
            raise bad_reply(self.origin, f"streamed something that is no {self.what}")
        events: list[Event] = []
        for index in self._unfinished():
            events += [*self._told(self._last_delta(index), index), *self._finish_choice(None, index)]
        # What came after a choice had finished.
        return self._checked([*events, *(event for index in self._progress for event in self._complete(index))])

    def _finish_choice(self, reason: str | None, choice: int) -> list[Event]:
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
        for index in self.begun_calls.take_silent(choice):
            if (choice, index) in self._begun and index not in progress.wrapped:
                events.append(ToolArguments(index, NO_ARGUMENTS, choice))
        return [*events, *progress.reasoning.finish()]

    def _of(self, choice: int) -> _Progress:
        if choice not in self._progress:
            self._progress[choice] = _Progress(ReasoningCollector(choice))
        return self._progress[choice]

    def _call(self, call: JsonObject, choice: int) -> list[Event]:
        """The events of a call, or of a piece of one."""
        index, called = call["index"], called_tool(call)
        if not isinstance(index, int):
            raise NotAnAnswer
        key = (choice, index)
        if key in self._begun:
            return self._piece(key, called.text)
        unnamed = self._unnamed.setdefault(key, _Unnamed())
        unnamed.id = unnamed.id or text_or_none(call.get("id")) or new_id("call")
        unnamed.arguments += called.text
        if not called.name:
            return []
        del self._unnamed[key]
        self._begun.add(key)
        begun = self._calls.begin(called.name, index, unnamed.id, choice, called.kind)
        if is_wrapped(begun, called.kind):
            self._of(choice).wrapped[index] = []
        return [begun, *self._piece(key, unnamed.arguments)]

    def _piece(self, key: CallKey, text: str) -> list[Event]:
        choice, index = key
        pieces = self._of(choice).wrapped.get(index)
        if pieces is not None:
            pieces.append(text)
            return []
        return [ToolArguments(index, text, choice)] if text else []
