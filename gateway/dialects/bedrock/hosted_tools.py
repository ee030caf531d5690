"""Builds the items of the tools that a model's provider runs for it."""

from gateway.neutral.events import Event, ItemBegan, ItemEnded
from gateway.neutral.json import Json, JsonObject, object_or_none, objects_in, parse_object, text_or_none
from gateway.neutral.prompt import Prompt

_INTERPRETER = "nova_code_interpreter"
_OUTPUTS = "code_interpreter_call.outputs"


class HostedCalls:
    """The hosted calls of one answer. An item is emitted whole: when its output has come, or else at the end."""

    def __init__(self, prompt: Prompt) -> None:
        # As at OpenAI, the output of a tool is emitted on request alone.
        self._with_outputs = _OUTPUTS in prompt.include
        self._names: dict[str, str] = {}
        self._arguments: dict[str, list[str]] = {}
        self._open: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the arguments that come are those of a hosted call."""
        return self._open is not None

    def begin(self, call_id: str, name: str) -> None:
        """A call begins."""
        self._names[call_id], self._arguments[call_id], self._open = name, [], call_id

    def add(self, piece: str) -> None:
        """Add a piece of the open call's arguments."""
        if self._open is not None:
            self._arguments[self._open].append(piece)

    def close(self) -> None:
        """The block of the open call is over; its output is in another one."""
        self._open = None

    def end(self, call_id: str, content: Json) -> list[Event]:
        """The output of a call has come: blocks of a tool result."""
        name = self._names.pop(call_id, None)
        if name is None:
            return []
        item = self._item(call_id, name, content)
        return [ItemBegan({**item, "status": "in_progress"}), ItemEnded({**item, "status": "completed"})]

    def finish(self) -> list[Event]:
        """The calls whose output never came."""
        return [event for call_id in list(self._names) for event in self.end(call_id, None)]

    def _item(self, call_id: str, name: str, content: Json) -> JsonObject:
        arguments = parse_object("".join(self._arguments.pop(call_id))) or {}
        if name == _INTERPRETER:
            return {
                "type": "code_interpreter_call",
                "id": call_id,
                "code": str(arguments.get("snippet", "")),
                "container_id": name,
                "outputs": [{"type": "logs", "logs": _logs(content)}] if self._with_outputs else None,
            }
        query = text_or_none(arguments.get("query"))
        action: JsonObject = {"type": "search", "query": query or ""}
        if query is not None:
            action["queries"] = [query]
        return {"type": "web_search_call", "id": call_id, "action": action}


def _logs(content: Json) -> str:
    """What the code printed, the errors of each block after its output."""
    outputs = [output for block in objects_in(content) if (output := object_or_none(block.get("json"))) is not None]
    return "".join(str(output.get(stream) or "") for output in outputs for stream in ("stdOut", "stdErr"))
