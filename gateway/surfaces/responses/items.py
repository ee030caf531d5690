"""The items of a Response while they are being written, and the events that each of them is told in."""

from collections.abc import Generator, Iterator
from typing import Any, Protocol

import orjson

from gateway.surfaces.responses.citations import flat_annotation, response_logprobs
from gateway.surfaces.responses.document import new_id

StreamEvent = dict[str, Any]


class Item(Protocol):
    """One output item. `item` is what it has become so far; `place` names it in events."""

    item: dict[str, Any]

    def close(self, status: str) -> Iterator[StreamEvent]:
        """The events that complete it, all but `output_item.done`."""


class MessageItem:
    """A message: text and refusals, one content part open at a time."""

    def __init__(self, output_index: int) -> None:
        self.item: dict[str, Any] = {
            "id": new_id("msg"),
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        self._place = {"item_id": self.item["id"], "output_index": output_index}
        self._pieces: list[str] = []
        self._part: dict[str, Any] | None = None

    def text(self, piece: str, logprobs: list[dict[str, Any]] | None) -> Iterator[StreamEvent]:
        """Write a piece of text."""
        part = yield from self._turn_to("output_text")
        measured = response_logprobs(logprobs)
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


class ReasoningItem:
    """The model's reasoning as its upstream shows it."""

    def __init__(self, output_index: int) -> None:
        self.item: dict[str, Any] = {
            "id": new_id("rs"),
            "type": "reasoning",
            "status": "in_progress",
            "summary": [],
            "content": [],
        }
        self._place = {"item_id": self.item["id"], "output_index": output_index, "content_index": 0}
        self._pieces: list[str] = []

    def text(self, piece: str) -> Iterator[StreamEvent]:
        """Write a piece of reasoning."""
        if not self._pieces:
            part = {"type": "reasoning_text", "text": ""}
            yield {"type": "response.content_part.added", **self._place, "part": part}
        self._pieces.append(piece)
        yield {"type": "response.reasoning_text.delta", **self._place, "delta": piece}

    def close(self, status: str) -> Iterator[StreamEvent]:
        text = "".join(self._pieces)
        part = {"type": "reasoning_text", "text": text}
        self.item["content"] = [part]
        self.item["status"] = status
        yield {"type": "response.reasoning_text.done", **self._place, "text": text}
        yield {"type": "response.content_part.done", **self._place, "part": part}


class FunctionCallItem:
    """A call of one of the caller's functions."""

    def __init__(self, output_index: int, call_id: str, name: str) -> None:
        self.item: dict[str, Any] = {
            "id": new_id("fc"),
            "type": "function_call",
            "status": "in_progress",
            "call_id": call_id,
            "name": name,
            "arguments": "",
        }
        self._place = {"item_id": self.item["id"], "output_index": output_index}
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
        name = self.item["name"]
        yield {
            "type": "response.function_call_arguments.done",
            **self._place,
            "name": name,
            "arguments": arguments,
        }


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False
