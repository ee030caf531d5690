"""Tells things that happen at the same time one after the other."""

from collections import deque

from gateway.events import Event


class Lane:
    """What one item, or one part of an item, tells."""

    def __init__(self) -> None:
        self.waiting: list[Event] = []
        self.is_done = False


class Lanes:
    """Lets out the events of the first lane that is not done; those of later ones wait until it is.

    The last lane stays open to what comes late, until there is another.
    """

    def __init__(self) -> None:
        self._lanes: deque[Lane] = deque()

    def is_first(self, lane: Lane) -> bool:
        """Whether what this lane tells goes out at once."""
        return self._lanes[0] is lane

    def add(self, lane: Lane) -> None:
        """Open a lane behind the others."""
        self._lanes.append(lane)
        # Nothing waits in a new lane, so nothing is let out.
        self._advance()

    def tell(self, lane: Lane, events: list[Event]) -> list[Event]:
        """Let events out, or keep them. What a lane says after its end, when others have begun, is lost."""
        if self._lanes[0] is lane:
            return events
        if not lane.is_done:
            lane.waiting += events
        return []

    def close(self, lane: Lane) -> list[Event]:
        """The lane is done: what waited for that."""
        lane.is_done = True
        return self._advance()

    def _advance(self) -> list[Event]:
        let_out: list[Event] = []
        while len(self._lanes) > 1 and self._lanes[0].is_done:
            self._lanes.popleft()
            let_out += self._lanes[0].waiting
            self._lanes[0].waiting = []
        return let_out
