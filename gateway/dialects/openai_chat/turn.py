"""One turn of the assistant: its text, its calls and its reasoning, in one chat message."""

from dataclasses import dataclass, field
from typing import Any

from gateway.dialects.openai_chat.content import Part, is_text, split, written
from gateway.providers.row import Facts

Message = dict[str, Any]
State = dict[str, Any]


@dataclass(slots=True)
class Turn:
    """An assistant's message in the making. `calls` are pairs of a call's place and its chat form."""

    parts: list[Part] | None = None
    calls: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    state: State = field(default_factory=dict)

    def remember(self, state: State) -> None:
        """Take back a piece of reasoning, under the name by which it came."""
        for name, value in state.items():
            known: Any = self.state.get(name)
            self.state[name] = known + value if type(known) is type(value) in (str, list) else value

    def message(self, facts: Facts) -> Message:
        """The message as chat has it."""
        refusals, said = split(self.parts or [], lambda part: part["type"] == "refusal")
        refusal = "".join(part["refusal"] for part in refusals)
        if refusal and not facts.takes_refusals:
            said.append({"type": "text", "text": refusal})
        content: Any = written(said, joint="")
        if not content and (self.calls or (refusal and facts.takes_refusals)):
            content = None
        thoughts = self.state.get("content")
        if isinstance(thoughts, list):
            content = [*thoughts, *(part for part in said if not is_text(part) or part["text"])]
        message: Message = {"role": "assistant", "content": content}
        if refusal and facts.takes_refusals:
            message["refusal"] = refusal
        message |= {name: value for name, value in self.state.items() if name != "content"}
        if self.calls:
            message["tool_calls"] = [call for _, call in self.calls]
        return message
