"""What is known of the lanes right now: which instances are spared, and which keys have nothing left."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from gateway.dialects.limits import exhausted
from gateway.errors import GatewayError, UpstreamError
from gateway.routing.breaker import Breaker, Clock, Guard
from gateway.routing.failures import Verdict
from gateway.routing.limits import Held, Limits
from gateway.routing.plan import Lane

K = TypeVar("K")

_UNTOLD_SECONDS = 1.0
"""How long a key that was throttled is passed over where nobody says how long."""
_MENDING_SECONDS = 60.0
"""The same for a key that is refused or has no credit left, until somebody has mended it."""
_CAUSED_BY_NO_REQUEST = ("upstream_unreachable", "upstream_timeout")
_MOST_MODELS = 1000
"""Models that are remembered as failing; clients can name any."""


class Health:
    """Learns from every attempt. Shared by all requests of a worker; each worker learns by itself."""

    def __init__(self, failures: int, seconds: float, clock: Clock = time.monotonic) -> None:
        self._failures = failures
        self._seconds = seconds
        self._clock = clock
        self._instances: dict[str, Breaker] = {}
        self._models: dict[tuple[str, str], Breaker] = {}
        self._limits = Limits(clock)

    def guard(self, lane: Lane) -> Guard | None:
        """What stands before an attempt: the breakers of the instance and of the model, where these have failed."""
        if not self._instances and not self._models:
            return None
        instance, model, _ = lane.author
        breakers = [
            breaker
            for breaker in (self._instances.get(instance), self._models.get((instance, model)))
            if breaker is not None
        ]
        return Guard(breakers) if breakers else None

    def seconds_left(self, lane: Lane) -> float:
        """How long a lane is spared yet."""
        guard = self.guard(lane)
        return 0.0 if guard is None else guard.seconds_left

    def in_order(self, lanes: Iterable[Lane]) -> list[Lane]:
        """The same lanes, those last whose keys have nothing left."""
        return sorted(lanes, key=self._is_used_up)

    def answered(self, lane: Lane, headers: Mapping[str, str]) -> None:
        """An answer has begun; it came with these headers."""
        instance, model, _ = lane.author
        if self._instances or self._models:
            _forget(self._instances, instance)
            _forget(self._models, (instance, model))
        if self._limits.until:
            self._limits.lift((instance, "", lane.credential.label))
        if (seconds := exhausted(headers)) is not None:
            self._limits.learn(lane.author, seconds)

    def failed(self, lane: Lane, error: GatewayError, verdict: Verdict, digest: Callable[[], bytes]) -> bool:
        """An attempt failed. True where that opened a breaker. `digest` gives the digest of the request."""
        held = blamed(lane, verdict)
        instance, model, _ = lane.author
        if type(error) is UpstreamError:
            # It said so itself, and so can be reached.
            _forget(self._instances, instance)
        if verdict.is_outage:
            breaker = self._of_instance(instance) if verdict.blame == "instance" else self._of_model(instance, model)
            # What one caller's requests provoke must not keep the others away.
            return breaker.fail(None if error.code in _CAUSED_BY_NO_REQUEST else digest())
        if verdict.blame == "lane":
            wait: float | None = getattr(error, "wait", None)
            self._limits.learn(held, _UNTOLD_SECONDS if wait is None else wait)
        elif verdict.blame == "key":
            self._limits.learn(held, _MENDING_SECONDS)
        return False

    def _of_instance(self, instance: str) -> Breaker:
        """Made when it first fails, and forgotten when it answers."""
        if instance not in self._instances:
            self._instances[instance] = self._breaker()
        return self._instances[instance]

    def _of_model(self, instance: str, model: str) -> Breaker:
        """The same for one of its models."""
        if (instance, model) not in self._models:
            if len(self._models) >= _MOST_MODELS:
                del self._models[next(iter(self._models))]
            self._models[instance, model] = self._breaker()
        return self._models[instance, model]

    def _breaker(self) -> Breaker:
        return Breaker(self._failures, self._seconds, self._clock)

    def _is_used_up(self, lane: Lane) -> bool:
        return self._limits.is_used_up(*lane.author)


def _forget(breakers: dict[K, Breaker], key: K) -> None:
    """It has answered: a request that is under way as a probe is told so, too."""
    if breakers and (breaker := breakers.pop(key, None)) is not None:
        breaker.succeed()


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
