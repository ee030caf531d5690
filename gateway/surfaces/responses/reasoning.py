"""Reasoning while it is written: summaries and plain text, one part open at a time."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.events import PartKind
from gateway.surfaces.responses.items import StreamEvent, beyond

_LISTS = {"summary_text": "summary", "reasoning_text": "content"}


class ReasoningItem:
    """The model's reasoning as its upstream shows it, and what its author wants back, sealed."""

    def __init__(self, item_id: str, output_index: int, given: Mapping[str, Any] | None = None) -> None:
        item: dict[str, Any] = {
            "id": item_id,
            "type": "reasoning",
            "status": "in_progress",
            "summary": [],
            "content": [],
            "encrypted_content": None,
        }
        self.item = {**item, **beyond(given, item)} if given else item
        self._place = {"item_id": item_id, "output_index": output_index}
        self._pieces: list[str] = []
        self._part: dict[str, Any] | None = None

    def summary(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of a summary."""
        yield from self._turn_to("summary_text")
        self._pieces.append(piece)
        yield self._told("response.reasoning_summary_text.delta", delta=piece)

    def text(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of the reasoning itself."""
        yield from self._turn_to("reasoning_text")
        self._pieces.append(piece)
        yield self._told("response.reasoning_text.delta", delta=piece)

    def seal(self, sealed: str) -> None:
        """Attach what its author wants back."""
        self.item["encrypted_content"] = sealed

    def begin_part(self, kind: PartKind) -> Iterator[StreamEvent]:
        """Open a part, though it be of the kind that is open."""
        yield from self._close_part()
        yield from self._turn_to(kind)

    def close(self, status: str) -> Iterator[StreamEvent]:
        yield from self._close_part()
        self.item["status"] = status

    def _turn_to(self, kind: str) -> Iterator[StreamEvent]:
        if self._part is not None and self._part["type"] == kind:
            return
        yield from self._close_part()
        self._part = {"type": kind, "text": ""}
        self.item[_LISTS[kind]].append(self._part)
        added = "response.reasoning_summary_part.added" if kind == "summary_text" else "response.content_part.added"
        yield self._told(added, part={"type": kind, "text": ""})

    def _close_part(self) -> Iterator[StreamEvent]:
        part = self._part
        if part is None:
            return
        part["text"] = text = "".join(self._pieces)
        if part["type"] == "summary_text":
            yield self._told("response.reasoning_summary_text.done", text=text)
            yield self._told("response.reasoning_summary_part.done", part=part)
        else:
            yield self._told("response.reasoning_text.done", text=text)
            yield self._told("response.content_part.done", part=part)
        self._part = None
        self._pieces = []

    def _told(self, kind: str, **fields: Any) -> StreamEvent:
        assert self._part is not None
        is_summary = self._part["type"] == "summary_text"
        parts = self.item["summary" if is_summary else "content"]
        index = "summary_index" if is_summary else "content_index"
        return {"type": kind, **self._place, index: len(parts) - 1, **fields}
