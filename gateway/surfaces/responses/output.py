"""The output of a Response while it grows: which item is open, and how one is opened and closed."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from gateway.events import CallKind, PartKind, ToolCall
from gateway.identifiers import ResponseIds
from gateway.surfaces.base import Seal
from gateway.surfaces.responses.calls import CustomCallItem, FunctionCallItem
from gateway.surfaces.responses.hosted import HostedItem
from gateway.surfaces.responses.items import StreamEvent, beyond, ended_status
from gateway.surfaces.responses.message import MessageItem
from gateway.surfaces.responses.reasoning import ReasoningItem

_LONGEST_CALL_ID = 64
OpenItem = MessageItem | ReasoningItem | FunctionCallItem | CustomCallItem | HostedItem
_CALLS: dict[CallKind, type[FunctionCallItem] | type[CustomCallItem]] = {
    "function": FunctionCallItem,
    "custom": CustomCallItem,
}


class Output:
    """The items of one Response, of which at most one is open."""

    def __init__(self, response: dict[str, Any], ids: ResponseIds, seal: Seal) -> None:
        self.response = response
        self.open: OpenItem | None = None
        self.call: int | None = None
        """The upstream's number of the call that is open."""
        self.writing: MessageItem | None = None
        """The open message, while text is what was written last."""
        self._items: list[dict[str, Any]] = response["output"]
        self._ids = ids
        self._seal = seal

    def message(self) -> Generator[StreamEvent, None, MessageItem]:
        """The open message, begun where none is."""
        if isinstance(self.open, MessageItem):
            return self.open
        message = MessageItem(self._ids.item("message"), self._next_index)
        yield from self._begin(message)
        return message

    def add_message(self, text: str) -> None:
        """Add a whole message, without telling of it."""
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        item_id = self._ids.item("message")
        message = {"id": item_id, "type": "message", "status": "completed", "role": "assistant", "content": [part]}
        self._items.append(message)

    def reasoning(self) -> Generator[StreamEvent, None, ReasoningItem]:
        """The open reasoning, begun where none is."""
        if isinstance(self.open, ReasoningItem):
            return self.open
        reasoning = ReasoningItem(self._ids.item("reasoning"), self._next_index)
        yield from self._begin(reasoning)
        return reasoning

    def seal(self, state: dict[str, Any]) -> Iterator[StreamEvent]:
        """Attach to the open reasoning what its author wants back."""
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

    def begin_call(self, call: ToolCall) -> Iterator[StreamEvent]:
        """Open a call of a tool of the client's."""
        kind = _CALLS[call.kind]
        call = replace(call, id=_sendable(call.id)) if len(call.id) > _LONGEST_CALL_ID else call
        item = kind(self._ids.item(kind.kind), self._next_index, call)
        yield from self._begin(item)
        self.call = call.index

    def begin_item(self, given: dict[str, Any]) -> Iterator[StreamEvent]:
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

    def progress(self, event: dict[str, Any]) -> Iterator[StreamEvent]:
        """Tell what happens to an item of a provider's own kind; it means nothing to others."""
        if isinstance(self.open, HostedItem):
            yield self.open.progress(event)

    def end(self, final: dict[str, Any]) -> Iterator[StreamEvent]:
        """The upstream says that the open item is complete, and what it has become."""
        if self.open is None:
            return
        if isinstance(self.open, HostedItem):
            self.open.become(final)
        else:
            self.open.item.update(beyond(final, self.open.item))
        yield from self.close(ended_status(final))

    def close(self, status: str) -> Iterator[StreamEvent]:
        """Close the open item, if one is."""
        if self.open is None:
            return
        yield from self.open.close(status)
        yield {"type": "response.output_item.done", "output_index": len(self._items), "item": self.open.item}
        self._items.append(self.open.item)
        self.open = self.call = self.writing = None

    @property
    def _next_index(self) -> int:
        """The place of an item that begins now; the open one comes before it."""
        return len(self._items) + (self.open is not None)

    def _begin(self, item: OpenItem) -> Iterator[StreamEvent]:
        yield from self.close("completed")
        self.open = item
        yield {"type": "response.output_item.added", "output_index": len(self._items), "item": _now(item.item)}


def _sendable(call_id: str) -> str:
    """An id that a client may send back: the API takes 64 characters, and some upstreams make longer ones.

    The upstream will know the call by its new id, too, which stands in its history from then on.
    """
    return f"call_{sha256(call_id.encode('utf-8', 'replace')).hexdigest()[:40]}"


def _now(item: dict[str, Any]) -> dict[str, Any]:
    """The item as it is now: plain replies are built from the same events, all at once, after the fact."""
    return {name: list(value) if isinstance(value, list) else value for name, value in item.items()}
