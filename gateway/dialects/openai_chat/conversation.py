"""Turns a conversation of items into chat messages."""

from typing import Any

import orjson

from gateway.dialects.openai_chat.content import ContentReader, Part, split, written
from gateway.dialects.openai_chat.hosted import is_harmless
from gateway.dialects.openai_chat.pairing import CALLS, OUTPUTS, Pairs
from gateway.dialects.openai_chat.report import Report
from gateway.dialects.openai_chat.toolbox import Toolbox
from gateway.dialects.openai_chat.tools import INPUT
from gateway.dialects.openai_chat.turn import Message, State, Turn
from gateway.generation import Generation, Recovered
from gateway.providers.row import Facts

Item = dict[str, Any]

# By which names the reasoning of a chat model comes, and goes back.
_STATES = ("reasoning_content", "reasoning", "reasoning_details", "content")
# They say how to answer, not what was said; others read them.
_SETTINGS = ("additional_tools", "configuration_update")
_BELOW = "The output is in the message that follows."


class Conversation:
    """Writes the messages, item by item.

    What the assistant said and called in one go becomes one message. The outputs of its calls follow it at once,
    wherever they stood, since chat wants them there; what of them is no text follows in one message of the user's.
    """

    def __init__(self, generation: Generation, toolbox: Toolbox, facts: Facts, report: Report) -> None:
        self.messages: list[Message] = []
        self._items = generation.items
        self._toolbox = toolbox
        self._facts = facts
        self._report = report
        self._content = ContentReader(facts, report)
        self._pairs = Pairs(generation.items)
        self._turn: Turn | None = None
        self._states: list[tuple[int, State]] = []
        if generation.instructions:
            self.messages.append({"role": "system", "content": generation.instructions})

    def write(self) -> list[Message]:
        """All messages. Raises `InvalidRequest` for an item that this upstream cannot be shown."""
        for number, item in enumerate(self._items):
            kind = item.get("type")
            if kind == "message" or (kind is None and "role" in item):
                self._say(number, item)
            elif kind in CALLS:
                self._call(number, item)
            elif kind in OUTPUTS:
                self._end_turn()
                self._refuse_stray(number, item)
            elif kind == "reasoning":
                self._think(number, item)
            elif kind not in _SETTINGS:
                self._pass_over(number, item)
        self._end_turn()
        return self.messages

    def _say(self, number: int, item: Item) -> None:
        role = item.get("role")
        if role not in ("user", "assistant", "system", "developer"):
            raise self._report.unsupported(f"messages of the role {role!r}", self._report.item(number, ".role"))
        parts = self._content.parts(item.get("content"), number)
        if role != "user":
            self._allow_text_only(parts, number, with_refusals=role == "assistant")
        if role != "assistant":
            self._end_turn()
            joint = None if role == "user" and self._facts.takes_parts else "\n"
            self.messages.append({"role": role, "content": written(parts, joint)})
            return
        if self._turn is not None and self._turn.parts is not None:
            self._end_turn(keep_states=True)
        self._open_turn().parts = parts

    def _allow_text_only(self, parts: list[Part], number: int, *, with_refusals: bool) -> None:
        allowed = ("text", "refusal") if with_refusals else ("text",)
        for place, part in enumerate(parts):
            if part["type"] not in allowed:
                path = self._report.item(number, f".content[{place}].type")
                raise self._report.unsupported("anything but text in a message that is not the user's", path)

    def _call(self, number: int, item: Item) -> None:
        if item.get("status") == "incomplete" and number not in self._pairs.output_of:
            # Broken off, and never carried out: there is nothing to go on with.
            return
        name, namespace = item.get("name"), item.get("namespace")
        if not isinstance(name, str) or not isinstance(item.get("call_id"), str):
            raise self._report.invalid("A call needs a name and a call_id", self._report.item(number))
        chat_name = self._toolbox.name_of(namespace if isinstance(namespace, str) else None, name)
        self._open_turn().calls.append((number, self._written_call(item, chat_name)))

    def _written_call(self, item: Item, name: str) -> dict[str, Any]:
        if item["type"] == "custom_tool_call":
            text = _text(item.get("input"))
            if self._facts.takes_custom_tools:
                return {"id": item["call_id"], "type": "custom", "custom": {"name": name, "input": text}}
            arguments = orjson.dumps({INPUT: text}).decode()
        else:
            # A function without parameters is often called with an empty text, which is no JSON.
            arguments = _text(item.get("arguments")) or "{}"
        return {"id": item["call_id"], "type": "function", "function": {"name": name, "arguments": arguments}}

    def _think(self, number: int, item: Item) -> None:
        state = item.state if isinstance(item, Recovered) else None
        known = {name: state[name] for name in _STATES if name in state} if isinstance(state, dict) else {}
        if known:
            self._states.append((number, known))
        else:
            self._report.leave_out_item(number)

    def _open_turn(self) -> Turn:
        if self._turn is None:
            self._turn = Turn()
        for _, state in self._states:
            self._turn.remember(state)
        self._states.clear()
        return self._turn

    def _end_turn(self, *, keep_states: bool = False) -> None:
        turn = self._turn
        if not keep_states:
            for number, state in self._states:
                if turn is None:
                    self._report.leave_out_item(number)
                else:
                    turn.remember(state)
            self._states.clear()
        if turn is None:
            return
        self._turn = None
        message = turn.message(self._facts)
        if message["content"] == "":
            # An answer that was broken off before its first word says nothing, and several servers refuse it.
            return
        self.messages.append(message)
        shown: list[tuple[str, list[Part]]] = []
        for number, call in turn.calls:
            output = self._pairs.output_of.get(number)
            if output is not None:
                shown.append((call["id"], self._answer(call["id"], output)))
        self._show([(call_id, parts) for call_id, parts in shown if parts])

    def _answer(self, call_id: str, number: int) -> list[Part]:
        """Write the output of a call. Returns the parts that a tool's message cannot hold."""
        parts = self._content.parts(self._items[number].get("output"), number, "output")
        texts, others = split(parts, lambda part: part["type"] == "text")
        content = written(texts, joint="\n") or (_BELOW if others else "")
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": content})
        return others

    def _show(self, outputs: list[tuple[str, list[Part]]]) -> None:
        """Write one message with what the tools' messages could not hold."""
        parts: list[Part] = []
        for call_id, others in outputs:
            if len(outputs) > 1:
                parts.append({"type": "text", "text": f"Output of {call_id}:"})
            parts += others
        if parts:
            self.messages.append({"role": "user", "content": parts})

    def _refuse_stray(self, number: int, item: Item) -> None:
        if number in self._pairs.strays:
            why = f"No tool call found for the output with call_id {item.get('call_id')!r}"
            raise self._report.invalid(why, self._report.item(number, ".call_id"))

    def _pass_over(self, number: int, item: Item) -> None:
        if not is_harmless(item):
            kind = item.get("type")
            raise self._report.unsupported(f"items of type {kind!r}", self._report.item(number, ".type"))
        self._report.leave_out_item(number)


def _text(value: Any) -> str:
    """A text; what is none as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()
