"""Finds the output of every tool call of a conversation."""

from collections import defaultdict, deque
from collections.abc import Sequence

from gateway.neutral.items import Item, Message, ToolCall, ToolOutput


class Pairs:
    """Which output belongs to which call, by the index of the call's item.

    Most upstreams want a call's output right behind it, and exactly one; here it may stand anywhere later. Some
    providers begin anew with their ids in every turn, so an output belongs to the last turn that has an unanswered call
    of its id.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.output_of: dict[int, ToolOutput] = {}
        self.strays: set[int] = set()
        """The index of each output that belongs to no call."""
        unanswered: dict[str | None, list[tuple[int, deque[int]]]] = defaultdict(list)
        turn = 0
        for item in items:
            if isinstance(item, Message):
                turn += item.role == "user"
            elif isinstance(item, ToolCall):
                turns = unanswered[item.call_id]
                if not turns or turns[-1][0] != turn:
                    turns.append((turn, deque()))
                turns[-1][1].append(item.position.index)
            elif isinstance(item, ToolOutput):
                turn += 1
                self._answer(item, unanswered[item.call_id])

    def _answer(self, output: ToolOutput, unanswered: list[tuple[int, deque[int]]]) -> None:
        if not unanswered:
            self.strays.add(output.position.index)
            return
        calls = unanswered[-1][1]
        self.output_of[calls.popleft()] = output
        if not calls:
            unanswered.pop()
