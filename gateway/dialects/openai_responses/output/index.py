"""The items of one answer in the order in which they began, and which of them an event or a final item means."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence

from gateway.dialects.openai_responses.output.items import Item
from gateway.neutral.json import Json, JsonObject, count_or_none, text_or_empty, text_or_none


class ItemIndex:
    """Finds items by what upstreams name them by.

    That is an id first, then a place in the output: some upstreams give one item a new id in every event, others give
    several items the same place.
    """

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._by_id: dict[str, Item] = {}
        self._by_place: dict[int, Item] = {}

    def add(self, item: Item, place: JsonObject, item_id: Json) -> None:
        """Enter an item that begins; `place` is the event with its index in the output."""
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
        """The item that came already and is this one, by an event that has it whole."""
        found = self.named(event, given.get("id"))
        if found is None or found.type != given.get("type"):
            return None
        return found if self.knows(found, given.get("id")) or _may_be(found, given) else None

    def matched(self, finals: Sequence[JsonObject]) -> list[tuple[Item | None, JsonObject]]:
        """Each of the items that an answer has in the end, with the one that came of it before, if any.

        By their ids first, then by those of calls, by their places, and at last by their types alone.
        """
        matching = _Matching(self.items, finals)
        matching.take(self._same_id)
        matching.take(matching.by_call)
        matching.take(self._same_place)
        matching.take_by_type()
        return [(matching.found.get(number), final) for number, final in enumerate(finals)]

    def _same_id(self, number: int, final: JsonObject) -> Item | None:
        item_id = text_or_none(final.get("id"))
        return None if item_id is None else self._by_id.get(item_id)

    def _same_place(self, number: int, final: JsonObject) -> Item | None:
        item = self._by_place.get(number)
        return item if item is not None and _may_be(item, final) else None


class _Matching:
    """Finds the items that final ones are. Each item is found once."""

    def __init__(self, items: Sequence[Item], finals: Sequence[JsonObject]) -> None:
        self.found: dict[int, Item] = {}
        """By the numbers of the final items."""
        self._finals = finals
        self._left = dict.fromkeys(items)
        self._calls: dict[tuple[str, str], deque[Item]] = defaultdict(deque)
        for item in items:
            if item.call_id is not None:
                self._calls[item.type, item.call_id].append(item)

    def take(self, find: Callable[[int, JsonObject], Item | None]) -> None:
        """Take the items that `find` has for the final ones that have none yet."""
        for number, final in enumerate(self._finals):
            item = None if number in self.found else find(number, final)
            if item is not None and item in self._left and item.type == final.get("type"):
                self.found[number] = item
                del self._left[item]

    def by_call(self, number: int, final: JsonObject) -> Item | None:
        """The first item that is left of those with the id of a call."""
        call_id = text_or_none(final.get("call_id"))
        calls = None if call_id is None else self._calls.get((text_or_empty(final.get("type")), call_id))
        while calls:
            item = calls.popleft()
            if item in self._left:
                return item
        return None

    def take_by_type(self) -> None:
        """Take the first of each type that is left: one whose call has an id only for a final one without."""
        any_call: dict[str, deque[Item]] = defaultdict(deque)
        unnamed: dict[str, deque[Item]] = defaultdict(deque)
        for item in self._left:
            any_call[item.type].append(item)
            if not item.call_id:
                unnamed[item.type].append(item)

        def first(number: int, final: JsonObject) -> Item | None:
            items = (unnamed if text_or_empty(final.get("call_id")) else any_call)[text_or_empty(final.get("type"))]
            while items:
                item = items.popleft()
                if item in self._left:
                    return item
            return None

        self.take(first)


def _may_be(item: Item, final: JsonObject) -> bool:
    """Whether these can be one: two ids of calls that differ are of two."""
    call_id = text_or_none(final.get("call_id"))
    return not (item.call_id and call_id and item.call_id != call_id)


def _index(event: JsonObject) -> int | None:
    return count_or_none(event.get("output_index"))
