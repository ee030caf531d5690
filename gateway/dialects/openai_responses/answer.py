"""One answer while it is told: its items, one after the other, whatever order its upstream has them in."""

from typing import Any

from gateway.dialects.openai_responses.errors import NotResponse
from gateway.dialects.openai_responses.items import CallItem, HostedItem, Item, TextItem, new_item, written_text
from gateway.dialects.openai_responses.lanes import Lanes
from gateway.dialects.openai_responses.roll import Roll
from gateway.dialects.openai_responses.usual import UsualDelta
from gateway.events import Event, PartKind, ToolArguments

_Object = dict[str, Any]
_PARTS: dict[str, str] = {
    "output_text": "message",
    "refusal": "message",
    "reasoning_text": "reasoning",
    "summary_text": "reasoning",
}
_INDEXES = ("content_index", "summary_index")


class Answer:
    """Turns what is told of items into neutral events. Raises `NotResponse` for what is past mending."""

    def __init__(self, usual: UsualDelta) -> None:
        self._roll = Roll()
        self._lanes = Lanes()
        self._usual = usual
        self._calls = 0

    @property
    def has_calls(self) -> bool:
        """Whether one of the client's tools is called."""
        return self._calls > 0

    def item_added(self, event: _Object) -> list[Event]:
        """An item begins."""
        given = _object(event.get("item"))
        known = self._roll.same(event, given)
        if known is not None and (self._roll.knows(known, given.get("id")) or not known.is_announced):
            known.is_announced = True
            return self._learn(known, given)
        return self._begin(given, event, is_announced=True)[1]

    def item_done(self, event: _Object) -> list[Event]:
        """An item is complete."""
        final = _object(event.get("item"))
        item = self._roll.same(event, final)
        if item is not None:
            return [] if item.is_done else self._end(item, final, "completed")
        item, events = self._begin(final, event)
        return events + self._end(item, final, "completed")

    def text(self, event: _Object, kind: PartKind, delta: Any) -> list[Event]:
        """A piece of a part."""
        item, events = self._text_item(event, kind)
        if item.is_done or delta is None:
            return events
        if not isinstance(delta, str):
            raise NotResponse
        part, began = item.part(kind, _part_index(event))
        logprobs = event.get("logprobs") if kind == "output_text" else None
        events += self._lanes.tell(item, began + item.say(part, delta, logprobs))
        if self._lanes.is_first(item) and item.is_first(part) and not part.is_done:
            self._usual.learn(event, part.pieces, part.tell)
        return events

    def text_done(self, event: _Object, kind: PartKind, final: Any) -> list[Event]:
        """A part as it is in the end. Citations may still follow, so long as no other part has begun."""
        item, events = self._text_item(event, kind)
        if item.is_done:
            return events
        part, began = item.part(kind, _part_index(event))
        return events + self._lanes.tell(item, began + item.complete(part, final) + item.close(part))

    def cited(self, event: _Object) -> list[Event]:
        """A citation."""
        item, events = self._text_item(event, "output_text")
        if item.is_done:
            return events
        part, began = item.part("output_text", _part_index(event))
        return events + self._lanes.tell(item, began + item.cite(part, event.get("annotation")))

    def arguments(self, event: _Object, kind: str, delta: Any) -> list[Event]:
        """A piece of a call's arguments."""
        item, events = self._call(event, kind)
        piece = written_text(delta)
        if item.is_done or not piece:
            return events
        events += self._lanes.tell(item, item.say(piece))
        if self._lanes.is_first(item) and item.has_begun:
            self._usual.learn(event, item.pieces, lambda text: ToolArguments(item.index, text))
        return events

    def arguments_done(self, event: _Object, kind: str, final: Any) -> list[Event]:
        """A call's arguments as they are in the end."""
        item, events = self._call(event, kind)
        if item.is_done:
            return events
        learnt = item.learn({"name": event.get("name")}) if isinstance(event.get("name"), str) else []
        return events + self._lanes.tell(item, learnt + item.complete(final))

    def happened(self, event: _Object, kind: str) -> list[Event]:
        """What only its provider knows has happened to an item. `kind` is the item's, by the event's own name."""
        if not _names_an_item(event):
            return []
        item = self._roll.named(event, event.get("item_id"))
        if item is None and kind.endswith("_call"):
            item, events = self._begin({**_unannounced(kind, event), "status": "in_progress"}, event)
            return events + self.happened(event, "") if isinstance(item, HostedItem) else events
        if not isinstance(item, HostedItem) or item.is_done:
            return []
        return self._lanes.tell(item, item.happens(event))

    def ended(self, output: Any, status: str) -> list[Event]:
        """The answer is over: tell what is missing of it. `status` is that of items that never said how they ended."""
        finals = [final for final in output if isinstance(final, dict)] if isinstance(output, list) else []
        matched = self._roll.matched(finals)
        wholes = {id(item): final for item, final in matched if item is not None}
        events: list[Event] = []
        for item in list(self._roll.items):
            if not item.is_done:
                events += self._end(item, wholes.get(id(item), item.given), status)
        for known, final in matched:
            if known is None:
                item, began = self._begin(final, {})
                events += began + self._end(item, final, status)
        return events

    def _begin(self, given: _Object, event: _Object, *, is_announced: bool = False) -> tuple[Item, list[Event]]:
        item = new_item(given, self._calls)
        item.is_announced = is_announced
        self._calls += isinstance(item, CallItem)
        self._roll.add(item, event, given.get("id"))
        self._lanes.add(item)
        return item, self._lanes.tell(item, item.begin())

    def _end(self, item: Item, final: _Object, status: str) -> list[Event]:
        return self._lanes.tell(item, item.end(final, status)) + self._lanes.close(item)

    def _learn(self, item: Item, given: _Object) -> list[Event]:
        if isinstance(item, CallItem) and not item.is_done:
            return self._lanes.tell(item, item.learn(given))
        return []

    def _text_item(self, event: _Object, kind: PartKind) -> tuple[TextItem, list[Event]]:
        item = self._roll.fitting(event, (_PARTS[kind],))
        if isinstance(item, TextItem):
            return item, []
        begun, events = self._begin(_unannounced(_PARTS[kind], event), event)
        assert isinstance(begun, TextItem)
        return begun, events

    def _call(self, event: _Object, kind: str) -> tuple[CallItem, list[Event]]:
        item = self._roll.fitting(event, (kind,))
        if isinstance(item, CallItem):
            return item, []
        begun, events = self._begin(_unannounced(kind, event), event)
        assert isinstance(begun, CallItem)
        return begun, events


def _unannounced(kind: str, event: _Object) -> _Object:
    """What is known of an item by an event that belongs to it."""
    item_id = event.get("item_id")
    return {"type": kind, "id": item_id} if isinstance(item_id, str) else {"type": kind}


def _names_an_item(event: _Object) -> bool:
    return event.get("item_id") is not None or event.get("output_index") is not None


def _object(value: Any) -> _Object:
    if not isinstance(value, dict):
        raise NotResponse
    return value


def _part_index(event: _Object) -> int | None:
    for name in _INDEXES:
        value = event.get(name)
        if type(value) is int and value >= 0:
            return value
    return None
