"""Leaves out the beginning of a conversation (`truncation: auto`): whole turns, the oldest first."""

from collections.abc import Callable, Sequence

from gateway.neutral.json import JsonObject
from gateway.neutral.values import value
from gateway.window.units import Unit, indexes_of, units

Size = Callable[[Sequence[JsonObject]], int]
"""The tokens of some items, by an estimate."""


@value
class Truncated:
    """The items that are left, and the indexes of those that are not."""

    items: Sequence[JsonObject]
    dropped: Sequence[int]


def truncated(items: Sequence[JsonObject], excess: int, size: Size) -> Truncated:
    """The items without the oldest turns, so that `excess` tokens are gone, if that is possible.

    System and developer messages stay, and so does the last message of the user's; calls go with their outputs. Of the
    last turn, only what the model has done in it already may go.
    """
    if excess <= 0:
        return Truncated(items, ())
    gone: set[int] = set()
    freed = 0
    for group in _droppable(units(items)):
        if freed >= excess:
            break
        for unit in group:
            gone.update(indexes_of(unit, items))
            freed += size(unit.items)
    return Truncated([item for index, item in enumerate(items) if index not in gone], sorted(gone))


def _droppable(found: Sequence[Unit]) -> list[list[Unit]]:
    """Groups of units that go together, in the order in which they go: turns before the last, then steps of that."""
    turns: list[list[Unit]] = []
    for unit in found:
        if unit.begins_turn or not turns:
            turns.append([])
        turns[-1].append(unit)
    if not turns:
        return []
    *earlier, last = turns
    # The first unit of a turn holds the user's message, the last one what the model is to go on from.
    return [*earlier, *([unit] for unit in last[1:-1])]
