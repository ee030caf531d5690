"""Spares an upstream that fails again and again, and asks it now and then whether it is back."""

import math
import time
from collections.abc import Callable

Clock = Callable[[], float]


class Breaker:
    """One instance's breaker: closed, open for a while, then half open, where one request at a time may probe.

    It opens after so many failures in a row, and again after each probe that fails.
    """

    def __init__(self, failures: int, seconds: float, clock: Clock = time.monotonic) -> None:
        self._most = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._opens_at = -math.inf
        self._is_probed = False

    @property
    def admits(self) -> bool:
        """Whether a request may go there now."""
        if self._failures < self._most:
            return True
        return not self._is_probed and self._clock() >= self._opens_at

    @property
    def seconds_left(self) -> float:
        """How long it stays open; 0 where a request may go, or probes already."""
        return 0.0 if self._failures < self._most else max(self._opens_at - self._clock(), 0.0)

    @property
    def is_open(self) -> bool:
        """Whether it has opened, and no request has succeeded since."""
        return self._failures >= self._most

    def begin(self) -> None:
        """A request goes there. Exactly one of the following is told of it."""
        self._is_probed = self._is_probed or self.is_open

    def succeed(self) -> None:
        """It answered."""
        self._failures = 0
        self._is_probed = False

    def fail(self) -> bool:
        """It failed, and is to blame. True where that opened the breaker."""
        was_open = self.is_open
        self._failures = min(self._failures + 1, self._most)
        self._is_probed = False
        if self.is_open:
            self._opens_at = self._clock() + self._seconds
        return self.is_open and not was_open

    def abandon(self) -> None:
        """Nobody knows: the client left, or something else was to blame."""
        self._is_probed = False
