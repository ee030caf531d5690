"""Writes the turns of a conversation as Converse's messages: strictly in turn, the user first."""

from typing import Any

import orjson

from gateway.dialects.bedrock.blocks import Block, BlockWriter
from gateway.dialects.bedrock.naming import ODD_IN_IDS
from gateway.dialects.conversation.call_ids import CallIds
from gateway.dialects.conversation.content import ContentReader
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.toolbox import Toolbox
from gateway.dialects.conversation.turns import Answer, Call, Said, Spoken, State, Thought, Turns
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

Message = dict[str, Any]

REASONING = "reasoningContent"
"""The key of a reasoning's state: the block that it came in."""

# It stands where Bedrock wants somebody to speak and nobody did; several models refuse blanks.
_NOTHING = "."
_NO_OUTPUT = "The tool gave no output."
_FILES = frozenset({"document", "video"})


class Conversation:
    """Writes the messages, turn by turn.

    System messages before all others are `system`; a later one goes as the user's, and says what it is. The outputs of
    all calls of one answer stand in one message of the user's, and before anything else in it.
    """

    def __init__(self, generation: Generation, toolbox: Toolbox, facts: Facts, report: Report) -> None:
        self.system: list[Block] = []
        self.messages: list[Message] = []
        self._kinds: set[str] = set()
        """The kinds of blocks in the last message."""
        self.called: dict[str, None] = {}
        """The tools that the history calls, by their flat names."""
        self.is_thoughtless_loop = False
        """Whether the calls since the user spoke last began without the reasoning that belongs to them."""
        self._is_in_loop = False
        self._facts = facts
        self._report = report
        self._ids = CallIds(ODD_IN_IDS)
        self._blocks = BlockWriter(report, takes_cache_points="cache_points" in facts.traits)
        self._turns = Turns(generation, toolbox, ContentReader(facts, report), report, (REASONING,))

    def write(self) -> None:
        """Write all messages. Raises `InvalidRequest` for an item that this upstream cannot be shown."""
        for turn in self._turns.read():
            if isinstance(turn, Answer):
                self._answer(turn)
            elif turn.role == "user":
                self._is_in_loop = self.is_thoughtless_loop = False
                self._add("user", self._blocks.blocks(turn.parts, turn.number))
            else:
                self._instruct(turn)
        if not self.messages or self.messages[0]["role"] != "user":
            self.messages.insert(0, {"role": "user", "content": [{"text": _NOTHING}]})
        for message in self.messages if self._blocks.has_documents else ():
            _stand_by_documents(message["content"])
        if self.messages[-1]["role"] == "assistant":
            self._trim(self.messages[-1]["content"])

    def _instruct(self, said: Said) -> None:
        blocks = self._blocks.blocks(said.parts, said.number)
        if not self.messages:
            self.system += blocks
            return
        # Only the newest models know system messages in between (shared facts on providers, section 4).
        self._add(
            "user",
            [{"text": f"<system>{block['text']}</system>"} if "text" in block else block for block in blocks],
        )

    def _answer(self, answer: Answer) -> None:
        blocks: list[Block] = []
        outputs: list[Block] = []
        has_thoughts = False
        for block in answer.blocks:
            match block:
                case Thought():
                    reasoning = self._reasoning(block.state)
                    has_thoughts = has_thoughts or bool(reasoning)
                    blocks += reasoning
                case Spoken():
                    blocks += self._blocks.blocks(block.parts, -1)
                case Call():
                    call_id = self._ids.take(block.id)
                    blocks.append(self._call(block, call_id))
                    outputs += self._output(block, call_id)
        if all("reasoningContent" in block for block in blocks):
            # An answer that was broken off before its first word says nothing.
            return
        if outputs and not self._is_in_loop:
            self._is_in_loop, self.is_thoughtless_loop = True, not has_thoughts
        self._add("assistant", blocks)
        self._add("user", outputs)

    def _reasoning(self, state: State) -> list[Block]:
        """The reasoning as it came; Claude wants none back that it has not signed."""
        block = state.get(REASONING)
        if not isinstance(block, dict) or "unreturned_reasoning" in self._facts.traits:
            return []
        text = block.get("reasoningText")
        if isinstance(text, dict) and not text.get("signature") and "signed_reasoning" in self._facts.traits:
            return []
        return [{"reasoningContent": block}]

    def _call(self, call: Call, call_id: str) -> Block:
        self.called[call.name] = None
        return {"toolUse": {"toolUseId": call_id, "name": call.name, "input": call.given}}

    def _output(self, call: Call, call_id: str) -> list[Block]:
        output = call.output
        blocks = [] if output is None else self._blocks.blocks(output.parts, output.number, "output")
        content = [block for block in blocks if "cachePoint" not in block]
        for block in content:
            if "audio" in block:
                raise self._report.unsupported("sound in the output of a tool", self._report.item(call.number))
        if "json_outputs" in self._facts.traits:
            content = [_as_json(block) for block in content]
        result: Block = {"toolUseId": call_id, "content": content or [{"text": _NO_OUTPUT}]}
        if "output_status" in self._facts.traits:
            result["status"] = "error" if output is None or output.is_error else "success"
        return [{"toolResult": result}, *(block for block in blocks if "cachePoint" in block)]

    def _add(self, role: str, blocks: list[Block]) -> None:
        """Add what one side says: to its last message, where that is the last one and takes it."""
        if not blocks:
            return
        kinds = {kind for block in blocks for kind in block} - {"cachePoint"}
        last = self.messages[-1] if self.messages else None
        if last is None or last["role"] != role:
            self.messages.append({"role": role, "content": blocks})
            self._kinds = kinds
        elif self._stand_together(self._kinds | kinds):
            last["content"] += blocks
            self._kinds |= kinds
        else:
            between = {"role": "assistant", "content": [{"text": _NOTHING}]}
            self.messages += [between, {"role": role, "content": blocks}]
            self._kinds = kinds

    def _stand_together(self, kinds: set[str]) -> bool:
        """Whether the model takes such blocks in one message: some are particular about what stands by an output."""
        if "toolResult" not in kinds or kinds == {"toolResult"}:
            return True
        if "lone_outputs" in self._facts.traits:
            return False
        return "outputs_without_files" not in self._facts.traits or not kinds & _FILES

    def _trim(self, content: list[Block]) -> None:
        """Claude refuses an answer to go on with that ends with blanks."""
        if "text" in content[-1]:
            content[-1]["text"] = content[-1]["text"].rstrip()


def _as_json(block: Block) -> Block:
    """A text as the object that it is, or within one."""
    if "text" not in block:
        return block
    try:
        document = orjson.loads(block["text"])
    except orjson.JSONDecodeError:
        document = None
    return {"json": document if isinstance(document, dict) else {"output": block["text"]}}


def _stand_by_documents(content: list[Block]) -> None:
    """Documents are refused where no text stands by them."""
    kinds = {kind for block in content for kind in block}
    if "document" in kinds and "text" not in kinds:
        content.insert(len(content) if "toolResult" in kinds else 0, {"text": _NOTHING})
