"""Calls of the client's own tools while they are written: functions, and tools that take free text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.neutral.events import ToolCallBegan
from gateway.neutral.json import parse
from gateway.surfaces.responses.items import ItemReference, StreamEvent

if TYPE_CHECKING:
    from generated import models


class FunctionCallItem:
    """A call of one of the client's functions."""

    kind = "function_call"

    def __init__(self, item_id: str, output_index: int, call: ToolCallBegan) -> None:
        self.item: models.FunctionToolCall = {
            "id": item_id,
            "type": "function_call",
            "status": "in_progress",
            "call_id": call.id,
            "name": call.name,
            "arguments": "",
        }
        if call.namespace is not None:
            self.item["namespace"] = call.namespace
        self._reference: ItemReference = {"item_id": item_id, "output_index": output_index}
        self._pieces: list[str] = []
        self._open_braces = 0
        self._is_parsed = False
        self.is_complete = False
        """Whether the arguments are known to be a whole JSON object, to which nothing can be added.

        They are parsed once at most, when their braces balance: long ones come in thousands of pieces. Braces
        in texts can hide the end; it is then known when the upstream ends the call.
        """

    def arguments(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of the arguments."""
        self._pieces.append(piece)
        self._open_braces += piece.count("{") - piece.count("}")
        if self._open_braces == 0 and not self._is_parsed and piece.rstrip().endswith("}"):
            self._is_parsed = True
            self.is_complete = type(parse("".join(self._pieces))) is dict
        yield {"type": "response.function_call_arguments.delta", **self._reference, "delta": piece}

    def close(self, status: models.ItemStatus) -> Iterator[StreamEvent]:
        # A function without parameters is often called with an empty string, which is no JSON.
        arguments = "".join(self._pieces) or "{}"
        self.item["arguments"] = arguments
        self.item["status"] = status
        yield {
            "type": "response.function_call_arguments.done",
            **self._reference,
            "name": self.item["name"],
            "arguments": arguments,
        }


class CustomCallItem:
    """A call of a tool that takes free text."""

    kind = "custom_tool_call"
    is_complete = False
    """Free text has no end of its own; the upstream ends the call."""

    def __init__(self, item_id: str, output_index: int, call: ToolCallBegan) -> None:
        self.item: models.CustomToolCall = {
            "id": item_id,
            "type": "custom_tool_call",
            "status": "in_progress",
            "call_id": call.id,
            "name": call.name,
            "input": "",
        }
        if call.namespace is not None:
            self.item["namespace"] = call.namespace
        self._reference: ItemReference = {"item_id": item_id, "output_index": output_index}
        self._pieces: list[str] = []

    def arguments(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of the input."""
        self._pieces.append(piece)
        yield {"type": "response.custom_tool_call_input.delta", **self._reference, "delta": piece}

    def close(self, status: models.ItemStatus) -> Iterator[StreamEvent]:
        self.item["input"] = text = "".join(self._pieces)
        self.item["status"] = status
        yield {"type": "response.custom_tool_call_input.done", **self._reference, "input": text}


CallItem = FunctionCallItem | CustomCallItem
