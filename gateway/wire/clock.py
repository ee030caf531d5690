"""One timer for the deadlines of all connections.

A deadline moves with every chunk. It is a plain attribute, and the timer looks again when it fires: no timer, no
time-out object and no task is made for a call.
"""

import asyncio
import math
from typing import Protocol

# Timers of uvloop count milliseconds, and may fire that much too early.
_EARLY_SECONDS = 0.001
# Deadlines that lie closer together share one look at all of them.
_FINEST_SECONDS = 0.005


class Timed(Protocol):
    """Something that may take too long. `deadline` is a time of the loop's clock; `math.inf` for none."""

    deadline: float

    def expire(self) -> None:
        """The deadline has passed."""


class Clock:
    """Watches deadlines; one that passes is noticed within a few milliseconds."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watched: set[Timed] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = math.inf
        self.now = self._loop.time

    def watch(self, timed: Timed) -> None:
        """Watch a deadline, from now until `forget`."""
        self._watched.add(timed)
        self.notice(timed.deadline)

    def forget(self, timed: Timed) -> None:
        """Watch a deadline no longer."""
        self._watched.discard(timed)

    def notice(self, deadline: float) -> None:
        """A watched deadline is now this one. Needed only where it may have become earlier."""
        if deadline < self._fires_at:
            self._fire_at(deadline)

    def close(self) -> None:
        """Stop the timer."""
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _fire_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = when
        self._timer = self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._timer, self._fires_at = None, math.inf
        now = self.now()
        for timed in [timed for timed in self._watched if timed.deadline <= now + _EARLY_SECONDS]:
            timed.expire()
        earliest = min((timed.deadline for timed in self._watched), default=math.inf)
        if earliest < math.inf:
            self.notice(max(earliest, now + _FINEST_SECONDS))
