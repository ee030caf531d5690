"""Reads a streamed chat completion, chunk by chunk, as neutral events."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.decoder import END_MARK, NotAnAnswer, StreamDecoder, answered_by, bad_reply
from gateway.dialects.openai_chat.call_pieces import CallKey, CallPieces
from gateway.dialects.openai_chat.calls import CALLS, LEGACY, NO_ARGUMENTS, called_tool, tool_calls
from gateway.dialects.openai_chat.errors import error_in_band
from gateway.dialects.openai_chat.fast_path import ChunkTemplate
from gateway.dialects.openai_chat.reasoning import ReasoningCollector
from gateway.dialects.openai_chat.repairs import finish_reason, read_choices, repair_choice, repair_reason
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
        self.calls = CallPieces()
        self.template = ChunkTemplate()
        self.thoughts: dict[int, Thoughts] | None = {} if reads_thoughts(origin.profile, is_native=is_native) else None
        """What is looked through for reasoning in its text, by choice; None where nothing is."""

    @property
    def has_ended(self) -> bool:
        return bool(self.open) and self.open <= self.finished

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
                if not self.template.knows_bytes:
                    self.template.learn_bytes(payload, text)
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
        return read_choices(chunk, self.origin)

    def _repair(self, choice: JsonObject, position: int) -> tuple[int, JsonObject, bool]:
        """Repair a choice, and note whether it is open or finished: its index, its delta, whether it was changed."""
        index, delta, changed = repair_choice(choice, "delta", index=position)
        self.open.add(index)
        if delta.get(CALLS) or delta.get(LEGACY):
            repaired, moved = self.calls.repair(delta, index)
            changed |= repaired
            if delta.get(CALLS):
                self.with_calls.add(index)
            if moved:
                self.template.forget()
        if self.thoughts is not None:
            changed |= self._take_thoughts(self.thoughts, choice, delta, index)
        if choice.get("finish_reason") is not None:
            has_legacy = self.calls.has_legacy(index)
            changed |= repair_reason(choice, has_calls=index in self.with_calls, has_legacy=has_legacy)
            if choice["finish_reason"] is not None:
                self.finished.add(index)
        return index, delta, changed

    def _take_thoughts(self, thoughts: dict[int, Thoughts], choice: JsonObject, delta: JsonObject, index: int) -> bool:
        """Move a choice's reasoning out of its text. True where the chunk may not leave, or be known, as it came."""
        calls = bool(delta.get(CALLS) or delta.get(LEGACY))
        is_last = choice.get("finish_reason") is not None
        found = thoughts.setdefault(index, Thoughts())
        moved = found.take(choice, delta, is_last=is_last, is_before_call=calls)
        # The next text is to be looked at, too: by such a chunk none is known.
        return moved or (not found.is_over and isinstance(delta.get("content"), str))

    def _last_delta(self, index: int) -> JsonObject:
        """What is still held of a choice's text or reasoning when its stream has ended."""
        delta: JsonObject = {}
        if self.thoughts is not None and index in self.thoughts:
            self.thoughts[index].take({}, delta, is_last=True)
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
class _Progress:
    """How far one choice has come."""

    reasoning: ReasoningCollector
    in_text: bool = False
    """Whether a message is being written, which reasoning that is not shown must not split."""
    is_legacy: bool = False
    """Whether its one call is of the deprecated form, which some servers repeat in the other one."""
    wrapped: dict[int, list[str]] = field(default_factory=dict)
    """Pieces of free text inside a function's arguments: it can be read when it is whole."""


class NeutralDecoder(ChatDecoder):
    """Turns chunks into neutral events. A tool call begins when its name is known."""

    def __init__(self, prompt: Prompt, origin: Origin) -> None:
        super().__init__(origin, is_native=False)
        self._calls = ClientCalls(prompt, origin)
        self._begun: set[CallKey] = set()
        self._reasons: dict[int, str | None] = {}
        """Why the choices have ended. They do so with the stream: some servers say it before all is said."""
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
        for position, choice in enumerate(choices):
            events += self._choice(choice, position)
        self._note_usage(document)
        if tier != self._tier and isinstance(tier, str):
            self._tier = tier
            events.append(AnswerMetadata({"service_tier": tier}))
        return self._checked(events)

    def _checked(self, events: list[Event]) -> list[Event]:
        return events if self._check is None else self._check.take(events)

    def _choice(self, choice: JsonObject, position: int) -> list[Event]:
        was_list = has_list(choice.get("delta"))
        index, delta, changed = self._repair(choice, position)
        if not changed:
            self.template.learn(self.payload)
        progress = self._of(index)
        events = progress.reasoning.take(delta, was_list=was_list)
        answer = message_events(delta, index, choice.get("logprobs"))
        if not progress.is_legacy:
            for call in tool_calls(delta):
                answer += self._call(call, index)
        if delta.get(LEGACY) is not None and not self.calls.has_any(index):
            progress.is_legacy = True
            self.with_calls.add(index)
            answer += self._call({"index": 0, "function": delta[LEGACY]}, index)
        if answer:
            events += self._after_reasoning(progress, answer)
        self._is_reasoning = any(progress.reasoning for progress in self._progress.values())
        if index in self.finished and (reason := text_or_none(choice.get("finish_reason"))) is not None:
            self._reasons[index] = reason
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
        if self.calls.is_incomplete:
            raise bad_reply(self.origin, f"streamed something that is no {self.what}")
        events: list[Event] = []
        for index in sorted(self.open):
            events += [*self._told(self._last_delta(index), index), *self._finish_choice(index)]
        return self._checked(events)

    def _finish_choice(self, choice: int) -> list[Event]:
        reason = self._reasons.get(choice)
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
        silent = [0] if self.calls.take_silent_legacy(choice) else self.calls.take_silent(choice)
        for index in silent:
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
        self._begun.add(key)
        call_id = text_or_none(call.get("id")) or new_id("call")
        begun = self._calls.begin(called.name, index, call_id, choice, called.kind)
        if is_wrapped(begun, called.kind):
            self._of(choice).wrapped[index] = []
        return [begun, *self._piece(key, called.text)]

    def _piece(self, key: CallKey, text: str) -> list[Event]:
        choice, index = key
        pieces = self._of(choice).wrapped.get(index)
        if pieces is not None:
            pieces.append(text)
            return []
        return [ToolArguments(index, text, choice)] if text else []
