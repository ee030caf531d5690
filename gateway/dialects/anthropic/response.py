"""Reads a message: its blocks, whole or in pieces, as neutral events, and what it reports of itself as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.dialects.anthropic.citations import annotation
from gateway.dialects.anthropic.errors import error_in_band
from gateway.dialects.anthropic.hosted_tools import ServerCalls, is_server_call, is_server_result
from gateway.dialects.anthropic.structured_output import plan_format
from gateway.dialects.anthropic.usage import read_usage
from gateway.dialects.base import Origin
from gateway.dialects.decoder import ChoiceBuilder, NotAnAnswer, decode_whole, later_counts, whole_arguments
from gateway.dialects.error_bodies import reports_error
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.structured_output import FORMAT_TOOL
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Event,
    Finished,
    FinishReason,
    PartBegan,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    Usage,
)
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_empty,
    list_or_none,
    object_or_empty,
    object_or_none,
    parse,
    text_or_empty,
    text_or_none,
)
from gateway.neutral.prompt import Prompt

# Shared facts on providers, section 0.2. A value that is not here is an ordinary end.
_FINISH: dict[str, FinishReason] = {
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
_ORDINARY = ("stop", "length")
_THINKING = ("thinking", "redacted_thinking")
# OpenAI's names for the tiers that an answer can come from.
_TIERS = {"standard": "default", "priority": "priority"}


def decode_reply(body: bytes, generation: Generation, origin: Origin) -> list[Event]:
    """The events of one reply, ending in `Done`, or in `Failed` if it is no message."""
    end = MessageEnd()

    def usage(document: JsonObject) -> Usage | None:
        end.note(document)
        return end.usage

    def read(document: JsonObject) -> list[Event]:
        given = document.get("content")
        is_text = isinstance(given, str) and document.get("type") == "message"
        content = list_or_none([{"type": "text", "text": given}] if is_text else given)
        if content is None or document.get("type") == "error":
            raise error_in_band(document, origin) if reports_error(document) else NotAnAnswer
        reason = _FINISH.get(text_or_empty(end.reason), "stop")
        # Most are one text: it is what the reader would make of it.
        if len(content) == 1 and reason in _ORDINARY and generation.prompt.output_format is None:
            text = _only_text(content[0])
            if text:
                return [Text(text), Finished(reason), *end.metadata]
        reader = MessageReader(generation.prompt, origin)
        events: list[Event] = []
        for index, block in enumerate(content):
            if block is not None:
                events += reader.begin(index, block)
                events += reader.end(index)
        return [*events, *reader.finish(end)]

    return decode_whole(body, origin, "message", usage, read)


class MessageEnd:
    """Collects what the beginning and the end of a message report of it; the end counts where both do."""

    def __init__(self) -> None:
        self.reason: Json = None
        self.details: Json = None
        self._model = ""
        self._raw: JsonObject = {}
        self._container: Json = None

    def note(self, message: JsonObject) -> None:
        """Take in a message, or what has changed of it."""
        self.reason = message.get("stop_reason") or self.reason
        self.details = message.get("stop_details") or self.details
        self._container = message.get("container") or self._container
        self._model = text_or_empty(message.get("model")) or self._model
        self._raw = later_counts(self._raw, object_or_empty(message.get("usage")))

    @property
    def usage(self) -> Usage | None:
        """The tokens so far; None where none were reported."""
        return read_usage(self._raw) if self._raw else None

    @property
    def refusal(self) -> str:
        """The explanation of a refusal, if there is one."""
        return text_or_empty(object_or_empty(self.details).get("explanation")) if self.reason == "refusal" else ""

    @property
    def metadata(self) -> list[Event]:
        """Model, tier and container, where they are known. The container's id is needed to go on in it."""
        fields: JsonObject = {"model": self._model} if self._model else {}
        tier = text_or_empty(self._raw.get("service_tier"))
        if tier in _TIERS:
            fields["service_tier"] = _TIERS[tier]
        if object_or_none(self._container) is not None:
            fields["container"] = self._container
        return [AnswerMetadata(fields)] if fields else []


