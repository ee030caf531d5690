"""A message while it is written: text and refusals, one content part open at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING

from gateway.neutral.events import PartKind
from gateway.neutral.json import Json, JsonObject
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.citations import flat_annotation, response_logprobs
from gateway.surfaces.responses.items import ItemReference, StreamEvent, unwritten_fields

if TYPE_CHECKING:
    from generated import models


class MessageItem:
    """A message of the model."""

    def __init__(self, item_id: str, output_index: int, given: Mapping[str, Json] | None = None) -> None:
        self.item: models.OutputMessage = {
            "id": item_id,
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        if given:
            extensions(self.item).update(unwritten_fields(given, self.item))
        self.part: models.OutputMessageContent | None = None
        """The open part."""
        self._reference: ItemReference = {"item_id": item_id, "output_index": output_index}
        self._pieces: list[str] = []

    def around_delta(self) -> tuple[bytes, bytes]:
        """What stands before and after the text in an event of the open part, from its item's id to its number."""
        index, content = self._reference["output_index"], len(self.item["content"]) - 1
        before = f'{self._reference["item_id"]}","output_index":{index},"content_index":{content},"delta":'
        return before.encode(), b',"logprobs":[],"sequence_number":'

    def add(self, piece: str) -> None:
        """Add a piece to the open text; its event is the caller's."""
        self._pieces.append(piece)

    def text(self, piece: str, logprobs: list[JsonObject] | None) -> Iterator[StreamEvent]:
        """Write a piece of text."""
        part = yield from self._open_text()
        measured = response_logprobs(logprobs) if logprobs else []
        part["logprobs"] += measured
        self._pieces.append(piece)
        yield self._event("response.output_text.delta", delta=piece, logprobs=measured)

    def refusal(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of a refusal."""
        yield from self._open("refusal")
        self._pieces.append(piece)
        yield self._event("response.refusal.delta", delta=piece)

    def annotation(self, annotation: JsonObject) -> Iterator[StreamEvent]:
        """Attach a citation to the text."""
        part = yield from self._open_text()
        flat = flat_annotation(annotation)
        if flat is not None:
            index = len(part["annotations"])
            part["annotations"].append(flat)
            yield self._event("response.output_text.annotation.added", annotation_index=index, annotation=flat)

    def begin_part(self, kind: PartKind) -> Iterator[StreamEvent]:
        """Open a part, though it be of the kind that is open."""
        yield from self._close_part()
        yield from self._open(kind)

    def close(self, status: models.ItemStatus) -> Iterator[StreamEvent]:
        yield from self._close_part()
        self.item["status"] = status

    def _open_text(self) -> Generator[StreamEvent, None, models.OutputTextContent]:
        """Open a text, where none is open. Returns the part."""
        if self.part is not None and self.part["type"] == "output_text":
            return self.part
        yield from self._close_part()
        part = _new_text()
        yield from self._begin_part(part, _new_text())
        return part

    def _open(self, kind: PartKind) -> Iterator[StreamEvent]:
        """Open a text or a refusal, where none is open."""
        if kind != "refusal":
            yield from self._open_text()
        elif self.part is None or self.part["type"] != "refusal":
            yield from self._close_part()
            yield from self._begin_part({"type": "refusal", "refusal": ""}, {"type": "refusal", "refusal": ""})

    def _begin_part(
        self, part: models.OutputMessageContent, at_first: models.OutputMessageContent
    ) -> Iterator[StreamEvent]:
        """Begin a part. Its event has a copy: plain replies are built from the same events, after the fact."""
        self.part = part
        self.item["content"].append(part)
        yield self._event("response.content_part.added", part=at_first)

    def _close_part(self) -> Iterator[StreamEvent]:
        part, text = self.part, "".join(self._pieces)
        if part is None:
            return
        if part["type"] == "refusal":
            part["refusal"] = text
            yield self._event("response.refusal.done", refusal=text)
        else:
            part["text"] = text
            yield self._event("response.output_text.done", text=text, logprobs=part["logprobs"])
        yield self._event("response.content_part.done", part=part)
        self.part = None
        self._pieces = []

    def _event(self, kind: str, **fields: object) -> StreamEvent:
        return {"type": kind, **self._reference, "content_index": len(self.item["content"]) - 1, **fields}


def _new_text() -> models.OutputTextContent:
    return {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
