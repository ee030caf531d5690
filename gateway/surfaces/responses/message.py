"""A message while it is written: text and refusals, one content part open at a time."""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from gateway.events import PartKind
from gateway.surfaces.responses.citations import flat_annotation, response_logprobs
from gateway.surfaces.responses.items import StreamEvent, beyond


class MessageItem:
    """A message of the model."""

    def __init__(self, item_id: str, output_index: int, given: Mapping[str, Any] | None = None) -> None:
        item: dict[str, Any] = {
            "id": item_id,
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        self.item = {**item, **beyond(given, item)} if given else item
        self._place = {"item_id": item_id, "output_index": output_index}
        self._pieces: list[str] = []
        self._part: dict[str, Any] | None = None

    @property
    def part(self) -> dict[str, Any] | None:
        """The open part."""
        return self._part

    def around_delta(self) -> tuple[bytes, bytes]:
        """What stands before and after the text in an event of the open part, from its item's id to its number."""
        index, content = self._place["output_index"], len(self.item["content"]) - 1
        before = f'{self._place["item_id"]}","output_index":{index},"content_index":{content},"delta":'
        return before.encode(), b',"logprobs":[],"sequence_number":'

    def add(self, piece: str) -> None:
        """Add a piece to the open text; the caller tells it."""
        self._pieces.append(piece)

    def text(self, piece: str, logprobs: list[dict[str, Any]] | None) -> Iterator[StreamEvent]:
        """Write a piece of text."""
        part = yield from self._turn_to("output_text")
        measured = response_logprobs(logprobs) if logprobs else []
        part["logprobs"] += measured
        self._pieces.append(piece)
        yield self._told("response.output_text.delta", delta=piece, logprobs=measured)

    def refusal(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of a refusal."""
        yield from self._turn_to("refusal")
        self._pieces.append(piece)
        yield self._told("response.refusal.delta", delta=piece)

    def annotation(self, annotation: dict[str, Any]) -> Iterator[StreamEvent]:
        """Attach a citation to the text."""
        part = yield from self._turn_to("output_text")
        flat = flat_annotation(annotation)
        if flat is not None:
            index = len(part["annotations"])
            part["annotations"].append(flat)
            yield self._told("response.output_text.annotation.added", annotation_index=index, annotation=flat)

    def begin_part(self, kind: PartKind) -> Iterator[StreamEvent]:
        """Open a part, though it be of the kind that is open."""
        yield from self._close_part()
        yield from self._turn_to(kind)

    def close(self, status: str) -> Iterator[StreamEvent]:
        yield from self._close_part()
        self.item["status"] = status

    def _turn_to(self, kind: str) -> Generator[StreamEvent, None, dict[str, Any]]:
        """Open a content part of this kind, where it is not the one that is open. Returns the part."""
        if self._part is not None and self._part["type"] == kind:
            return self._part
        yield from self._close_part()
        part = self._part = _new_part(kind)
        self.item["content"].append(part)
        yield self._told("response.content_part.added", part=_new_part(kind))
        return part

    def _close_part(self) -> Iterator[StreamEvent]:
        part, text = self._part, "".join(self._pieces)
        if part is None:
            return
        if part["type"] == "refusal":
            part["refusal"] = text
            yield self._told("response.refusal.done", refusal=text)
        else:
            part["text"] = text
            yield self._told("response.output_text.done", text=text, logprobs=part["logprobs"])
        yield self._told("response.content_part.done", part=part)
        self._part = None
        self._pieces = []

    def _told(self, kind: str, **fields: Any) -> StreamEvent:
        return {"type": kind, **self._place, "content_index": len(self.item["content"]) - 1, **fields}


def _new_part(kind: str) -> dict[str, Any]:
    if kind == "refusal":
        return {"type": kind, "refusal": ""}
    return {"type": kind, "text": "", "annotations": [], "logprobs": []}
