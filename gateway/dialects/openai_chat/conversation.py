"""Writes the turns of a conversation as chat messages."""

from typing import Any

import orjson

from gateway.dialects.conversation.content import ContentReader, Part, is_text, split, written
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.toolbox import Toolbox
from gateway.dialects.conversation.tools import INPUT
from gateway.dialects.conversation.turns import Answer, Call, Output, Said, Spoken, State, Thought, Turns
from gateway.dialects.openai_chat.media import fit_part, has_limits
from gateway.dialects.openai_chat.outputs import with_texts_only
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

Message = dict[str, Any]

# By which names the reasoning of a chat model comes, and goes back.
_STATES = ("reasoning_content", "reasoning", "reasoning_details", "content")


class Conversation:
    """Writes the messages, turn by turn.

    What the assistant said and called in one go becomes one message. The outputs of its calls follow it at once, since
    chat wants them there; what of them is no text follows in one message of the user's.
    """

    def __init__(self, generation: Generation, toolbox: Toolbox, facts: Facts, report: Report) -> None:
        self.messages: list[Message] = []
        self._facts = facts
        self._report = report
        self._has_limits = has_limits(facts)
        self._turns = Turns(generation, toolbox, ContentReader(facts, report), report, _STATES)

    def write(self) -> list[Message]:
        """All messages. Raises `InvalidRequest` for an item that this upstream cannot be shown."""
        for turn in self._turns.read():
            if isinstance(turn, Said):
                joint = None if turn.role == "user" and self._facts.takes_parts else "\n"
                self.messages.append({"role": turn.role, "content": written(self._shown(turn), joint)})
            else:
                self._answer(turn)
        return with_texts_only(self.messages)

    def _shown(self, said: Said | Output) -> list[Part]:
        """Its parts in the forms that this upstream reads. Raises `InvalidRequest` for one that it cannot be shown."""
        if not self._has_limits:
            return said.parts
        field = "content" if isinstance(said, Said) else "output"
        return [
            fit_part(part, self._facts, self._report.provider, self._report.item(said.number, f".{field}[{place}]"))
            for place, part in enumerate(said.parts)
        ]

    def _answer(self, answer: Answer) -> None:
        message = self._message(answer)
        if message["content"] == "":
            # An answer that was broken off before its first word says nothing, and several servers refuse it.
            return
        self.messages.append(message)
        self.messages += [self._output(call.id, call.output) for call in answer.calls if call.output is not None]

    def _message(self, answer: Answer) -> Message:
        state: State = {}
        parts: list[Part] = []
        calls: list[dict[str, Any]] = []
        for block in answer.blocks:
            match block:
                case Thought():
                    _remember(state, block.state)
                case Spoken():
                    parts += block.parts
                case Call():
                    calls.append(self._call(block))
        refusals, said = split(parts, lambda part: part["type"] == "refusal")
        refusal = "".join(part["refusal"] for part in refusals)
        is_told = bool(refusal and self._facts.takes_refusals)
        if refusal and not is_told:
            said.append({"type": "text", "text": refusal})
        content: Any = written(said, joint="")
        if not content and (calls or is_told):
            content = None
        if thoughts := _thinking(state.pop("content", None)):
            content = [*thoughts, *(part for part in said if not is_text(part) or part["text"])]
        message: Message = {"role": "assistant", "content": content}
        if is_told:
            message["refusal"] = refusal
        return message | state | ({"tool_calls": calls} if calls else {})

    def _call(self, call: Call) -> dict[str, Any]:
        if not call.is_custom:
            return _function_call(call, call.text)
        if self._facts.takes_custom_tools:
            return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.text}}
        return _function_call(call, orjson.dumps({INPUT: call.text}).decode())

    def _output(self, call_id: str, output: Output) -> Message:
        """The output of a call, whole: what a tool's message cannot hold is put below it with all other messages."""
        shown = self._shown(output)
        has_more = any(part["type"] != "text" for part in shown)
        return {"role": "tool", "tool_call_id": call_id, "content": shown if has_more else written(shown, joint="\n")}


def _function_call(call: Call, arguments: str) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _thinking(content: Any) -> list[Part]:
    """The parts of a kept content that are thinking."""
    given = content if isinstance(content, list) else ()
    return [part for part in given if isinstance(part, dict) and part.get("type") == "thinking"]


def _remember(state: State, piece: State) -> None:
    """Take back a piece of reasoning, under the name by which it came."""
    for name, value in piece.items():
        known: Any = state.get(name)
        state[name] = known + value if type(known) is type(value) in (str, list) else value
