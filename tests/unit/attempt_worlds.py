"""A world in which candidates fail and answer by a script, and time passes only where it is waited for."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from gateway.errors import GatewayError, UpstreamDown, UpstreamError
from gateway.routing.attempts import Attempts, Conditions
from gateway.routing.health import Health
from gateway.routing.plan import Lane


def throttled(wait: float | None = None) -> UpstreamError:
    error = UpstreamError(429, "Slow down.", type="rate_limit_error", code="rate_limit_exceeded")
    return error.replaced(wait=wait)


def overloaded(wait: float | None = None) -> UpstreamError:
    error = UpstreamError(503, "Busy.", type="server_error", code="overloaded")
    return error.replaced(wait=wait)


def wrong() -> UpstreamError:
    return UpstreamError(400, "No.", type="invalid_request_error", code=None)


def gone() -> UpstreamError:
    return UpstreamDown("Gone.", code="upstream_unreachable")


def locked() -> UpstreamError:
    return UpstreamDown("Locked.", code="upstream_auth")


@dataclass
class Retries:
    attempts: int = 1
    longest_wait: float = 8.0


@dataclass
class World:
    """Time that passes only where it is waited for, and what each lane does next: an error, or nothing."""

    retries: Retries = field(default_factory=Retries)
    failures: int = 100
    acts: dict[str, list[GatewayError]] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    now: float = 0.0
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        health = Health(self.failures, 30.0, lambda: self.now)
        self.conditions = Conditions(health, self.retries, {}, self._pause, lambda: self.now)

    async def _pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def attempts(self, among: list[Lane]) -> Attempts:
        # Each is another request.
        return Attempts(among, self.conditions, next(self.numbers))

    async def run(self, among: list[Lane]) -> str:
        """The name of the lane that answered."""
        return (await self.attempts(among).run(self.prepare)).name

    def prepare(self, lane: Lane) -> "Ready":
        return Ready(self, name(lane))


@dataclass
class Ready:
    """An attempt that does what its lane does next."""

    world: World
    name: str
    headers: Mapping[str, str] = field(default_factory=dict)

    async def begin(self) -> None:
        self.world.tried.append(self.name)
        await asyncio.sleep(0)
        if acts := self.world.acts.get(self.name):
            raise acts.pop(0)


def name(lane: Lane) -> str:
    keys = list(lane.upstream.credentials)
    number = keys.index(lane.credential)
    return f"{lane.upstream.name}{number or ''}"
