"""Remembers which keys of which upstreams have nothing left to give for a while."""

import time

from gateway.routing.breaker import Clock

_CAPACITY = 10_000
_LONGEST_SECONDS = 3600.0
"""No answer teaches that a limit was lifted early, and some upstreams say a moment where seconds are meant."""

Held = tuple[str, str, str]
"""An instance, a model, and the label of a credential; the model is empty where all of them are meant."""


class Limits:
    """Learnt from answers and refusals. What is used up is passed over while there are others, and never refused."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.until: dict[Held, float] = {}
        """When each is lifted again, by the clock. Nearly always empty."""

    def learn(self, held: Held, seconds: float) -> None:
        """It has nothing left for so long."""
        if len(self.until) >= _CAPACITY:
            self._forget()
        self.until[held] = self._clock() + min(seconds, _LONGEST_SECONDS)

    def lift(self, held: Held) -> None:
        """It answers again."""
        if self.until:
            self.until.pop(held, None)

    def is_used_up(self, instance: str, model: str, label: str) -> bool:
        """Whether a request would be refused, as far as is known."""
        if not self.until:
            return False
        now = self._clock()
        return any(self.until.get(held, now) > now for held in ((instance, model, label), (instance, "", label)))

    def _forget(self) -> None:
        """Drop what is over; clients can name models without end, so the rest goes, too, where that is too much."""
        now = self._clock()
        self.until = {held: until for held, until in self.until.items() if until > now}
        if len(self.until) >= _CAPACITY:
            self.until.clear()
