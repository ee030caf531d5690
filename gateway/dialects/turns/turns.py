"""Reads the items of a prompt as the turns of a conversation, in the order that every provider takes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import orjson

from gateway.dialects.profiles.base import ConversationProfile
from gateway.dialects.report import Report
from gateway.dialects.turns.content import shown_parts
from gateway.dialects.turns.pairing import Pairs
from gateway.dialects.turns.provider_items import is_dispensable
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.tools import INPUT
from gateway.neutral.items import EarlierReasoning, Message, ProviderItem, Role, ToolCall, ToolOutput
from gateway.neutral.json import Json, JsonObject
from gateway.neutral.parts import WORDS, CacheControl, Part, RefusalPart, TextPart
from gateway.neutral.paths import field_path
from gateway.neutral.prompt import Prompt
from gateway.neutral.values import lazy, value


@value
class InputTurn:
    """A message that is not the assistant's. All parts are texts unless the role is `user`."""

    role: Role
    parts: Sequence[Part]
    cache: Sequence[CacheControl] = ()
    """That of the message itself."""


@value
class ReasoningBlock:
    """Reasoning that goes back to its author: the part of its `state` that the dialect knows."""

    state: Mapping[str, Json]
    item: EarlierReasoning


@value
class TextBlock:
    """Texts and refusals of an answer."""

    parts: Sequence[TextPart | RefusalPart]


@value
class OutputBlock:
    """What a tool gave back, as the upstream may be shown it."""

    item: ToolOutput
    parts: Sequence[Part]


@value
class CallBlock:
    """A call, by the flat `name` of its tool."""

    item: ToolCall
    name: str
    output: OutputBlock | None = None

    @property
    def is_custom(self) -> bool:
        """Whether its tool takes free text."""
        return self.item.kind == "custom"

    @property
    def arguments(self) -> JsonObject:
        """The arguments as an object, for upstreams that take nothing else; what is none stands in one."""
        if self.is_custom:
            return {INPUT: self.item.arguments}
        try:
            arguments: Json = orjson.loads(self.item.arguments or "{}")
        except orjson.JSONDecodeError:
            arguments = self.item.arguments
        return arguments if isinstance(arguments, dict) else {INPUT: arguments}

    @property
    def arguments_text(self) -> str:
        """The arguments as JSON; free text of a custom tool stands in an object."""
        return orjson.dumps({INPUT: self.item.arguments}).decode() if self.is_custom else self.item.arguments


Block = ReasoningBlock | TextBlock | CallBlock


@dataclass(slots=True)
class AssistantTurn:
    """The reasoning, texts and calls of one answer, in its order: one message at most.

    The outputs of the calls come right after it, wherever they stood.
    """

    blocks: list[Block]
    calls: list[CallBlock]
    """Those among the blocks."""


Turn = InputTurn | AssistantTurn


def read_turns(
    prompt: Prompt, toolbox: Toolbox, profile: ConversationProfile, report: Report, states: Collection[str]
) -> list[Turn]:
    """All turns, the instructions as the first. `states` are the keys of reasoning that the dialect can use.

    Raises `InvalidRequest` for an item that this upstream cannot be shown.
    """
    reader = _Reader(prompt, toolbox, profile, report, states)
    reader.read()
    return reader.turns


def has_user(turns: Sequence[Turn]) -> bool:
    """Whether there is a message of the user's, which may be empty."""
    return any(isinstance(turn, InputTurn) and turn.role == "user" for turn in turns)


