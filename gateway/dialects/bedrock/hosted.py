"""Tells of the tools that a model's provider runs for it, as the Responses API's items."""

from typing import Any

import orjson

from gateway.events import Event, ItemBegan, ItemEnded
from gateway.generation import Generation

_INTERPRETER = "nova_code_interpreter"
_OUTPUTS = "code_interpreter_call.outputs"


class HostedCalls:
    """The hosted calls of one answer. An item is told whole: when its output has come, or else at the end."""

    def __init__(self, generation: Generation) -> None:
        include = generation.asked.get("include")
        # As at OpenAI, what a tool gave back is told to those who ask for it.
        self._with_outputs = isinstance(include, list) and _OUTPUTS in include
        self._names: dict[str, str] = {}
        self._given: dict[str, list[str]] = {}
        self._open: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the arguments that come are those of a hosted call."""
        return self._open is not None

    def begin(self, call_id: str, name: str) -> list[Event]:
        self._names[call_id], self._given[call_id], self._open = name, [], call_id
        return []

    def take(self, piece: str) -> list[Event]:
        if self._open is not None:
            self._given[self._open].append(piece)
        return []

    def close(self) -> list[Event]:
        """The block of the open call is over; its output is in another one."""
        self._open = None
        return []

    def end(self, call_id: str, content: Any) -> list[Event]:
        name = self._names.pop(call_id, None)
        return [] if name is None else self._told(call_id, name, content)

    def finish(self) -> list[Event]:
        """The calls whose output never came."""
        return [event for call_id in list(self._names) for event in self.end(call_id, None)]

    def _told(self, call_id: str, name: str, content: Any) -> list[Event]:
        arguments = _object("".join(self._given.pop(call_id)))
        if name == _INTERPRETER:
            item: dict[str, Any] = {
                "type": "code_interpreter_call",
                "id": call_id,
                "code": str(arguments.get("snippet", "")),
                "container_id": name,
                "outputs": [{"type": "logs", "logs": _logs(content)}] if self._with_outputs else None,
            }
        else:
            query = arguments.get("query")
            queries = {"query": query, "queries": [query]} if isinstance(query, str) else {"query": ""}
            item = {"type": "web_search_call", "id": call_id, "action": {"type": "search", **queries}}
        return [ItemBegan({**item, "status": "in_progress"}), ItemEnded({**item, "status": "completed"})]


def _object(text: str) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _logs(content: Any) -> str:
    """What the code printed, its complaints after it."""
    told = [block["json"] for block in content or () if isinstance(block, dict) and isinstance(block.get("json"), dict)]
    return "".join(str(one.get(stream) or "") for one in told for stream in ("stdOut", "stdErr"))
