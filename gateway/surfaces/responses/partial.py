"""The output of a Response as far as the events of its stream go: what is left of one that was interrupted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.neutral.json import Json, JsonObject, object_or_empty, text_or_empty

# The events that bring a text in pieces and then whole, without their last word, and the field of the text: of the
# open part, or of the item where it has no parts.
_TEXTS = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_text": "text",
    "response.reasoning_summary_text": "text",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.mcp_call_arguments": "arguments",
    "response.code_interpreter_call_code": "code",
}
# The events that begin and end a part, without their last word, and the list of the item that it belongs to.
_PARTS = {"response.content_part": "content", "response.reasoning_summary_part": "summary"}
_FINAL = ("completed", "incomplete", "failed")


def partial_output(events: Iterable[JsonObject]) -> list[JsonObject]:
    """The output items that a stream of one Response has brought so far; `events` are its first ones, in order.

    Items that are complete are as their last event has them. The open one holds what has come of it, and has the status
    `incomplete` if it has one: as in a Response that failed at this point. The events are not changed.
    """
    output: list[JsonObject] = []
    item: _OpenItem | None = None
    for event in events:
        match event.get("type"):
            case "response.output_item.added":
                item = _OpenItem(object_or_empty(event.get("item")))
            case "response.output_item.done":
                output.append(object_or_empty(event.get("item")))
                item = None
            case str() as kind if item is not None:
                item.take(kind, event)
    return output if item is None else [*output, item.interrupted()]


class _OpenItem:
    """One output item while its events are read."""

    def __init__(self, begun: Mapping[str, Json]) -> None:
        self._item = _copy(begun)
        self._part: JsonObject | None = None
        self._field = ""
        self._pieces: list[str] = []
        """Of the text in this field of the open part, or of the item."""

    def take(self, kind: str, event: JsonObject) -> None:
        """Take in an event. Those that change nothing of the item, such as the progress of a search, are skipped."""
        name, _, step = kind.rpartition(".")
        if name in _TEXTS:
            self._field = _TEXTS[name]
            if step == "delta":
                self._pieces.append(text_or_empty(event.get("delta")))
                self._extend("logprobs", event.get("logprobs"))
            elif step == "done":
                self._pieces = [text_or_empty(event.get(self._field))]
        elif name in _PARTS:
            parts = self._item.setdefault(_PARTS[name], [])
            if isinstance(parts, list):
                self._take_part(parts, step, object_or_empty(event.get("part")))
        elif kind == "response.output_text.annotation.added":
            self._extend("annotations", [event.get("annotation")])

    def interrupted(self) -> JsonObject:
        """The item as far as it has come."""
        self._write_text()
        if self._item.get("type") == "function_call":
            # A function without parameters is often called with an empty string, which is no JSON.
            self._item["arguments"] = self._item.get("arguments") or "{}"
        if self._item.get("status", "completed") not in _FINAL:
            self._item["status"] = "incomplete"
        return self._item

    def _take_part(self, parts: list[Json], step: str, part: JsonObject) -> None:
        if step == "added":
            self._part = _copy(part)
            parts.append(self._part)
        elif step == "done" and self._part is not None:
            parts[-1] = part
            self._part = None
        self._pieces = []

    def _write_text(self) -> None:
        if self._pieces:
            target = self._item if self._part is None else self._part
            target[self._field] = "".join(self._pieces)

    def _extend(self, name: str, more: Json) -> None:
        held = None if self._part is None else self._part.get(name)
        if isinstance(held, list) and isinstance(more, list):
            held += more


def _copy(given: Mapping[str, Json]) -> JsonObject:
    return {name: list(value) if isinstance(value, list) else value for name, value in given.items()}
