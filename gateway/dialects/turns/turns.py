"""Reads the items of a prompt as the turns of a conversation, in the order that every provider takes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
from gateway.neutral.parts import CacheControl, Part, RefusalPart, TextPart
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

    blocks: list[Block] = field(default_factory=list)

    @property
    def calls(self) -> list[CallBlock]:
        return [block for block in self.blocks if isinstance(block, CallBlock)]

    @property
    def has_text(self) -> bool:
        return any(isinstance(block, TextBlock) for block in self.blocks)


Turn = InputTurn | AssistantTurn


def read_turns(
    prompt: Prompt, toolbox: Toolbox, profile: ConversationProfile, report: Report, states: Collection[str]
) -> list[Turn]:
    """All turns, the instructions as the first. `states` are the keys of reasoning that the dialect can use.

    Raises `InvalidRequest` for an item that this upstream cannot be shown.
    """
    reader = _Reader(prompt, toolbox, profile, report, states)
    return list(reader.read())


class _Reader:
    def __init__(
        self, prompt: Prompt, toolbox: Toolbox, profile: ConversationProfile, report: Report, states: Collection[str]
    ) -> None:
        self._prompt = prompt
        self._toolbox = toolbox
        self._profile = profile
        self._report = report
        self._states = states
        self._answer: AssistantTurn | None = None
        self._reasoning: list[ReasoningBlock] = []
        """Reasoning of which it is not known yet what it belongs to."""

    @lazy
    def _pairs(self) -> Pairs:
        # A conversation without calls needs none.
        return Pairs(self._prompt.items)

    def read(self) -> Iterator[Turn]:
        if self._prompt.instructions:
            yield InputTurn("system", [TextPart(self._prompt.instructions, "instructions")])
        for item in self._prompt.items:
            match item:
                case Message(role="assistant"):
                    yield from self._assistant_message(item)
                case Message():
                    yield from self._end()
                    yield self._input_turn(item)
                case ToolCall():
                    self._call(item)
                case ToolOutput():
                    yield from self._end()
                    self._require_call(item)
                case EarlierReasoning():
                    self._reason(item)
                case ProviderItem():
                    self._drop(item)
        yield from self._end()

    def _input_turn(self, message: Message) -> InputTurn:
        parts = message.content
        if len(parts) == 1 and type(parts[0]) is TextPart:
            return InputTurn(message.role, parts, message.cache)
        parts = shown_parts(parts, self._profile, self._report)
        if message.role != "user":
            for part in parts:
                if not isinstance(part, TextPart):
                    raise self._only_text(part)
        return InputTurn(message.role, parts, message.cache)

    def _assistant_message(self, message: Message) -> Iterator[Turn]:
        parts: list[TextPart | RefusalPart] = []
        for part in shown_parts(message.content, self._profile, self._report):
            if not isinstance(part, TextPart | RefusalPart):
                raise self._only_text(part)
            parts.append(part)
        if self._answer is not None and self._answer.has_text:
            yield from self._end(keep_reasoning=True)
        self._open().blocks.append(TextBlock(parts))

    def _only_text(self, part: Part) -> Exception:
        what = "anything but text in a message that is not the user's"
        return self._report.unsupported(what, field_path(part.path, "type"))

    def _call(self, call: ToolCall) -> None:
        output = self._pairs.output_of.get(call.position.index)
        if call.is_incomplete and output is None:
            # Broken off, and never carried out: there is nothing to go on with.
            return
        name = self._toolbox.name_of(call.namespace, call.name)
        self._open().blocks.append(CallBlock(call, name, None if output is None else self._output(output)))

    def _output(self, output: ToolOutput) -> OutputBlock:
        return OutputBlock(output, shown_parts(output.content, self._profile, self._report))

    def _reason(self, item: EarlierReasoning) -> None:
        state = item.state or {}
        known = {name: state[name] for name in self._states if name in state}
        if known:
            self._reasoning.append(ReasoningBlock(known, item))
        else:
            self._report.drop_item(item.position)

    def _open(self) -> AssistantTurn:
        if self._answer is None:
            self._answer = AssistantTurn()
        self._answer.blocks += self._reasoning
        self._reasoning = []
        return self._answer

    def _end(self, *, keep_reasoning: bool = False) -> Iterator[Turn]:
        answer = self._answer
        if not keep_reasoning:
            for block in self._reasoning:
                if answer is None:
                    self._report.drop_item(block.item.position)
                else:
                    answer.blocks.append(block)
            self._reasoning = []
        self._answer = None
        if answer is not None:
            yield answer

    def _require_call(self, output: ToolOutput) -> None:
        if output.position.index in self._pairs.strays:
            why = f"No tool call found for the output with call_id {output.call_id!r}"
            raise self._report.invalid(why, output.call_id_path)

    def _drop(self, item: ProviderItem) -> None:
        if not is_dispensable(item):
            path = item.position.inside(".type")
            raise self._report.unsupported(f"items of type {item.kind!r}", path)
        self._report.drop_item(item.position)
