"""Builds the items of one answer, one after the other, whatever order its upstream sends them in."""

from gateway.dialects.decoder import NotAnAnswer
from gateway.dialects.openai_responses.fast_path import RepeatedDelta
from gateway.dialects.openai_responses.output.index import ItemIndex
from gateway.dialects.openai_responses.output.items import CallItem, HostedItem, Item, TextItem, new_item, written_text
from gateway.dialects.openai_responses.output.queue import OutputQueue
from gateway.neutral.events import Event, PartKind, ToolArguments
from gateway.neutral.json import Json, JsonObject, count_or_none, object_or_none, objects_in

_PARTS: dict[str, str] = {
    "output_text": "message",
    "refusal": "message",
    "reasoning_text": "reasoning",
    "summary_text": "reasoning",
}
_INDEXES = ("content_index", "summary_index")


class OutputBuilder:
    """Turns what an upstream sends of items into neutral events. Raises `NotAnAnswer` for what is past repair."""

    def __init__(self, repeated: RepeatedDelta) -> None:
        self._index = ItemIndex()
        self._queue = OutputQueue()
        self._repeated = repeated
        self._calls = 0

    @property
    def has_calls(self) -> bool:
        """Whether one of the client's tools is called."""
        return self._calls > 0

    def item_added(self, event: JsonObject) -> list[Event]:
        """An item begins."""
        if event.get("item") is None:
            # Some servers announce an item before they know which.
            return []
        given = _item_in(event)
        known = self._index.same(event, given)
        if known is not None and (self._index.knows(known, given.get("id")) or not known.is_announced):
            known.is_announced = True
            return self._learn(known, given)
        return self._begin(given, event, is_announced=True)[1]

    def item_done(self, event: JsonObject) -> list[Event]:
        """An item is complete."""
        if event.get("item") is None:
            # It is complete with the answer, which may have it whole.
            return []
        final = _item_in(event)
        item = self._index.same(event, final)
        if item is not None:
            return [] if item.is_done else self._end(item, final, "completed")
        item, events = self._begin(final, event)
        return events + self._end(item, final, "completed")

    def text(self, event: JsonObject, kind: PartKind, delta: Json) -> list[Event]:
        """A piece of a part."""
        item, events = self._text_item(event, kind)
        if item.is_done or delta is None:
            return events
        if not isinstance(delta, str):
            raise NotAnAnswer
        part, began = item.part(kind, _part_index(event))
        logprobs = event.get("logprobs") if kind == "output_text" else None
        events += self._queue.emit(item, began + item.add(part, delta, logprobs))
        if self._queue.is_first(item) and item.is_first(part) and not part.is_done:
            self._repeated.learn(event, part.pieces, part.event)
        return events

    def text_done(self, event: JsonObject, kind: PartKind, final: Json) -> list[Event]:
        """A part as it is in the end. Citations may still follow, so long as no other part has begun."""
        item, events = self._text_item(event, kind)
        if item.is_done:
            return events
        part, began = item.part(kind, _part_index(event))
        return events + self._queue.emit(item, began + item.complete(part, final) + item.close(part))

    def cited(self, event: JsonObject) -> list[Event]:
        """A citation."""
        item, events = self._text_item(event, "output_text")
        if item.is_done:
            return events
        part, began = item.part("output_text", _part_index(event))
        return events + self._queue.emit(item, began + item.annotate(part, event.get("annotation")))

    def arguments(self, event: JsonObject, kind: str, delta: Json) -> list[Event]:
        """A piece of a call's arguments."""
        item, events = self._call(event, kind)
        piece = written_text(delta)
        if item.is_done or not piece:
            return events
        events += self._queue.emit(item, item.add(piece))
        if self._queue.is_first(item) and item.has_begun:
            self._repeated.learn(event, item.pieces, lambda text: ToolArguments(item.index, text))
        return events

    def arguments_done(self, event: JsonObject, kind: str, final: Json) -> list[Event]:
        """A call's arguments as they are in the end."""
        item, events = self._call(event, kind)
        if item.is_done:
            return events
        learnt = item.learn({"name": event.get("name")}) if isinstance(event.get("name"), str) else []
        return events + self._queue.emit(item, learnt + item.complete(final))

    def progressed(self, event: JsonObject, kind: str) -> list[Event]:
        """Progress of an item that only its provider knows. `kind` is the item's, by the event's own name."""
        if not _names_an_item(event):
            return []
        item = self._index.named(event, event.get("item_id"))
        if item is None and kind.endswith("_call"):
            item, events = self._begin({**_unannounced(kind, event), "status": "in_progress"}, event)
            return events + self.progressed(event, "") if isinstance(item, HostedItem) else events
        if not isinstance(item, HostedItem) or item.is_done:
            return []
        return self._queue.emit(item, item.progress(event))

    def ended(self, output: Json, status: str) -> list[Event]:
        """The answer is over: what is missing of it. `status` is for items whose own was never sent."""
        matched = self._index.matched(objects_in(output))
        wholes = {id(item): final for item, final in matched if item is not None}
        events: list[Event] = []
        for item in list(self._index.items):
            if not item.is_done:
                events += self._end(item, wholes.get(id(item), item.given), status)
        for known, final in matched:
            if known is None:
                item, began = self._begin(final, {})
                events += began + self._end(item, final, status)
        return events

    def _begin(self, given: JsonObject, event: JsonObject, *, is_announced: bool = False) -> tuple[Item, list[Event]]:
        item = new_item(given, self._calls)
        item.is_announced = is_announced
        self._calls += isinstance(item, CallItem)
        self._index.add(item, event, given.get("id"))
        self._queue.add(item)
        return item, self._queue.emit(item, item.begin())

    def _end(self, item: Item, final: JsonObject, status: str) -> list[Event]:
        return self._queue.emit(item, item.end(final, status)) + self._queue.close(item)

    def _learn(self, item: Item, given: JsonObject) -> list[Event]:
        if isinstance(item, CallItem) and not item.is_done:
            return self._queue.emit(item, item.learn(given))
        return []

    def _text_item(self, event: JsonObject, kind: PartKind) -> tuple[TextItem, list[Event]]:
        item = self._index.fitting(event, (_PARTS[kind],))
        if isinstance(item, TextItem):
            return item, []
        begun, events = self._begin(_unannounced(_PARTS[kind], event), event)
        assert isinstance(begun, TextItem)
        return begun, events

    def _call(self, event: JsonObject, kind: str) -> tuple[CallItem, list[Event]]:
        item = self._index.fitting(event, (kind,))
        if isinstance(item, CallItem):
            return item, []
        begun, events = self._begin(_unannounced(kind, event), event)
        assert isinstance(begun, CallItem)
        return begun, events


def _unannounced(kind: str, event: JsonObject) -> JsonObject:
    """What is known of an item by an event that belongs to it."""
    item_id = event.get("item_id")
    return {"type": kind, "id": item_id} if isinstance(item_id, str) else {"type": kind}


def _names_an_item(event: JsonObject) -> bool:
    return event.get("item_id") is not None or event.get("output_index") is not None


def _item_in(event: JsonObject) -> JsonObject:
    item = object_or_none(event.get("item"))
    if item is None:
        raise NotAnAnswer
    return item


def _part_index(event: JsonObject) -> int | None:
    for name in _INDEXES:
        index = count_or_none(event.get(name))
        if index is not None:
            return index
    return None
