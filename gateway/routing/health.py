"""What is known of the lanes right now: which instances are spared, and which keys have nothing left."""

import time
from collections.abc import Iterable, Mapping

from gateway.dialects.limits import exhausted
from gateway.errors import GatewayError
from gateway.routing.breaker import Breaker, Clock
from gateway.routing.failures import Verdict
from gateway.routing.limits import Held, Limits
from gateway.routing.plan import Lane

_UNTOLD_SECONDS = 1.0
"""How long a key that was throttled is passed over where nobody says how long."""
_MENDING_SECONDS = 60.0
"""The same for a key that is refused or has no credit left, until somebody has mended it."""


class Health:
    """Learns from every attempt. Shared by all requests of a worker; each worker learns by itself."""

    def __init__(self, failures: int, seconds: float, clock: Clock = time.monotonic) -> None:
        self._failures = failures
        self._seconds = seconds
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}
        self._limits = Limits(clock)

    def breaker(self, lane: Lane) -> Breaker:
        """That of the lane's instance."""
        name = lane.upstream.name
        if name not in self._breakers:
            self._breakers[name] = Breaker(self._failures, self._seconds, self._clock)
        return self._breakers[name]

    def in_order(self, lanes: Iterable[Lane]) -> list[Lane]:
        """The same lanes, those last whose keys have nothing left."""
        return sorted(lanes, key=self._is_used_up)

    def answered(self, lane: Lane, headers: Mapping[str, str]) -> None:
        """An answer has begun; it came with these headers."""
        self.breaker(lane).succeed()
        if (seconds := exhausted(headers)) is not None:
            self._limits.learn(lane.author, seconds)

    def failed(self, lane: Lane, error: GatewayError, verdict: Verdict) -> bool:
        """An attempt failed. True where that opened the breaker of the instance."""
        held = blamed(lane, verdict)
        if verdict.blame == "instance":
            return self.breaker(lane).fail()
        if verdict.blame == "lane":
            wait: float | None = getattr(error, "wait", None)
            self._limits.learn(held, _UNTOLD_SECONDS if wait is None else wait)
        elif verdict.blame == "key":
            self._limits.learn(held, _MENDING_SECONDS)
        return False

    def _is_used_up(self, lane: Lane) -> bool:
        return self._limits.is_used_up(*lane.author)


def blamed(lane: Lane, verdict: Verdict) -> Held:
    """What would fail again at once: an instance, a label and a model, each empty where all of them are meant."""
    instance, model, label = lane.author
    match verdict.blame:
        case "lane":
            return instance, model, label
        case "key":
            return instance, "", label
        case "model" | "request":
            return instance, model, ""
        case "instance":
            return instance, "", ""
