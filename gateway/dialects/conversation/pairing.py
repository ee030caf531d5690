"""Finds the output of every tool call of a conversation."""

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

Item = dict[str, Any]
CALLS = frozenset({"function_call", "custom_tool_call"})
OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})


class Pairs:
    """Which output belongs to which call, by their places in the conversation.

    Chat wants a call's output right behind it, and exactly one; here it may stand anywhere later. Some providers begin
    anew with their ids in every turn, so an output belongs to the last turn that has an unanswered call of its id.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.output_of: dict[int, int] = {}
        self.strays: set[int] = set()
        """Outputs that no call waits for."""
        waiting: dict[Any, list[tuple[int, deque[int]]]] = defaultdict(list)
        turn = 0
        for place, item in enumerate(items):
            kind = item.get("type")
            if kind in CALLS:
                turns = waiting[_id(item)]
                if not turns or turns[-1][0] != turn:
                    turns.append((turn, deque()))
                turns[-1][1].append(place)
            elif kind in OUTPUTS:
                turn += 1
                self._answer(place, waiting[_id(item)])
            elif item.get("role") == "user":
                turn += 1

    def _answer(self, place: int, waiting: list[tuple[int, deque[int]]]) -> None:
        if not waiting:
            self.strays.add(place)
            return
        calls = waiting[-1][1]
        self.output_of[calls.popleft()] = place
        if not calls:
            waiting.pop()


def _id(item: Item) -> str | None:
    """The id that pairs; a stray has none of its own."""
    value = item.get("call_id")
    return value if isinstance(value, str) else None
