"""Writes a conversation as Anthropic's messages: users and assistant in turn, the outputs of calls right after them."""

import re
from collections.abc import Iterator
from typing import Any

from gateway.dialects.anthropic.blocks import BlockWriter, mark_of, text_blocks
from gateway.dialects.conversation.call_ids import CallIds
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.turns import Answer, Call, Said, Spoken, Thought, Turns
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

Block = dict[str, Any]
Message = dict[str, Any]

STATES = ("blocks",)
"""What the dialect's own decoder tells of reasoning: thinking with its signature, and the tools that Anthropic ran."""

_THOUGHTS = ("thinking", "redacted_thinking")
# A conversation begins with the user, and some models only answer a user. The first is what Anthropic's users write
# who have nothing to say.
_NOTHING = {"type": "text", "text": "."}
_GO_ON = {"type": "text", "text": "Please continue."}
_NO_OUTPUT = {"type": "text", "text": "(no output)"}
# Ids of calls: letters, digits, dashes and underscores (shared facts on providers, section 4).
_ODD_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")


class Conversation:
    """The messages of one request, and the instructions in front of them."""

    def __init__(self, generation: Generation, turns: Turns, facts: Facts, report: Report) -> None:
        self.system: list[Block] = []
        self.messages: list[Message] = []
        self._items = generation.items
        self._turns = turns
        self._traits = facts.traits
        self._writer = BlockWriter(facts, report)
        self._ids = CallIds(_ODD_IN_IDS)
        self._held: Answer | None = None
        self._late: list[Block] = []
        """Instructions in mid-conversation that wait for what follows."""

    def write(self) -> "Conversation":
        """Read all turns. Raises `InvalidRequest` for what the upstream cannot be shown."""
        for turn in self._turns.read():
            if isinstance(turn, Answer):
                self._hold(turn)
            elif turn.role == "user":
                self._end_answer()
                self._fold()
                self._add("user", self._marked(turn, self._writer.write(turn.parts, turn.number)))
            else:
                self._instruct(turn)
        self._end_answer()
        self._place_late()
        self._mend_ends()
        return self

    def _instruct(self, said: Said) -> None:
        self._end_answer()
        blocks = self._marked(said, text_blocks(said.parts))
        if self.messages:
            self._late += blocks
        else:
            self.system += blocks

    def _marked(self, said: Said, blocks: list[Block]) -> list[Block]:
        """The blocks of a message; a mark of the message's own is one of its last block."""
        mark = mark_of(self._items[said.number]) if said.number >= 0 else {}
        if mark and blocks:
            blocks[-1] = {**blocks[-1], **mark}
        return blocks

    def _place_late(self) -> None:
        """Put late instructions where the model knows them, after the user; elsewhere into the user's own turn."""
        if self._late and "late_system" in self._traits and self.messages[-1]["role"] == "user":
            self.messages.append({"role": "system", "content": self._late})
            self._late = []
        self._fold()

    def _fold(self) -> None:
        if not self._late:
            return
        late, self._late = self._late, []
        self._add("user", [{**block, "text": f"<system>\n{block['text']}\n</system>"} for block in late])

    def _hold(self, answer: Answer) -> None:
        """Keep an answer until it is known what follows: what was called in one go is answered in one go."""
        if self._held is not None and _goes_on(self._held, answer):
            self._held = Answer([*self._held.blocks, *answer.blocks])
            return
        self._end_answer()
        self._place_late()
        self._held = answer

    def _end_answer(self) -> None:
        answer, self._held = self._held, None
        if answer is None:
            return
        blocks: list[Block] = []
        results: list[Block] = []
        for block in answer.blocks:
            match block:
                case Thought(state):
                    blocks += [inner for inner in state["blocks"] if isinstance(inner, dict)]
                case Spoken(parts):
                    blocks += text_blocks(parts)
                case Call():
                    call_id = self._ids.take(block.id)
                    blocks.append({"type": "tool_use", "id": call_id, "name": block.name, "input": block.given})
                    results.append(self._result(block, call_id))
        while blocks and blocks[-1]["type"] in _THOUGHTS:
            # Thinking that led to nothing cannot stand at the end.
            blocks.pop()
        self._add("assistant", blocks)
        self._add("user", results)

    def _result(self, call: Call, call_id: str) -> Block:
        output = call.output
        if output is None:
            # Every call needs its result, also one that was never carried out.
            return {"type": "tool_result", "tool_use_id": call_id, "content": [_NO_OUTPUT], "is_error": True}
        blocks = self._writer.write(output.parts, output.number, "output") or [_NO_OUTPUT]
        content = blocks[0]["text"] if len(blocks) == 1 and blocks[0].keys() == {"type", "text"} else blocks
        result = {"type": "tool_result", "tool_use_id": call_id, "content": content}
        if output.is_error:
            result["is_error"] = True
        return {**result, **mark_of(self._items[output.number])}

    def _add(self, role: str, blocks: list[Block]) -> None:
        """Add blocks, to the last message where that is of the same role."""
        if not blocks:
            return
        if self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"] += blocks
        else:
            self.messages.append({"role": role, "content": list(blocks)})

    def _mend_ends(self) -> None:
        """See to it that the user is the first, and that the assistant's last words can be gone on with."""
        if not self.messages or self.messages[0]["role"] != "user":
            self.messages.insert(0, {"role": "user", "content": [_NOTHING]})
        last = self.messages[-1]["content"][-1]
        if self.messages[-1]["role"] != "assistant" or last["type"] != "text":
            return
        if "no_prefill" in self._traits:
            self._add("user", [_GO_ON])
        else:
            self.messages[-1]["content"][-1] = {**last, "text": last["text"].rstrip()}


def _goes_on(before: Answer, after: Answer) -> bool:
    """Whether the calls of two answers were made in one go: none was answered before the last was made."""
    outputs = [call.output.number for call in before.calls if call.output is not None]
    return bool(outputs and after.calls) and min(outputs) > max(call.number for call in after.calls)


def calls_in(messages: list[Message]) -> Iterator[str]:
    """The names of the tools that the conversation calls, each once."""
    yield from dict.fromkeys(
        block["name"] for message in messages for block in message["content"] if block["type"] == "tool_use"
    )


def lacks_thinking(messages: list[Message]) -> bool:
    """Whether the last answer calls tools and has no thinking at its beginning, which `budget` thinking demands."""
    for message in reversed(messages):
        if message["role"] == "assistant":
            kinds = [block["type"] for block in message["content"]]
            return kinds[0] not in _THOUGHTS and "tool_use" in kinds
    return False
