"""Reads the items of a Generation as the turns of a conversation, in the order that every provider wants."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.dialects.conversation.content import ContentReader, Part
from gateway.dialects.conversation.hosted import is_harmless
from gateway.dialects.conversation.pairing import CALLS, OUTPUTS, Pairs
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.toolbox import Toolbox
from gateway.dialects.conversation.tools import INPUT
from gateway.dialects.depth import written
from gateway.generation import Generation, Recovered

Item = dict[str, Any]
State = dict[str, Any]

# They say how to answer, not what was said; others read them.
_SETTINGS = ("additional_tools", "configuration_update")


@dataclass(slots=True)
class Said:
    """A message that is not the assistant's. `parts` have chat's form; all are texts unless the role is `user`."""

    role: str
    parts: list[Part]
    number: int
    """The place of its item."""


@dataclass(slots=True)
class Thought:
    """Reasoning that goes back to its author: the `state` that the dialect's own decoder told."""

    state: State
    number: int


@dataclass(slots=True)
class Spoken:
    """Parts of an answer: texts and refusals."""

    parts: list[Part]


@dataclass(slots=True)
class Output:
    """What a tool gave back: parts in chat's form."""

    parts: list[Part]
    number: int
    is_error: bool = False


@dataclass(slots=True)
class Call:
    """A call, by the flat name of its tool. `text` is JSON arguments, or the free text of a custom tool as it is."""

    id: str
    name: str
    text: str
    number: int
    is_custom: bool = False
    output: Output | None = None

    @property
    def given(self) -> dict[str, Any]:
        """What the tool is given as an object, for upstreams that take nothing else; what is none stands in one."""
        if self.is_custom:
            return {INPUT: self.text}
        try:
            arguments = orjson.loads(self.text or "{}")
        except orjson.JSONDecodeError:
            arguments = self.text
        return arguments if isinstance(arguments, dict) else {INPUT: arguments}


Block = Thought | Spoken | Call


@dataclass(slots=True)
class Answer:
    """What the assistant thought, said and called in one go, in its order: one message at most.

    The outputs of the calls come right after it, wherever they stood.
    """

    blocks: list[Block] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        return [block for block in self.blocks if isinstance(block, Call)]

    @property
    def has_spoken(self) -> bool:
        return any(isinstance(block, Spoken) for block in self.blocks)


Turn = Said | Answer


class Turns:
    """Reads the turns of one request, its `instructions` as the first. `states` are those that the dialect can use."""

    def __init__(
        self, generation: Generation, toolbox: Toolbox, content: ContentReader, report: Report, states: Collection[str]
    ) -> None:
        self._instructions = generation.instructions
        self._items = generation.items
        self._toolbox = toolbox
        self._report = report
        self._content = content
        self._states = states
        self._pairs = Pairs(generation.items)
        self._answer: Answer | None = None
        self._thoughts: list[Thought] = []

    def read(self) -> Iterator[Turn]:
        """All turns. Raises `InvalidRequest` for an item that this upstream cannot be shown."""
        if self._instructions:
            yield Said("system", [{"type": "text", "text": self._instructions}], -1)
        for number, item in enumerate(self._items):
            kind = item.get("type")
            if kind == "message" or (kind is None and "role" in item):
                if self._answer is None and not self._thoughts and (said := _usual(item, number)) is not None:
                    yield said
                else:
                    yield from self._say(number, item)
            elif kind in CALLS:
                self._call(number, item)
            elif kind in OUTPUTS:
                yield from self._end()
                self._refuse_stray(number, item)
            elif kind == "reasoning":
                self._think(number, item)
            elif kind not in _SETTINGS:
                self._pass_over(number, item)
        yield from self._end()

    def _say(self, number: int, item: Item) -> Iterator[Turn]:
        role = item.get("role")
        if role not in ("user", "assistant", "system", "developer"):
            raise self._report.unsupported(f"messages of the role {role!r}", self._report.item(number, ".role"))
        content = item.get("content")
        if type(content) is str:
            parts: list[Part] = [{"type": "text", "text": content}]
        else:
            parts = self._content.parts(content, number)
            if role != "user":
                self._allow_text_only(parts, number, with_refusals=role == "assistant")
        if role != "assistant":
            yield from self._end()
            yield Said(role, parts, number)
            return
        if self._answer is not None and self._answer.has_spoken:
            yield from self._end(keep_thoughts=True)
        self._open().blocks.append(Spoken(parts))

    def _allow_text_only(self, parts: list[Part], number: int, *, with_refusals: bool) -> None:
        allowed = ("text", "refusal") if with_refusals else ("text",)
        for place, part in enumerate(parts):
            if part["type"] not in allowed:
                path = self._report.item(number, f".content[{place}].type")
                raise self._report.unsupported("anything but text in a message that is not the user's", path)

    def _call(self, number: int, item: Item) -> None:
        output = self._pairs.output_of.get(number)
        if item.get("status") == "incomplete" and output is None:
            # Broken off, and never carried out: there is nothing to go on with.
            return
        name, namespace = item.get("name"), item.get("namespace")
        if not isinstance(name, str) or not isinstance(item.get("call_id"), str):
            raise self._report.invalid("A call needs a name and a call_id", self._report.item(number))
        flat = self._toolbox.name_of(namespace if isinstance(namespace, str) else None, name)
        is_custom = item["type"] == "custom_tool_call"
        # A function without parameters is often called with an empty text, which is no JSON.
        text = _text(item.get("input")) if is_custom else _text(item.get("arguments")) or "{}"
        call = Call(item["call_id"], flat, text, number, is_custom)
        if output is not None:
            call.output = self._output(output)
        self._open().blocks.append(call)

    def _output(self, number: int) -> Output:
        item = self._items[number]
        return Output(self._content.parts(item.get("output"), number, "output"), number, item.get("is_error") is True)

    def _think(self, number: int, item: Item) -> None:
        state = item.state if isinstance(item, Recovered) else None
        known = {name: state[name] for name in self._states if name in state} if isinstance(state, dict) else {}
        if known:
            self._thoughts.append(Thought(known, number))
        else:
            self._report.leave_out_item(number)

    def _open(self) -> Answer:
        if self._answer is None:
            self._answer = Answer()
        self._answer.blocks += self._thoughts
        self._thoughts = []
        return self._answer

    def _end(self, *, keep_thoughts: bool = False) -> Iterator[Turn]:
        answer = self._answer
        if not keep_thoughts:
            for thought in self._thoughts:
                if answer is None:
                    self._report.leave_out_item(thought.number)
                else:
                    answer.blocks.append(thought)
            self._thoughts = []
        self._answer = None
        if answer is not None:
            yield answer

    def _refuse_stray(self, number: int, item: Item) -> None:
        if number in self._pairs.strays:
            why = f"No tool call found for the output with call_id {item.get('call_id')!r}"
            raise self._report.invalid(why, self._report.item(number, ".call_id"))

    def _pass_over(self, number: int, item: Item) -> None:
        if not is_harmless(item):
            kind = item.get("type")
            raise self._report.unsupported(f"items of type {kind!r}", self._report.item(number, ".type"))
        self._report.leave_out_item(number)


def _usual(item: Item, number: int) -> Said | None:
    """What a user says in one text, as most of them do; None for anything else."""
    content = item.get("content")
    if type(content) is not str or item.get("role") != "user":
        return None
    return Said("user", [{"type": "text", "text": content}], number)


def _text(value: Any) -> str:
    """A text; what is none as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else written(value).decode()
