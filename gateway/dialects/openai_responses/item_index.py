"""The items of one answer in the order in which they began, and which of them an event or a final item means."""

from collections.abc import Iterable

from gateway.dialects.openai_responses.items import Item
from gateway.neutral.json import Json, JsonObject, text_or_none


class ItemIndex:
    """Finds items by what upstreams know them by.

    That is an id first, then a place in the output: some upstreams give one item a new id in every event, others give
    several items the same place.
    """

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._by_id: dict[str, Item] = {}
        self._by_place: dict[int, Item] = {}

    def add(self, item: Item, place: JsonObject, item_id: Json) -> None:
        """Enter an item that begins; `place` is the event that says where."""
        self.items.append(item)
        if isinstance(item_id, str):
            self._by_id[item_id] = item
        if (index := _index(place)) is not None:
            self._by_place[index] = item

    def named(self, event: JsonObject, item_id: Json) -> Item | None:
        """The item that an event names. One that names none means the last, where that is open."""
        if isinstance(item_id, str) and item_id in self._by_id:
            return self._by_id[item_id]
        index = _index(event)
        if index is not None:
            return self._by_place.get(index)
        last = self.items[-1] if self.items and item_id is None else None
        return None if last is None or last.is_done else last

    def fitting(self, event: JsonObject, kinds: Iterable[str]) -> Item | None:
        """The item that an event names, or the last open one of these kinds where that is of another."""
        found = self.named(event, event.get("item_id"))
        if found is None or found.type in kinds:
            return found
        return next((item for item in reversed(self.items) if item.type in kinds and not item.is_done), None)

    def knows(self, item: Item, item_id: Json) -> bool:
        """Whether an item is known by this id."""
        return isinstance(item_id, str) and self._by_id.get(item_id) is item

    def same(self, event: JsonObject, given: JsonObject) -> Item | None:
        """The item that was told already and is this one, by an event that has it whole."""
        found = self.named(event, given.get("id"))
        if found is None or found.type != given.get("type"):
            return None
        return found if self.knows(found, given.get("id")) or _may_be(found, given) else None

    def matched(self, finals: list[JsonObject]) -> list[tuple[Item | None, JsonObject]]:
        """Each of the items that an answer has in the end, with the one that was told of it, if any."""
        left = list(self.items)
        found: dict[int, Item] = {}
        for is_same in (self._is_by_id, _is_by_call, self._is_by_place, _is_by_type):
            for number, final in enumerate(finals):
                if number in found:
                    continue
                item = next(
                    (item for item in left if item.type == final.get("type") and is_same(item, final, number)), None
                )
                if item is not None:
                    found[number] = item
                    left.remove(item)
        return [(found.get(number), final) for number, final in enumerate(finals)]

    def _is_by_id(self, item: Item, final: JsonObject, number: int) -> bool:
        return self.knows(item, final.get("id"))

    def _is_by_place(self, item: Item, final: JsonObject, number: int) -> bool:
        return self._by_place.get(number) is item and _may_be(item, final)


def _is_by_call(item: Item, final: JsonObject, number: int) -> bool:
    return item.call_id is not None and item.call_id == final.get("call_id")


def _is_by_type(item: Item, final: JsonObject, number: int) -> bool:
    return _may_be(item, final)


def _may_be(item: Item, final: JsonObject) -> bool:
    """Whether no two calls' ids say that these are two."""
    call_id = text_or_none(final.get("call_id"))
    return not (item.call_id and call_id and item.call_id != call_id)


def _index(event: JsonObject) -> int | None:
    value = event.get("output_index")
    return value if type(value) is int and value >= 0 else None
