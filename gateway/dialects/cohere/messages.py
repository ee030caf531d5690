"""Writes the turns of a conversation as Cohere's messages."""

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.dialects.conversation.content import ContentReader, Part, is_text, split
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.toolbox import Toolbox
from gateway.dialects.conversation.tools import INPUT
from gateway.dialects.conversation.turns import Answer, Call, Output, Said, Spoken, Thought, Turns
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

Message = dict[str, Any]

THINKING = "thinking"
"""The state of reasoning that came as a part of the content, and goes back as one."""
PLAN = "tool_plan"
"""The state of what the model said it would do with its tools, before it called them."""
_STATES = (THINKING, PLAN)
_KNOWN = {"text": {"type", "text"}, "image_url": {"type", "image_url"}}
_BELOW = "The output is in the message that follows."


class Messages:
    """Writes the messages, turn by turn: an answer is one, followed by one for each output of its calls."""

    def __init__(self, generation: Generation, toolbox: Toolbox, facts: Facts, report: Report) -> None:
        self.messages: list[Message] = []
        self._facts = facts
        self._report = report
        self._turns = Turns(generation, toolbox, ContentReader(facts, report), report, _STATES)

    def write(self) -> list[Message]:
        """All messages. Raises `InvalidRequest` for an item that this upstream cannot be shown."""
        for turn in self._turns.read():
            if isinstance(turn, Said):
                self._say(turn)
            else:
                self._answer(turn)
        if not self.messages:
            raise self._report.nothing_said()
        return self.messages

    def _say(self, said: Said) -> None:
        if said.role == "user":
            content = _written(self._fitted(said.parts, said.number, "content"))
        else:
            texts = self._fitted(said.parts, said.number, "content")
            content = "\n".join(part["text"] for part in texts)
        role = "user" if said.role == "user" else "system"
        self.messages.append({"role": role, "content": content})

    def _fitted(self, parts: Sequence[Part], number: int, field: str) -> list[Part]:
        """The parts as Cohere knows them. Raises `InvalidRequest` for files and sound."""
        if all(map(is_text, parts)):
            return list(parts)
        for place, part in enumerate(parts):
            kind, path = part["type"], f".{field}[{place}]"
            if kind not in _KNOWN:
                raise self._report.unsupported(f"parts of type {kind!r}", self._report.item(number, f"{path}.type"))
            if kind == "image_url":
                self._look_at(part, number, path)
            for name in part.keys() - _KNOWN[kind]:
                self._report.leave_out(self._report.item(number, f"{path}.{name}"))
        return [{name: part[name] for name in part if name in _KNOWN[part["type"]]} for part in parts]

    def _look_at(self, part: Part, number: int, path: str) -> None:
        image = part["image_url"]
        address = image.get("url") if isinstance(image, dict) else None
        if not isinstance(address, str):
            raise self._report.invalid("An image needs its address", self._report.item(number, path))
        if not self._facts.takes_image_urls and not address.startswith("data:"):
            why = "images by their address, only as a data: URL"
            raise self._report.unsupported(why, self._report.item(number, path))

    def _answer(self, answer: Answer) -> None:
        message: Message = {"role": "assistant"}
        content: list[Part] = []
        for block in answer.blocks:
            match block:
                case Thought():
                    _remember(block, content, message)
                case Spoken():
                    content += self._spoken(block.parts)
                case Call():
                    message.setdefault("tool_calls", []).append(_call(block))
        if content:
            message["content"] = _written(content)
        if len(message) == 1 or message.keys() == {"role", PLAN}:
            return
        self.messages.append(message)
        self._tell([(call.id, call.output) for call in answer.calls if call.output is not None])

    def _spoken(self, parts: Sequence[Part]) -> list[Part]:
        """The texts and refusals of an answer. Empty ones say nothing, and a message of nothing else is refused."""
        if not all(map(is_text, parts)):
            for name in sorted({name for part in parts for name in part} - {"type", "text", "refusal"}):
                self._report.leave_out(name)
        texts = [part.get("text") or part.get("refusal") for part in parts]
        return [{"type": "text", "text": text} for text in texts if text]

    def _tell(self, outputs: Sequence[tuple[str, Output]]) -> None:
        """Write the outputs of an answer's calls, and then in one message of the user's what they cannot hold."""
        shown: list[Part] = []
        for call_id, output in outputs:
            if output.is_error:
                self._report.leave_out(self._report.item(output.number, ".is_error"))
            texts, images = split(self._fitted(output.parts, output.number, "output"), _is_text)
            content = _written(texts) if texts else _BELOW if images else ""
            self.messages.append({"role": "tool", "tool_call_id": call_id, "content": content})
            if images and len(outputs) > 1:
                shown.append({"type": "text", "text": f"Output of {call_id}:"})
            shown += images
        if shown:
            self.messages.append({"role": "user", "content": shown})


def _remember(thought: Thought, content: list[Part], message: Message) -> None:
    """Take a piece of reasoning back, to where it came from."""
    thinking, plan = thought.state.get(THINKING), thought.state.get(PLAN)
    if isinstance(thinking, str) and thinking:
        content.append({"type": "thinking", "thinking": thinking})
    if isinstance(plan, str) and plan:
        message[PLAN] = message.get(PLAN, "") + plan


def _call(call: Call) -> dict[str, Any]:
    arguments = orjson.dumps({INPUT: call.text}).decode() if call.is_custom else call.text
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _written(parts: Sequence[Part]) -> str | list[Part]:
    """A content as simple as it can be: one text alone is a text."""
    if len(parts) == 1 and _is_text(parts[0]):
        text: str = parts[0]["text"]
        return text
    return list(parts) if parts else ""


def _is_text(part: Part) -> bool:
    return bool(part["type"] == "text")
