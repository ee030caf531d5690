"""The grammar of a Responses stream as a small machine (shared facts on the Responses API, section 1.10)."""

from dataclasses import dataclass, field
from typing import Any

TERMINALS = {"response.completed", "response.incomplete", "response.failed"}
# The delta event of each kind of text: the event that closes it, and the field that repeats it.
TEXTS = {
    "response.output_text.delta": ("response.output_text.done", "text"),
    "response.refusal.delta": ("response.refusal.done", "refusal"),
    "response.reasoning_text.delta": ("response.reasoning_text.done", "text"),
    "response.reasoning_summary_text.delta": ("response.reasoning_summary_text.done", "text"),
    "response.function_call_arguments.delta": ("response.function_call_arguments.done", "arguments"),
    "response.custom_tool_call_input.delta": ("response.custom_tool_call_input.done", "input"),
}
WITHOUT_STATUS = ("compaction",)
CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
HOSTED = {f"response.web_search_call.{step}" for step in ("in_progress", "searching", "completed")}
DONE = {closing: (delta, name) for delta, (closing, name) in TEXTS.items()}
_OPENING = ("response.created", "response.in_progress")
_QUEUED_OPENING = ("response.created", "response.queued", "response.in_progress")


@dataclass
class Machine:
    """Reads a stream event by event, and fails at the first that is out of place."""

    opening: tuple[str, ...] = _OPENING
    number: int = 0
    is_over: bool = False
    identity: str = ""
    output: list[dict[str, Any]] = field(default_factory=list)
    item: dict[str, Any] | None = None
    part: dict[str, Any] | None = None
    parts: list[dict[str, Any]] = field(default_factory=list)
    summaries: list[dict[str, Any]] = field(default_factory=list)
    deltas: str = ""
    is_text_done: bool = False
    annotations: list[dict[str, Any]] = field(default_factory=list)

    def read(self, event: dict[str, Any]) -> None:
        """Take the next event."""
        assert not self.is_over
        assert event["sequence_number"] == self.number
        kind = event["type"]
        if self.number < len(self.opening):
            if self.number == 0 and event["response"]["status"] == "queued":
                self.opening = _QUEUED_OPENING
            assert kind == self.opening[self.number]
            self._begin(event["response"], kind)
        elif kind in TERMINALS:
            self._end(kind, event["response"])
        else:
            assert event["output_index"] == len(self.output)
            self._item_event(kind, event)
        self.number += 1

    def _begin(self, response: dict[str, Any], kind: str) -> None:
        is_queued = len(self.opening) > len(_OPENING) and kind != _OPENING[-1]
        assert response["status"] == ("queued" if is_queued else "in_progress")
        assert response["output"] == []
        assert response["usage"] is None
        self.identity = self.identity or response["id"]
        assert response["id"] == self.identity

    def _end(self, kind: str, response: dict[str, Any]) -> None:
        assert self.item is None
        assert response["id"] == self.identity
        assert response["output"] == self.output
        assert kind == f"response.{response['status']}"
        assert (response["error"] is not None) == (kind == "response.failed")
        assert (response["incomplete_details"] is not None) == (kind == "response.incomplete")
        assert (response["completed_at"] is not None) == (kind == "response.completed")
        self.is_over = True

    def _item_event(self, kind: str, event: dict[str, Any]) -> None:
        if kind == "response.output_item.added":
            self._open_item(event["item"])
            return
        assert self.item is not None
        if kind == "response.output_item.done":
            self._close_item(event["item"])
            return
        assert event["item_id"] == self.item["id"]
        for name, parts in (("content_index", self.parts), ("summary_index", self.summaries)):
            assert event.get(name, len(parts)) == len(parts)
        match kind:
            case "response.content_part.added" | "response.reasoning_summary_part.added":
                self._open_part(event["part"])
            case "response.content_part.done" | "response.reasoning_summary_part.done":
                self._close_part(event["part"])
            case "response.output_text.annotation.added":
                assert event["annotation_index"] == len(self.annotations)
                self.annotations.append(event["annotation"])
            case _ if kind in HOSTED:
                assert self.item["type"] not in (*CALLS, "message", "reasoning")
            case _ if kind in TEXTS:
                self._check_place(kind)
                self.deltas += event["delta"]
            case _:
                delta, name = DONE[kind]
                self._check_place(delta)
                self._close_text(event, name)

    def _check_place(self, delta: str) -> None:
        """A delta belongs to a part of its own kind, or to a function call that has no parts."""
        assert not self.is_text_done
        assert self.item is not None
        kind = self.item["type"] if self.part is None else self.part["type"]
        assert kind.split("_")[0] in delta or kind == "output_text"
        assert (self.part is None) == (self.item["type"] in CALLS)

    def _close_text(self, event: dict[str, Any], name: str) -> None:
        assert self.item is not None
        if self.item["type"] == "function_call":
            assert event["name"] == self.item["name"]
            assert event[name] == (self.deltas or "{}")
        else:
            assert event[name] == self.deltas
        self.is_text_done = True

    def _open_item(self, item: dict[str, Any]) -> None:
        assert self.item is None
        assert item["type"] in WITHOUT_STATUS or item["status"] == "in_progress"
        assert item["id"] not in {done["id"] for done in self.output}
        for zero in ("content", "summary", *CALLS.values()):
            assert not item.get(zero)
        self.item, self.parts, self.summaries = item, [], []
        self.deltas, self.is_text_done = "", False

    def _close_item(self, item: dict[str, Any]) -> None:
        assert self.item is not None
        assert self.part is None
        assert item["id"] == self.item["id"]
        assert item["type"] in WITHOUT_STATUS or item["status"] in ("completed", "incomplete")
        if item["type"] in CALLS:
            assert self.is_text_done
            otherwise = "{}" if item["type"] == "function_call" else ""
            assert item[CALLS[item["type"]]] == (self.deltas or otherwise)
        else:
            assert item.get("content", []) == self.parts
            assert item.get("summary", []) == self.summaries
        self.output.append(item)
        self.item = None

    def _open_part(self, part: dict[str, Any]) -> None:
        assert self.part is None
        assert not part.get("text")
        assert not part.get("refusal")
        self.part, self.deltas, self.is_text_done, self.annotations = part, "", False, []

    def _close_part(self, part: dict[str, Any]) -> None:
        assert self.part is not None
        assert self.is_text_done
        assert part["type"] == self.part["type"]
        assert part.get("text", part.get("refusal")) == self.deltas
        assert part.get("annotations", []) == self.annotations
        (self.summaries if part["type"] == "summary_text" else self.parts).append(part)
        self.part = None