class _Reader:
    def __init__(
        self, prompt: Prompt, toolbox: Toolbox, profile: ConversationProfile, report: Report, states: Collection[str]
    ) -> None:
        self._prompt = prompt
        self._toolbox = toolbox
        self._profile = profile
        self._report = report
        self._states = states
        self.turns: list[Turn] = []
        self._answer: AssistantTurn | None = None
        self._has_text = False
        """Whether there is a text in it."""
        self._reasoning: list[ReasoningBlock] = []
        """Reasoning of which it is not known yet what it belongs to."""

    @lazy
    def _pairs(self) -> Pairs:
        # A conversation without calls needs none.
        return Pairs(self._prompt.items)

    def read(self) -> None:
        if self._prompt.instructions:
            self.turns.append(InputTurn("system", [TextPart(self._prompt.instructions, "instructions")]))
        # Looks at types take a fraction of what a match takes.
        for item in self._prompt.items:
            if isinstance(item, Message):
                self._message(item)
            elif isinstance(item, ToolCall):
                self._call(item)
            elif isinstance(item, ToolOutput):
                if self._answer is not None or self._reasoning:
                    self._end()
                self._require_call(item)
            elif isinstance(item, EarlierReasoning):
                self._reason(item)
            else:
                self._drop(item)
        self._end()

    def _message(self, message: Message) -> None:
        role, parts = message.role, message.content
        first = parts[0] if len(parts) == 1 else None
        # Most are one text.
        plain = first if type(first) is TextPart and not first.extra else None
        if role == "assistant":
            texts = self._texts(parts) if plain is None else (plain,)
            if self._has_text:
                self._end(keep_reasoning=True)
            self._open().blocks.append(TextBlock(texts))
            self._has_text = True
            return
        if plain is None:
            parts = shown_parts(parts, self._profile, self._report)
            for part in parts if role != "user" else ():
                if not isinstance(part, TextPart):
                    raise self._only_text(part)
        if self._answer is not None or self._reasoning:
            self._end()
        self.turns.append(InputTurn(role, parts, message.cache))

    def _texts(self, parts: Sequence[Part]) -> Sequence[TextPart | RefusalPart]:
        """The parts of an answer."""
        texts: list[TextPart | RefusalPart] = []
        for part in shown_parts(parts, self._profile, self._report):
            if not isinstance(part, WORDS):
                raise self._only_text(part)
            texts.append(part)
        return texts

    def _only_text(self, part: Part) -> Exception:
        what = "anything but text in a message that is not the user's"
        return self._report.unsupported(what, field_path(part.path, "type"))

    def _call(self, call: ToolCall) -> None:
        output = self._pairs.output_of.get(call.position.index)
        if call.is_incomplete and output is None:
            # Broken off, and never carried out: there is nothing to go on with.
            return
        name = self._toolbox.name_of(call.namespace, call.name)
        shown = None
        if output is not None:
            shown = OutputBlock(output, shown_parts(output.content, self._profile, self._report))
        block, answer = CallBlock(call, name, shown), self._open()
        answer.blocks.append(block)
        answer.calls.append(block)

    def _reason(self, item: EarlierReasoning) -> None:
        state = item.state or {}
        known = {name: state[name] for name in self._states if name in state}
        if known:
            self._reasoning.append(ReasoningBlock(known, item))
        else:
            self._report.drop_item(item.position)

    def _open(self) -> AssistantTurn:
        answer = self._answer
        if answer is None:
            answer = self._answer = AssistantTurn([], [])
        if self._reasoning:
            answer.blocks += self._reasoning
            self._reasoning = []
        return answer

    def _end(self, *, keep_reasoning: bool = False) -> None:
        answer = self._answer
        if self._reasoning and not keep_reasoning:
            for block in self._reasoning:
                if answer is None:
                    self._report.drop_item(block.item.position)
                else:
                    answer.blocks.append(block)
            self._reasoning = []
        if answer is not None:
            self.turns.append(answer)
            self._answer, self._has_text = None, False

    def _require_call(self, output: ToolOutput) -> None:
        if output.position.index in self._pairs.strays:
            why = f"No tool call found for the output with call_id {output.call_id!r}"
            raise self._report.invalid(why, output.call_id_path)

    def _drop(self, item: ProviderItem) -> None:
        if not is_dispensable(item):
            path = item.position.inside(".type")
            raise self._report.unsupported(f"items of type {item.kind!r}", path)
        self._report.drop_item(item.position)
