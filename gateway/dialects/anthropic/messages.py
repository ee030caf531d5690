"""Writes a conversation as Anthropic's messages: user and assistant alternate, results come right after their calls."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeGuard, TypeVar

from gateway.dialects.anthropic.content import ContentWriter, text_blocks
from gateway.dialects.anthropic.hosted_tools import is_server_call
from gateway.dialects.anthropic.types import Block, InputBlock, Message, TextBlock, ToolResultBlock
from gateway.dialects.cache_control import anthropic_control
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.report import Report
from gateway.dialects.turns.call_ids import CallIds
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.turns import AssistantTurn, CallBlock, InputTurn, has_user, read_turns
from gateway.dialects.turns.turns import TextBlock as TextsOfTurn
from gateway.neutral.items import EarlierReasoning, ProviderItem
from gateway.neutral.json import objects_in
from gateway.neutral.parts import CacheControl
from gateway.neutral.prompt import Prompt
from gateway.neutral.values import lazy

B = TypeVar("B", TextBlock, InputBlock)

_STATE = "blocks"
"""The key of a reasoning's state: thinking with its signature, and the tools that Anthropic ran."""

_THINKING = ("thinking", "redacted_thinking")
# A conversation begins with the user, and some models only answer a user. The first is what Anthropic's users send
# for an empty message.
_NOTHING: TextBlock = {"type": "text", "text": "."}
_GO_ON: TextBlock = {"type": "text", "text": "Please continue."}
_NO_OUTPUT: TextBlock = {"type": "text", "text": "(no output)"}
# Ids of calls: letters, digits, dashes and underscores (shared facts on providers, section 4).
_ILLEGAL_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")
# Items of tools that Anthropic ran: they go back whole, in the state of the reasoning that follows them.
_REPLAYED = ("web_search_call", "code_interpreter_call", "tool_search_call", "mcp_call")


