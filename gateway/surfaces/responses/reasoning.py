"""Reasoning while it is written: summaries and plain text, one part open at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gateway.neutral.events import PartKind
from gateway.neutral.json import Json
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.items import ItemReference, StreamEvent, unwritten_fields

if TYPE_CHECKING:
    from generated import models


class ReasoningItem:
    """The model's reasoning as its upstream shows it, and its author's own state of it, sealed."""

    def __init__(
        self, item_id: str, output_index: int, given: Mapping[str, Json] | None = None, *, is_summary: bool = False
    ) -> None:
        """`is_summary`: whether what is no summary is shown as one, which is all that most clients display."""
        self._text_kind: PartKind = "summary_text" if is_summary else "reasoning_text"
        self._summary: list[models.SummaryTextContent] = []
        self._content: list[models.ReasoningTextContent] = []
        self.item: models.ReasoningItem = {
            "id": item_id,
            "type": "reasoning",
            "status": "in_progress",
            "summary": self._summary,
            "content": self._content,
        }
        if given:
            extensions(self.item).update(unwritten_fields(given, self.item))
        self._reference: ItemReference = {"item_id": item_id, "output_index": output_index}
        self._pieces: list[str] = []
        self._part: models.SummaryTextContent | models.ReasoningTextContent | None = None

    def summary(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of a summary."""
        yield from self._write("summary_text", piece)

    def text(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of the reasoning itself."""
        yield from self._write(self._text_kind, piece)

    @property
    def is_sealed(self) -> bool:
        """Whether it has its author's own state, of which an item has room for one."""
        return "encrypted_content" in self.item

    def seal(self, sealed: str) -> None:
        """Attach the author's own state."""
        self.item["encrypted_content"] = sealed

    def begin_part(self, kind: PartKind) -> Iterator[StreamEvent]:
        """Open a part, though it be of the kind that is open."""
        yield from self._close_part()
        yield from self._open(self._text_kind if kind == "reasoning_text" else kind)

    def close(self, status: models.ItemStatus) -> Iterator[StreamEvent]:
        yield from self._close_part()
        self.item["status"] = status

    def _write(self, kind: PartKind, piece: str) -> Iterator[StreamEvent]:
        yield from self._open(kind)
        self._pieces.append(piece)
        if kind == "summary_text":
            yield self._summary_event("response.reasoning_summary_text.delta", delta=piece)
        else:
            yield self._content_event("response.reasoning_text.delta", delta=piece)

    def _open(self, kind: PartKind) -> Iterator[StreamEvent]:
        """Open a part of this kind, where it is not the one that is open."""
        if self._part is not None and self._part["type"] == kind:
            return
        yield from self._close_part()
        if kind == "summary_text":
            summary: models.SummaryTextContent = {"type": "summary_text", "text": ""}
            self._part = summary
            self._summary.append(summary)
            yield self._summary_event("response.reasoning_summary_part.added", part=summary.copy())
        else:
            content: models.ReasoningTextContent = {"type": "reasoning_text", "text": ""}
            self._part = content
            self._content.append(content)
            yield self._content_event("response.content_part.added", part=content.copy())

    def _close_part(self) -> Iterator[StreamEvent]:
        part = self._part
        if part is None:
            return
        part["text"] = text = "".join(self._pieces)
        if part["type"] == "summary_text":
            yield self._summary_event("response.reasoning_summary_text.done", text=text)
            yield self._summary_event("response.reasoning_summary_part.done", part=part)
        else:
            yield self._content_event("response.reasoning_text.done", text=text)
            yield self._content_event("response.content_part.done", part=part)
        self._part = None
        self._pieces = []

    def _summary_event(self, kind: str, **fields: object) -> StreamEvent:
        return {"type": kind, **self._reference, "summary_index": len(self._summary) - 1, **fields}

    def _content_event(self, kind: str, **fields: object) -> StreamEvent:
        return {"type": kind, **self._reference, "content_index": len(self._content) - 1, **fields}
