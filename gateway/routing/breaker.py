"""Spares an upstream that fails again and again, and asks it now and then whether it is back."""

import math
import time
from collections.abc import Callable, Sequence

Clock = Callable[[], float]

PROBE_SECONDS = 10.0
"""How long a probe keeps others away. An answer may take longer; it need not hold everybody up."""
_MOST_REQUESTS = 1000
"""Requests that are remembered as having failed; while nothing answers there are always more."""


class Breaker:
    """One instance's breaker: closed, open for a while, then half open, where one request at a time may probe.

    It opens after so many failures in a row of different requests, and again after each probe that fails, unless that
    is a request which has failed before.
    """

    def __init__(self, failures: int, seconds: float, clock: Clock = time.monotonic) -> None:
        self._most = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._opens_at = -math.inf
        self._probed_until = -math.inf
        self._failed: dict[bytes, None] = {}
        """The digests of the requests that have failed in a row, the latest last."""

    @property
    def admits(self) -> bool:
        """Whether a request may go there now."""
        return not self.is_open or self._clock() >= max(self._opens_at, self._probed_until)

    @property
    def admits_probe(self) -> bool:
        """Whether a request may go there that can go nowhere else: one at a time, though it is open."""
        return not self.is_open or self._clock() >= self._probed_until

    @property
    def seconds_left(self) -> float:
        """How long it stays open, or a probe keeps others away; 0 where a request may go."""
        return max(max(self._opens_at, self._probed_until) - self._clock(), 0.0) if self.is_open else 0.0

    @property
    def is_open(self) -> bool:
        """Whether it has opened, and no request has succeeded since."""
        return self._failures >= self._most

    def begin(self) -> bool:
        """A request goes there. True if it is a probe: then exactly one of the following is told of it."""
        if not self.is_open:
            return False
        self._probed_until = self._clock() + PROBE_SECONDS
        return True

    def succeed(self) -> None:
        """It answered."""
        self._failures = 0
        self._failed.clear()
        self._probed_until = -math.inf

    def fail(self, request: bytes | None = None) -> bool:
        """It failed, and is to blame. True where that opened the breaker.

        `request` is the digest of a request that may have been the cause, and counts once; None where none can be.
        """
        was_open = self.is_open
        if request is not None:
            if request in self._failed:
                # It may be the cause itself, and tells nothing new: the others wait no longer for it.
                return False
            self._remember(request)
        self._failures = min(self._failures + 1, self._most)
        if self.is_open:
            self._opens_at = self._clock() + self._seconds
        return self.is_open and not was_open

    def _remember(self, request: bytes) -> None:
        if len(self._failed) >= _MOST_REQUESTS:
            del self._failed[next(iter(self._failed))]
        self._failed[request] = None

    def abandon(self) -> None:
        """Nobody knows what came of a probe: the client left, or something else was to blame."""
        self._probed_until = -math.inf


class Guard:
    """The breakers that stand before one attempt: all must admit it."""

    def __init__(self, breakers: Sequence[Breaker]) -> None:
        self._breakers = breakers
        self._probed: list[Breaker] = []

    @property
    def admits(self) -> bool:
        """Whether the request may go there now."""
        return all(breaker.admits for breaker in self._breakers)

    @property
    def admits_probe(self) -> bool:
        """Whether a request may go there that can go nowhere else."""
        return all(breaker.admits_probe for breaker in self._breakers)

    @property
    def seconds_left(self) -> float:
        """How long one of them stays open yet."""
        return max(breaker.seconds_left for breaker in self._breakers)

    def begin(self) -> None:
        """The request goes there."""
        self._probed = [breaker for breaker in self._breakers if breaker.begin()]

    def end(self) -> None:
        """It is over. Where it was a probe, and nothing was told of it, the next may be one."""
        for breaker in self._probed:
            breaker.abandon()