@dataclass(slots=True)
class _OpenBlock:
    """A block that is not complete."""

    kind: str
    block: JsonObject
    start: int
    """Of a text: where it begins in its part."""
    call: int = 0
    """Of a call: which one it is."""
    pieces: list[str] = field(default_factory=list)
    whole: str = ""
    """The input that came with the beginning of a call; pieces that come later count in its place."""
    signature: str = ""
    citations: list[Json] = field(default_factory=list)


class MessageReader:
    """Reads one message, block by block.

    What only Anthropic can use, thinking with its signature and the tools that it ran itself, is collected until
    something else begins, and emitted as the state of the reasoning: it goes back in the place where it stood.
    """

    def __init__(self, prompt: Prompt, origin: Origin) -> None:
        plan = None if prompt.output_format is None else plan_format(prompt, AnthropicProfile.own(origin.profile))
        self._choice = ChoiceBuilder(prompt, origin, check=None if plan is None else plan.check())
        self._held: list[str] | None = [] if plan is not None and plan.method == "tool" else None
        """Texts before the call that is the answer; they are the answer where there is no such call."""
        self._open: dict[int, _OpenBlock] = {}
        self._states: list[JsonObject] = []
        self.unnamed: set[int] = set()
        """The blocks of which it is not known yet what they are."""
        self._server_calls: ServerCalls | None = None
        self._calls = 0
        self._length = 0
        """How long the open text part is."""
        self._part: PartBegan | None = None
        """The part that the next text begins: something stood between it and the text before."""

    def begin(self, index: Json, given: Json) -> list[Event]:
        """A block begins, with all that is known of it."""
        block, number = object_or_empty(given), index if type(index) is int else _number(index)
        if number is not None and given is None:
            self.unnamed.add(number)
            return []
        kind = text_or_none(block.get("type"))
        if kind is None or number is None:
            raise NotAnAnswer
        events = self._settle(kind, block)
        opened = self._open[number] = _OpenBlock(kind, block, self._length)
        match kind:
            case "text":
                opened.citations += list_or_empty(block.get("citations"))
                events += self.text(_piece(block, "text"))
            case "thinking":
                opened.signature = _piece(block, "signature")
                events += self.thinking(number, _piece(block, "thinking"))
            case "tool_use":
                events += self._call(opened, block)
                if block.get("input"):
                    opened.whole = whole_arguments(block["input"])
        return events

    def name(self, index: Json, kind: str) -> list[Event]:
        """What a block is, by a piece of it: where its beginning did not say so, it begins now."""
        number = index if type(index) is int else _number(index)
        if number is None or number not in self.unnamed:
            return []
        self.unnamed.remove(number)
        return self.begin(number, {"type": kind})

    def text(self, piece: str) -> list[Event]:
        """A piece of a text."""
        if not piece:
            return []
        if self._held is not None:
            self._held.append(piece)
            return []
        self._length += len(piece)
        if self._part is None:
            return self._choice.text(piece)
        begun, self._part = self._part, None
        return [begun, *self._choice.text(piece)]

    def texts(self, pieces: Sequence[str]) -> list[Event]:
        """Pieces of a text, one after the other."""
        if self._held is not None or self._part is not None:
            return [event for piece in pieces for event in self.text(piece)]
        self._length += sum(map(len, pieces))
        return self._choice.texts(pieces)

    def thinking(self, index: Json, piece: str) -> list[Event]:
        """A piece of the thinking."""
        if not piece:
            return []
        opened = self._block(index)
        is_another = not opened.pieces and bool(self._states) and bool(self._states[-1].get("thinking"))
        opened.pieces.append(piece)
        return [PartBegan("reasoning_text"), Reasoning(piece)] if is_another else [Reasoning(piece)]

    def sign(self, index: Json, signature: str) -> None:
        """The signature of the thinking, without which it cannot go back."""
        self._block(index).signature += signature

    def json(self, index: Json, piece: str) -> list[Event]:
        """A piece of a tool's input."""
        opened = self._block(index)
        if piece:
            opened.pieces.append(piece)
        return self._choice.arguments(opened.call, piece) if opened.kind == "tool_use" else []

    def cite(self, index: Json, citation: Json) -> None:
        """A citation of a text; emitted when the text is complete."""
        self._block(index).citations.append(citation)

    def end(self, index: Json) -> list[Event]:
        """A block is complete."""
        number = index if type(index) is int else _number(index)
        opened = None if number is None else self._open.pop(number, None)
        if opened is None:
            return []
        kind, text = opened.kind, "".join(opened.pieces)
        if opened.whole and not text:
            return self._choice.arguments(opened.call, opened.whole)
        if kind == "text":
            if not opened.citations:
                return []
            found = (annotation(citation, opened.start, self._length) for citation in opened.citations)
            return [Annotation(it) for it in found if it is not None and self._held is None]
        if kind == "thinking" and opened.signature:
            self._states.append({"type": kind, "thinking": text, "signature": opened.signature})
        elif kind == "tool_use" and not text and opened.block["name"] == FORMAT_TOOL:
            return self._choice.arguments(opened.call, "{}")
        elif kind not in ("thinking", "tool_use"):
            return self._end_other(opened, text)
        return []

    def finish(self, end: MessageEnd) -> list[Event]:
        """The message is complete. Raises `UpstreamDown` for an answer that has not the format it must have."""
        events = [event for number in list(self._open) for event in self.end(number)] if self._open else []
        if self._states or self._server_calls is not None:
            events += self._apart([*self._end_server_call(), *self._state()])
        if self._held:
            events += self._release()
        if refusal := end.refusal:
            events.append(Refusal(refusal))
        events += self._choice.finish(_FINISH.get(text_or_empty(end.reason), "stop"))
        return events + end.metadata

    def _block(self, index: Json) -> _OpenBlock:
        number = index if type(index) is int else _number(index)
        opened = None if number is None else self._open.get(number)
        if opened is None:
            raise NotAnAnswer
        return opened

    def _call(self, opened: _OpenBlock, block: JsonObject) -> list[Event]:
        name, call_id = text_or_empty(block.get("name")), _piece(block, "id")
        if not name:
            raise NotAnAnswer
        opened.call, self._calls = self._calls, self._calls + 1
        texts: list[Event] = []
        if name == FORMAT_TOOL:
            self._held = None
        elif self._held:
            texts = self._release()
            self._held = []
        return self._apart([*texts, *self._choice.call(opened.call, call_id or new_id("call"), name)])

    def _end_other(self, opened: _OpenBlock, text: str) -> list[Event]:
        """A block that only Anthropic can use, or one that is not known."""
        if opened.kind == "redacted_thinking" or is_server_result(opened.kind):
            self._states.append(opened.block)
        elif is_server_call(opened.kind):
            # The input that came in pieces is empty where it was broken off.
            call: JsonObject = {**opened.block, "input": parse(text) or {}} if text else opened.block
            self._states.append(call)
            self._server_calls = ServerCalls()
            return self._apart(self._server_calls.begin(call))
        return []

    def _end_server_call(self, result: JsonObject | None = None) -> list[Event]:
        return [] if self._server_calls is None else self._server_calls.end(result)

    def _release(self) -> list[Event]:
        """The texts that were held back."""
        held, self._held = self._held or (), None
        return [event for piece in held for event in self.text(piece)]

    def _settle(self, kind: str, block: JsonObject) -> list[Event]:
        """What is over when a block of this kind begins."""
        if self._server_calls is None and not self._states:
            return []
        is_result = is_server_result(kind)
        events = self._end_server_call(block if is_result else None)
        was_thinking = bool(self._states) and self._states[-1]["type"] in _THINKING
        continues = kind in _THINKING or (not was_thinking and (is_result or is_server_call(kind)))
        if not continues:
            events += self._state()
        return self._apart(events)

    def _state(self) -> list[Event]:
        states, self._states = self._states, []
        return [ReasoningState({"blocks": [*states]})] if states else []

    def _apart(self, events: list[Event]) -> list[Event]:
        """Events of other items: a text after them is in a part of its own."""
        if events and self._length:
            self._length, self._part = 0, PartBegan("output_text")
        return events


def _only_text(block: Json) -> str | None:
    """The text of a block that has nothing else; None for any other."""
    if type(block) is not dict or block.get("type") != "text" or block.get("citations"):
        return None
    return text_or_none(block.get("text"))


def _number(index: Json) -> int | None:
    """The index of a block that is no number, as some servers write it."""
    return int(index[:9]) if isinstance(index, str) and index.isascii() and index.isdigit() else None


def _piece(block: JsonObject, name: str) -> str:
    """A text that may be missing. Raises `NotAnAnswer` for anything else."""
    value = block.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotAnAnswer
    return value
