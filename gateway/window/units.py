"""Splits the items of a conversation into what can only be left out together: turns, and calls with their outputs.

Items are those of the Responses API, as a request has them.
"""

from collections.abc import Sequence

from gateway.neutral.json import JsonObject, text_or_none
from gateway.neutral.values import value

_LASTING_ROLES = ("system", "developer")
_LASTING = ("additional_tools", "configuration_update", "mcp_list_tools")
"""Types of items that hold for all of what comes after them."""


@value
class Unit:
    """Items that follow each other and are sent together or not at all. `start` is the index of the first."""

    start: int
    items: Sequence[JsonObject]
    begins_turn: bool
    """Whether the first is a message of the user's."""


def is_lasting(item: JsonObject) -> bool:
    """Whether an item stays whatever is left out: instructions, tools and settings of the whole conversation."""
    if item.get("type") in _LASTING:
        return True
    return _is_message(item) and item.get("role") in _LASTING_ROLES


def units(items: Sequence[JsonObject]) -> list[Unit]:
    """The items in units, in their order, without those that are lasting.

    A unit begins at a message of the user's, or where an answer goes on after the outputs of its calls; what a call and
    its output have between them is one unit with them.
    """
    found: list[Unit] = []
    ends = _ends(items)
    current: list[JsonObject] = []
    start, open_until, begins_turn, had_output = 0, -1, False, False
    for index, item in enumerate(items):
        if is_lasting(item):
            continue
        is_user = _is_message(item) and item.get("role") == "user"
        goes_on = had_output and not is_answer(item)
        if current and index > open_until and (is_user or goes_on):
            found.append(Unit(start, current, begins_turn))
            current = []
        if not current:
            start, begins_turn, had_output = index, is_user, False
        current.append(item)
        had_output = had_output or is_answer(item)
        open_until = max(open_until, ends.get(index, -1))
    if current:
        found.append(Unit(start, current, begins_turn))
    return found


def indexes_of(unit: Unit, items: Sequence[JsonObject]) -> list[int]:
    """Where the items of a unit stand. Lasting ones may stand between them."""
    indexes: list[int] = []
    index = unit.start
    while len(indexes) < len(unit.items):
        if not is_lasting(items[index]):
            indexes.append(index)
        index += 1
    return indexes


def _ends(items: Sequence[JsonObject]) -> dict[int, int]:
    """Where the output of each call stands, by the index of the call. Some models repeat the ids of their calls."""
    ends: dict[int, int] = {}
    waiting: dict[str, list[int]] = {}
    for index, item in enumerate(items):
        call_id = _call_id(item)
        if call_id is None:
            continue
        calls = waiting.setdefault(call_id, [])
        if not is_answer(item):
            calls.append(index)
        elif calls:
            ends[calls.pop()] = index
    return ends


def _call_id(item: JsonObject) -> str | None:
    return text_or_none(item.get("call_id")) or text_or_none(item.get("approval_request_id"))


def _is_message(item: JsonObject) -> bool:
    return item.get("type") in (None, "message")


def is_answer(item: JsonObject) -> bool:
    """Whether an item is what came of a call, or of a question about one."""
    return str(item.get("type")).endswith(("_output", "_approval_response"))