class MessageWriter:
    """The messages of one request, and the instructions in front of them.

    Raises `InvalidRequest` for what the upstream cannot take.
    """

    def __init__(self, prompt: Prompt, toolbox: Toolbox, profile: AnthropicProfile, report: Report) -> None:
        self.system: list[TextBlock] = []
        self.messages: list[Message] = []
        self.called_tools: dict[str, None] = {}
        """The names of the tools that the conversation calls, each once."""
        self._profile = profile
        self._writer = ContentWriter(profile, report)
        self._pending: AssistantTurn | None = None
        self._first_output: int | None = None
        """The index of the first output of its calls."""
        self._late: list[TextBlock] = []
        """Instructions in mid-conversation whose place depends on what follows."""
        turns = read_turns(_without_replayed(prompt), toolbox, profile, report, (_STATE,))
        for turn in turns:
            self._write(turn)
        self._end_calls()
        if not self.messages and not self.system and not has_user(turns):
            raise report.empty()
        if self._late:
            self._place_late()
        self._complete_ends()

    @lazy
    def _ids(self) -> CallIds:
        return CallIds(_ILLEGAL_IN_IDS)

    @property
    def allows_budget(self) -> bool:
        """Whether thinking with a budget can go with these messages.

        It demands a user's message at the end, and thinking at the beginning of an answer that calls tools.
        """
        if self.messages[-1]["role"] == "assistant":
            return False
        for message in reversed(self.messages):
            if message["role"] == "assistant":
                kinds = [block["type"] for block in message["content"]]
                return kinds[0] in _THINKING or "tool_use" not in kinds
        return True

    def _write(self, turn: InputTurn | AssistantTurn) -> None:
        if isinstance(turn, AssistantTurn):
            if turn.calls:
                self._defer(turn)
                return
            if self._pending is not None:
                self._end_calls()
            if self._late:
                self._place_late()
            self._write_answer(turn)
            return
        if self._pending is not None:
            self._end_calls()
        if turn.role == "user":
            if self._late:
                self._fold_late()
            blocks = self._writer.write(turn.parts)
            self._add("user", _cached(blocks, turn.cache) if turn.cache else blocks)
        else:
            texts = _cached(text_blocks(turn.parts), turn.cache)
            if self.messages:
                self._late += texts
            else:
                self.system += texts

    def _place_late(self) -> None:
        """Put late instructions after the user where the model knows them there; elsewhere into the user's own turn."""
        if self._profile.takes_late_system and self.messages[-1]["role"] == "user":
            self.messages.append({"role": "system", "content": [*self._late]})
            self._late = []
        else:
            self._fold_late()

    def _fold_late(self) -> None:
        late, self._late = self._late, []
        for block in late:
            block["text"] = f"<system>\n{block['text']}\n</system>"
        self._add("user", late)

    def _defer(self, turn: AssistantTurn) -> None:
        """Keep a turn until it is known what follows: calls that were made at once are answered in one message."""
        outputs = [call.output.item.position.index for call in turn.calls if call.output is not None]
        first = self._first_output
        if self._pending is not None:
            if first is not None and turn.calls[-1].item.position.index < first:
                self._pending.blocks += turn.blocks
                self._pending.calls += turn.calls
                self._first_output = min([first, *outputs])
                return
            self._end_calls()
        if self._late:
            self._place_late()
        self._pending, self._first_output = turn, min(outputs, default=None)

    def _end_calls(self) -> None:
        turn, self._pending = self._pending, None
        if turn is not None:
            self._write_answer(turn)

    def _write_answer(self, turn: AssistantTurn) -> None:
        blocks: list[Block] = []
        results: list[Block] = []
        # Looks at types take a fraction of what a match takes.
        for block in turn.blocks:
            if isinstance(block, TextsOfTurn):
                blocks += text_blocks(block.parts)
            elif isinstance(block, CallBlock):
                self.called_tools[block.name] = None
                call_id = self._ids.take(block.item.call_id)
                blocks.append({"type": "tool_use", "id": call_id, "name": block.name, "input": block.arguments})
                results.append(self._result(block, call_id))
            else:
                blocks += [thought for thought in objects_in(block.state[_STATE]) if "type" in thought]
        while blocks and blocks[-1]["type"] in _THINKING:
            # Thinking without anything after it cannot stand at the end.
            blocks.pop()
        self._add("assistant", blocks)
        if results:
            self._add("user", results)

    def _result(self, call: CallBlock, call_id: str) -> ToolResultBlock:
        output = call.output
        if output is None:
            # Every call needs its result, also one that was never carried out.
            return {"type": "tool_result", "tool_use_id": call_id, "content": [_NO_OUTPUT], "is_error": True}
        blocks = self._writer.write(output.parts) or [_NO_OUTPUT]
        text = _plain_text(blocks)
        content = blocks if text is None else text
        result: ToolResultBlock = {"type": "tool_result", "tool_use_id": call_id, "content": content}
        if output.item.is_error:
            result["is_error"] = True
        if output.item.cache and (cache := anthropic_control(output.item.cache)) is not None:
            result["cache_control"] = cache
        return result

    def _add(self, role: Literal["user", "assistant"], blocks: Sequence[Block]) -> None:
        """Add blocks, to the last message where that is of the same role."""
        if not blocks:
            return
        if self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"] += blocks
        else:
            self.messages.append({"role": role, "content": list(blocks)})

    def _complete_ends(self) -> None:
        """See to it that the user is the first, and that the model can go on from the assistant's last text."""
        if not self.messages or self.messages[0]["role"] != "user":
            self.messages.insert(0, {"role": "user", "content": [_NOTHING]})
        last = self.messages[-1]["content"][-1]
        if self.messages[-1]["role"] != "assistant" or not _is_text(last):
            return
        if self._profile.takes_prefill:
            last["text"] = last["text"].rstrip()
        else:
            self._add("user", [_GO_ON])


def _is_text(block: Block) -> TypeGuard[TextBlock]:
    return block["type"] == "text"


def _cached(blocks: list[B], given: Sequence[CacheControl]) -> list[B]:
    """The blocks of a message; cache control of the message itself is that of its last block."""
    if given and blocks and (cache := anthropic_control(given)) is not None:
        blocks[-1]["cache_control"] = cache
    return blocks


def _plain_text(blocks: Sequence[InputBlock]) -> str | None:
    """The text of a content that is one text and nothing else."""
    block = blocks[0]
    return block["text"] if len(blocks) == 1 and block["type"] == "text" and len(block) == 2 else None


def _without_replayed(prompt: Prompt) -> Prompt:
    """The prompt without items of tools whose calls and results are in the state of the reasoning after them."""
    items = prompt.items
    if EarlierReasoning not in set(map(type, items)):
        return prompt
    replayed = set[int]()
    hosted: list[int] = []
    """The places of the calls that stand in a row, but for reasoning, before the item."""
    for place, item in enumerate(items):
        if isinstance(item, ProviderItem) and item.kind in _REPLAYED:
            hosted.append(place)
        elif not isinstance(item, EarlierReasoning):
            hosted.clear()
        elif item.state and (count := _server_calls(item)):
            replayed.update(hosted[-count:])
    if not replayed:
        return prompt
    return replace(prompt, items=[item for place, item in enumerate(items) if place not in replayed])


def _server_calls(item: EarlierReasoning) -> int:
    """How many calls of tools that Anthropic ran are in the state."""
    return sum(is_server_call(block.get("type")) for block in objects_in((item.state or {}).get(_STATE)))
