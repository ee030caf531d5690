"""Tells the blocks of one message as neutral events, whole ones and those that come in pieces alike."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.dialects.anthropic.citations import annotation
from gateway.dialects.anthropic.forms import form_check, shape_of
from gateway.dialects.anthropic.hosted import HostedCalls, is_result, is_use
from gateway.dialects.base import Origin
from gateway.dialects.conversation.answers import NotAnAnswer, Voice
from gateway.dialects.conversation.settings import settings_of
from gateway.dialects.conversation.structured import FORM_TOOL
from gateway.events import Annotation, Event, FinishReason, PartBegan, Reasoning, ReasoningState, Refusal
from gateway.generation import Generation
from gateway.identifiers import new_id

Block = dict[str, Any]

# Shared facts on providers, section 0.2. A value that is not here is an ordinary end.
_FINISH: dict[str, FinishReason] = {
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
_THOUGHTS = ("thinking", "redacted_thinking")


@dataclass(slots=True)
class _Open:
    """A block that is being told."""

    block: Block
    number: int = 0
    """Of a call: which one it is."""
    start: int = 0
    """Of a text: where it begins in its part."""
    pieces: list[str] = field(default_factory=list)
    signature: str = ""
    citations: list[Any] = field(default_factory=list)


class Telling:
    """Tells one message, block by block.

    What only Anthropic can use, thinking with its signature and the tools that it ran itself, is collected until
    something else begins, and told as the state of the reasoning: it goes back in the place where it stood.
    """

    def __init__(self, generation: Generation, origin: Origin) -> None:
        shape = shape_of(settings_of(generation), generation.tool_choice, origin.facts)
        self._voice = Voice(generation, origin, 0, form_check(shape))
        self._held: list[str] | None = [] if shape.kind == "tool" else None
        """Words before the call that is the answer; they are the answer where there is no such call."""
        self._open: dict[Any, _Open] = {}
        self._states: list[Block] = []
        self._hosted = HostedCalls()
        self._calls = 0
        self._length = 0
        """How long the text part is that is being told."""
        self._part: PartBegan | None = None
        """The part that the next text begins: something stood between it and the text before."""

    def begin(self, index: Any, block: Any) -> list[Event]:
        """A block begins, with all that is known of it."""
        kind = block.get("type") if isinstance(block, dict) else None
        if not isinstance(kind, str) or not isinstance(index, int):
            raise NotAnAnswer
        events = self._settle(kind, block)
        opened = self._open[index] = _Open(block, start=self._length)
        match kind:
            case "text":
                opened.citations += _list(block.get("citations"))
                events += self.text(index, _text(block, "text"))
            case "thinking":
                opened.signature = _text(block, "signature")
                events += self.thinking(index, _text(block, "thinking"))
            case "tool_use":
                events += self._call(opened, block)
                if block.get("input"):
                    events += self.json(index, orjson.dumps(block["input"]).decode())
        return events

    def text(self, index: Any, piece: str) -> list[Event]:
        """A piece of a text."""
        if not piece:
            return []
        if self._held is not None:
            self._held.append(piece)
            return []
        self._length += len(piece)
        if self._part is None:
            return self._voice.text(piece)
        begun, self._part = self._part, None
        return [begun, *self._voice.text(piece)]

    def thinking(self, index: Any, piece: str) -> list[Event]:
        """A piece of the thinking."""
        if not piece:
            return []
        opened = self._of(index)
        is_another = not opened.pieces and bool(self._states) and bool(self._states[-1].get("thinking"))
        opened.pieces.append(piece)
        return [PartBegan("reasoning_text"), Reasoning(piece)] if is_another else [Reasoning(piece)]

    def sign(self, index: Any, signature: str) -> None:
        """The signature of the thinking, without which it cannot go back."""
        self._of(index).signature += signature

    def json(self, index: Any, piece: str) -> list[Event]:
        """A piece of what a tool is given."""
        opened = self._of(index)
        if piece:
            opened.pieces.append(piece)
        return self._voice.arguments(opened.number, piece) if opened.block["type"] == "tool_use" else []

    def cite(self, index: Any, citation: Any) -> None:
        """What a text cites; told when the text is whole."""
        self._of(index).citations.append(citation)

    def end(self, index: Any) -> list[Event]:
        """A block is complete."""
        opened = self._open.pop(index, None) if isinstance(index, int) else None
        if opened is None:
            return []
        block, text = opened.block, "".join(opened.pieces)
        kind = block["type"]
        if kind == "text":
            places = [annotation(citation, opened.start, self._length) for citation in opened.citations]
            return [Annotation(place) for place in places if place and self._held is None]
        if kind == "thinking" and opened.signature:
            self._states.append({"type": kind, "thinking": text, "signature": opened.signature})
        elif kind == "redacted_thinking" or is_result(kind):
            self._states.append(block)
        elif kind == "tool_use" and block["name"] == FORM_TOOL and not text:
            return self._voice.arguments(opened.number, "{}")
        elif is_use(kind):
            used = {**block, "input": _given(text)} if text else block
            self._states.append(used)
            return self._apart(self._hosted.begin(used))
        return []

    def finish(self, reason: Any, details: Any) -> list[Event]:
        """The message is complete. Raises `UpstreamDown` for an answer that has not the form it must have."""
        events = [event for index in list(self._open) for event in self.end(index)]
        events += self._apart([*self._hosted.end(), *self._state()])
        events += self._release()
        explanation = details.get("explanation") if isinstance(details, dict) else None
        if reason == "refusal" and isinstance(explanation, str) and explanation:
            events.append(Refusal(explanation))
        return events + self._voice.finish(_FINISH.get(str(reason), "stop"))

    def _of(self, index: Any) -> _Open:
        try:
            return self._open[index]
        except (KeyError, TypeError):
            raise NotAnAnswer from None

    def _call(self, opened: _Open, block: Block) -> list[Event]:
        name, call_id = block.get("name"), block.get("id")
        if not isinstance(name, str) or not name or not isinstance(call_id, str | None):
            raise NotAnAnswer
        opened.number, self._calls = self._calls, self._calls + 1
        said: list[Event] = []
        if name == FORM_TOOL:
            self._held = None
        elif self._held:
            said = self._release()
            self._held = []
        return self._apart([*said, *self._voice.call(opened.number, call_id or new_id("call"), name)])

    def _release(self) -> list[Event]:
        """The words that were held back."""
        held, self._held = self._held or (), None
        return [event for piece in held for event in self.text(None, piece)]

    def _settle(self, kind: str, block: Block) -> list[Event]:
        """What is over when a block of this kind begins."""
        events = self._hosted.end(block if is_result(kind) else None)
        was_thinking = bool(self._states) and self._states[-1]["type"] in _THOUGHTS
        goes_on = kind in _THOUGHTS or (not was_thinking and (is_use(kind) or is_result(kind)))
        if not goes_on:
            events += self._state()
        return self._apart(events)

    def _state(self) -> list[Event]:
        states, self._states = self._states, []
        return [ReasoningState({"blocks": states})] if states else []

    def _apart(self, events: list[Event]) -> list[Event]:
        """Events of other items: a text after them is in a part of its own."""
        if events and self._length:
            self._length, self._part = 0, PartBegan("output_text")
        return events


def _text(block: Block, name: str) -> str:
    value = block.get(name, "")
    if not isinstance(value, str | None):
        raise NotAnAnswer
    return value or ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _given(text: str) -> Any:
    """The input of a tool that came in pieces; empty where it was broken off."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
