"""Calls of the client's own tools while they are written: functions, and tools that take free text."""

from collections.abc import Iterator
from typing import Any

import orjson

from gateway.events import ToolCall
from gateway.surfaces.responses.items import StreamEvent


class FunctionCallItem:
    """A call of one of the client's functions."""

    kind = "function_call"

    def __init__(self, item_id: str, output_index: int, call: ToolCall) -> None:
        self.item = _begun(item_id, self.kind, call, "arguments")
        self._place = {"item_id": item_id, "output_index": output_index}
        self._pieces: list[str] = []
        self._open_braces = 0
        self._is_judged = False
        self.is_complete = False
        """Whether the arguments are known to be a whole JSON object, to which nothing can be added.

        They are parsed once at most, when their braces balance: long ones come in thousands of pieces. Braces
        in texts can hide the end; it is then known when the upstream says so.
        """

    def arguments(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of the arguments."""
        self._pieces.append(piece)
        self._open_braces += piece.count("{") - piece.count("}")
        if self._open_braces == 0 and not self._is_judged and piece.rstrip().endswith("}"):
            self._is_judged = True
            self.is_complete = _is_object("".join(self._pieces))
        yield {"type": "response.function_call_arguments.delta", **self._place, "delta": piece}

    def close(self, status: str) -> Iterator[StreamEvent]:
        # A function without parameters is often called with an empty string, which is no JSON.
        arguments = "".join(self._pieces) or "{}"
        self.item["arguments"] = arguments
        self.item["status"] = status
        yield {
            "type": "response.function_call_arguments.done",
            **self._place,
            "name": self.item["name"],
            "arguments": arguments,
        }


class CustomCallItem:
    """A call of a tool that takes free text."""

    kind = "custom_tool_call"
    is_complete = False
    """Nothing in free text tells its end; the upstream does."""

    def __init__(self, item_id: str, output_index: int, call: ToolCall) -> None:
        self.item = _begun(item_id, self.kind, call, "input")
        self._place = {"item_id": item_id, "output_index": output_index}
        self._pieces: list[str] = []

    def arguments(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of the input."""
        self._pieces.append(piece)
        yield {"type": "response.custom_tool_call_input.delta", **self._place, "delta": piece}

    def close(self, status: str) -> Iterator[StreamEvent]:
        self.item["input"] = text = "".join(self._pieces)
        self.item["status"] = status
        yield {"type": "response.custom_tool_call_input.done", **self._place, "input": text}


CallItem = FunctionCallItem | CustomCallItem


def _begun(item_id: str, kind: str, call: ToolCall, text: str) -> dict[str, Any]:
    """A call of which nothing but its beginning is known; `text` is the field that will hold what it is called with."""
    item = {"id": item_id, "type": kind, "status": "in_progress", "call_id": call.id, "name": call.name, text: ""}
    return item if call.namespace is None else {**item, "namespace": call.namespace}


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False
