"""The output of a Response while it grows: which item is open, and how one is opened and closed."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.neutral.events import PartKind, ToolCallBegan
from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import JsonObject
from gateway.neutral.seals import Seal
from gateway.neutral.tools import CallKind
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.calls import CustomCallItem, FunctionCallItem
from gateway.surfaces.responses.hosted import HostedItem
from gateway.surfaces.responses.items import StreamEvent, final_status, unwritten_fields
from gateway.surfaces.responses.message import MessageItem
from gateway.surfaces.responses.reasoning import ReasoningItem

if TYPE_CHECKING:
    from generated import models

_LONGEST_CALL_ID = 64
OpenItem = MessageItem | ReasoningItem | FunctionCallItem | CustomCallItem | HostedItem
_CALLS: dict[CallKind, type[FunctionCallItem] | type[CustomCallItem]] = {
    "function": FunctionCallItem,
    "custom": CustomCallItem,
}


class Output:
    """The items of one Response, of which at most one is open."""

    def __init__(self, response: models.Response, ids: ResponseIds, seal: Seal) -> None:
        self.response = response
        self.open: OpenItem | None = None
        self.call: int | None = None
        """The upstream's number of the call that is open."""
        self.writing: MessageItem | None = None
        """The open message, while text is what was written last."""
        self._items = response["output"]
        self._ids = ids
        self._seal = seal
        asked = extensions(response["reasoning"])
        self._shows_summaries = bool(asked.get("summary") or asked.get("generate_summary"))

    def message(self) -> Generator[StreamEvent, None, MessageItem]:
        """The open message, begun where none is."""
        if isinstance(self.open, MessageItem):
            return self.open
        message = MessageItem(self._ids.item("message"), self._next_index)
        yield from self._begin(message)
        return message

    def add_message(self, text: str) -> None:
        """Add a whole message, without events."""
        part: models.OutputTextContent = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        message: models.OutputMessage = {
            "id": self._ids.item("message"),
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [part],
        }
        self._items.append(message)

    def reasoning(self) -> Generator[StreamEvent, None, ReasoningItem]:
        """The open reasoning, begun where none is. One that has its author's state is complete."""
        if isinstance(self.open, ReasoningItem) and not self.open.is_sealed:
            return self.open
        item_id = self._ids.item("reasoning")
        reasoning = ReasoningItem(item_id, self._next_index, is_summary=self._shows_summaries)
        yield from self._begin(reasoning)
        return reasoning

    def seal(self, state: JsonObject) -> Iterator[StreamEvent]:
        """Attach the author's own state to the open reasoning."""
        reasoning = yield from self.reasoning()
        reasoning.seal(self._seal(state))

    def begin_part(self, kind: PartKind) -> Iterator[StreamEvent]:
        """Open a part of its kind, in an item that has such parts."""
        if kind in ("output_text", "refusal"):
            message = yield from self.message()
            yield from message.begin_part(kind)
            self.writing = message if kind == "output_text" else None
        else:
            reasoning = yield from self.reasoning()
            yield from reasoning.begin_part(kind)

    def begin_call(self, call: ToolCallBegan) -> Iterator[StreamEvent]:
        """Open a call of a tool of the client's."""
        kind = _CALLS[call.kind]
        call = replace(call, id=_sendable(call.id)) if len(call.id) > _LONGEST_CALL_ID else call
        item = kind(self._ids.item(kind.kind), self._next_index, call)
        yield from self._begin(item)
        self.call = call.index

    def begin_item(self, given: JsonObject) -> Iterator[StreamEvent]:
        """Open an item as the upstream has it."""
        kind = str(given.get("type"))
        item_id, index = self._ids.item(kind), self._next_index
        match kind:
            case "message":
                yield from self._begin(MessageItem(item_id, index, given))
            case "reasoning":
                yield from self._begin(ReasoningItem(item_id, index, given))
            case _:
                yield from self._begin(HostedItem(item_id, index, given))

    def progress(self, event: JsonObject) -> Iterator[StreamEvent]:
        """Pass on an event of the open item, if it is of a provider's own kind; others have no such events."""
        if isinstance(self.open, HostedItem):
            yield self.open.progress(event)

    def end(self, final: JsonObject) -> Iterator[StreamEvent]:
        """Close the open item, whose final form an upstream has sent."""
        if self.open is None:
            return
        if isinstance(self.open, HostedItem):
            self.open.complete(final)
        else:
            extensions(self.open.item).update(unwritten_fields(final, self.open.item))
        yield from self.close(final_status(final))

    def close(self, status: models.ItemStatus) -> Iterator[StreamEvent]:
        """Close the open item, if one is."""
        if self.open is None:
            return
        yield from self.open.close(status)
        yield {"type": "response.output_item.done", "output_index": len(self._items), "item": self.open.item}
        self._items.append(self.open.item)
        self.open = self.call = self.writing = None

    @property
    def _next_index(self) -> int:
        """The index of an item that begins now; the open one comes before it."""
        return len(self._items) + (self.open is not None)

    def _begin(self, item: OpenItem) -> Iterator[StreamEvent]:
        yield from self.close("completed")
        self.open = item
        yield {"type": "response.output_item.added", "output_index": len(self._items), "item": _copy(item.item)}


def _sendable(call_id: str) -> str:
    """An id that a client may send back: the API takes 64 characters, and some upstreams make longer ones.

    The upstream gets the new id back, with the call in its history.
    """
    return f"call_{sha256(call_id.encode('utf-8', 'replace')).hexdigest()[:40]}"


def _copy(item: Mapping[str, object]) -> dict[str, object]:
    """A copy of an item that has just begun: plain replies are built from the same events, after the fact."""
    return {name: list(value) if isinstance(value, list) else value for name, value in item.items()}
