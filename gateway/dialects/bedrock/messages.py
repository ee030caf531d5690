"""Writes the turns of a conversation as Converse's messages: strictly alternating, the user's first."""

import re
from collections.abc import Mapping, Sequence

from gateway.dialects.bedrock.content import ContentWriter
from gateway.dialects.bedrock.types import ContentBlock, Message, Role, ToolResult
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.dialects.report import Report
from gateway.dialects.turns.call_ids import CallIds
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.turns import (
    AssistantTurn,
    CallBlock,
    InputTurn,
    TextBlock,
    has_user,
    read_turns,
)
from gateway.neutral.json import Json, object_or_none, parse_object
from gateway.neutral.prompt import Prompt

REASONING = "reasoningContent"
"""The key of the state of reasoning: the block that it came in."""

_ODD_IN_IDS = re.compile(r"[^A-Za-z0-9_.:-]")
# The text where Bedrock requires one and there is none; several models refuse blanks.
_PLACEHOLDER = "."
_NO_OUTPUT = "The tool gave no output."
_FILES = frozenset({"document", "video"})


class MessageWriter:
    """Writes the messages of one request, turn by turn.

    System messages before all others are `system`; a later one is sent as the user's, in a `<system>` tag. The outputs
    of all calls of one answer are in one message of the user's, and before anything else in it.
    """

    def __init__(self, profile: BedrockProfile, report: Report) -> None:
        self.system: list[ContentBlock] = []
        self.messages: list[Message] = []
        self._kinds: set[str] | None = None
        """The kinds of blocks in the last message, once anything is to be added to it."""
        self.called: dict[str, None] = {}
        """The tools that the history calls, by their flat names."""
        self.lacks_reasoning = False
        """Whether the calls since the last message of the user's began without the reasoning that belongs to them."""
        self._is_in_loop = False
        self._profile = profile
        self._report = report
        self._ids = CallIds(_ODD_IN_IDS)
        self._content = ContentWriter(report, takes_cache_points=profile.caches_prompts)

    def write(self, prompt: Prompt, toolbox: Toolbox) -> None:
        """Write all messages. Raises `InvalidRequest` for an item that this upstream cannot be shown."""
        turns = read_turns(prompt, toolbox, self._profile, self._report, (REASONING,))
        for turn in turns:
            if isinstance(turn, AssistantTurn):
                self._write_answer(turn)
            elif turn.role == "user":
                self._is_in_loop = self.lacks_reasoning = False
                self._add("user", self._content.blocks(turn.parts))
            else:
                self._write_system(turn)
        if not self.messages and not self.system and not has_user(turns):
            raise self._report.empty()
        if not self.messages or self.messages[0]["role"] != "user":
            self.messages.insert(0, {"role": "user", "content": [{"text": _PLACEHOLDER}]})
        for message in self.messages if self._content.has_documents else ():
            _add_text_to_documents(message["content"])
        last = self.messages[-1]
        if last["role"] == "assistant" and "text" in last["content"][-1]:
            # Claude refuses an answer to continue that ends with blanks.
            last["content"][-1]["text"] = last["content"][-1]["text"].rstrip()

    def _write_system(self, turn: InputTurn) -> None:
        blocks = self._content.blocks(turn.parts)
        if not self.messages:
            self.system += blocks
            return
        # Only the newest models know system messages in between (shared facts on providers, section 4).
        for block in blocks:
            if "text" in block:
                block["text"] = f"<system>{block['text']}</system>"
        self._add("user", blocks)

    def _write_answer(self, turn: AssistantTurn) -> None:
        blocks: list[ContentBlock] = []
        outputs: list[ContentBlock] = []
        # Looks at types take a fraction of what a match takes.
        for block in turn.blocks:
            if isinstance(block, TextBlock):
                blocks += self._content.blocks(block.parts)
            elif isinstance(block, CallBlock):
                self.called[block.name] = None
                call_id = self._ids.take(block.item.call_id)
                blocks.append({"toolUse": {"toolUseId": call_id, "name": block.name, "input": block.arguments}})
                outputs += self._output(block, call_id)
            else:
                blocks += self._reasoning(block.state)
        if not blocks or ("reasoningContent" in blocks[-1] and all("reasoningContent" in block for block in blocks)):
            # An answer that broke off before its first word.
            return
        if outputs and not self._is_in_loop:
            self._is_in_loop = True
            self.lacks_reasoning = not any("reasoningContent" in block for block in blocks)
        self._add("assistant", blocks)
        if outputs:
            self._add("user", outputs)

    def _reasoning(self, state: Mapping[str, Json]) -> list[ContentBlock]:
        """The reasoning as it came; Claude takes none back that it has not signed."""
        block = object_or_none(state.get(REASONING))
        if block is None or not self._profile.takes_reasoning:
            return []
        text = object_or_none(block.get("reasoningText"))
        if text is not None and not text.get("signature") and not self._profile.takes_unsigned_reasoning:
            return []
        return [{"reasoningContent": block}]

    def _output(self, call: CallBlock, call_id: str) -> list[ContentBlock]:
        output = call.output
        blocks = [] if output is None else self._content.blocks(output.parts)
        points = [block for block in blocks if "cachePoint" in block]
        content = [block for block in blocks if "cachePoint" not in block] if points else blocks
        if [block for block in content if "audio" in block]:
            raise self._report.unsupported("sound in the output of a tool", call.item.position.path)
        if not self._profile.takes_text_outputs:
            content = [_as_json(block) for block in content]
        result: ToolResult = {"toolUseId": call_id, "content": content or [{"text": _NO_OUTPUT}]}
        if self._profile.takes_output_status:
            result["status"] = "error" if output is None or output.item.is_error else "success"
        return [{"toolResult": result}, *points]

    def _add(self, role: Role, blocks: list[ContentBlock]) -> None:
        """Add blocks to the last message, where that has the same role and takes them, or else as a new one."""
        if not blocks:
            return
        last = self.messages[-1] if self.messages else None
        if last is None or last["role"] != role:
            self.messages.append({"role": role, "content": blocks})
            self._kinds = None
            return
        before = _kinds(last["content"]) if self._kinds is None else self._kinds
        kinds = _kinds(blocks)
        if self._can_combine(before | kinds):
            last["content"] += blocks
            self._kinds = before | kinds
        else:
            self.messages.append({"role": "assistant", "content": [{"text": _PLACEHOLDER}]})
            self.messages.append({"role": role, "content": blocks})
            self._kinds = kinds

    def _can_combine(self, kinds: set[str]) -> bool:
        """Whether the model takes such blocks in one message: some restrict what may be beside an output."""
        if "toolResult" not in kinds or kinds == {"toolResult"}:
            return True
        if not self._profile.takes_parts_beside_outputs:
            return False
        return self._profile.takes_files_beside_outputs or not kinds & _FILES


def _kinds(blocks: Sequence[ContentBlock]) -> set[str]:
    return {kind for block in blocks for kind in block} - {"cachePoint"}


def _as_json(block: ContentBlock) -> ContentBlock:
    """A text as the object that it is, or within one."""
    if "text" not in block:
        return block
    found = parse_object(block["text"])
    return {"json": {"output": block["text"]} if found is None else found}


def _add_text_to_documents(content: list[ContentBlock]) -> None:
    """Bedrock refuses documents without a text beside them."""
    kinds = {kind for block in content for kind in block}
    if "document" in kinds and "text" not in kinds:
        content.insert(len(content) if "toolResult" in kinds else 0, {"text": _PLACEHOLDER})
