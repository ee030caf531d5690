"""Tries one lane after the other until one answers, and all of them again where waiting may help."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import structlog

from gateway.errors import GatewayError, InvalidRequest, UpstreamDown
from gateway.neutral.kept import digest_of
from gateway.routing.failures import Verdict, judge
from gateway.routing.health import Health, blamed
from gateway.routing.plan import Lane

_FIRST_BACKOFF = 0.5

log = structlog.get_logger(__name__)
Pause = Callable[[float], Awaitable[None]]


class Retries(Protocol):
    """How often one lane is tried in all, and for how many seconds a request waits before it is tried again."""

    @property
    def attempts(self) -> int: ...

    @property
    def longest_wait(self) -> float: ...


class Trial(Protocol):
    """One attempt, ready to be made."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Those that the answer came with. Names are in lower case."""

    async def begin(self) -> None:
        """Ask, and wait until the answer has begun. Raises `GatewayError`."""


Made = TypeVar("Made", bound=Trial)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all attempts of a worker share. `of_provider` has the retries of those that have their own."""

    health: Health
    retries: Retries
    of_provider: Mapping[str, Retries]
    pause: Pause = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever prepares a large request: several threads would keep the loop from the interpreter's lock."""

    def retries_of(self, lane: Lane) -> Retries:
        """Those that hold for a lane."""
        return self.of_provider.get(lane.upstream.name, self.retries)


@dataclass(slots=True)
class _Failure:
    lane: Lane
    error: GatewayError
    verdict: Verdict
    tries: int = 1
    ready_at: float = math.inf
    """When the lane may be tried again; never, where that is of no use or too far away."""


class Attempts:
    """The attempts at one answer. Nothing has reached the client before one of them has begun to answer."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        conditions: Conditions,
        body: object = None,
        *,
        is_large: bool = False,
        is_asked: bool = False,
    ) -> None:
        """`body` is the request's. `is_asked`: the first lane has been asked already, and its answer is at hand."""
        self._lanes = lanes
        self._body = body
        self._is_asked = is_asked
        self._is_large = is_large
        self._conditions = conditions
        self._failures: dict[tuple[str, str, str], _Failure] = {}
        self._spared: list[Lane] = []
        self.count = 0
        """Requests that were sent to an upstream."""
        self.paused = 0.0
        """Seconds that went by between them, because an upstream was to be left alone."""
        self.lane = lanes[0]
        """Who answers; or whose error it is, where none does."""

    async def run(self, prepare: Callable[[Lane], Made]) -> Made:
        """The first trial that has begun to answer. `prepare` raises `GatewayError` for a lane that cannot be asked.

        A failure that another lane may not share goes to the next lane at once. When all have failed, those that may
        do better later are tried again after the provider's own wait, or a growing one of our own. A wait that is too
        long is the client's to wait. Raises the error that tells most, `retry-after` included.
        """
        waiting = self._conditions.health.in_order(self._lanes) if len(self._lanes) > 1 else self._lanes
        while True:
            made = await self._round(waiting, prepare, is_probe=len(self._lanes) == 1)
            if made is None and self._spared and (probe := self._probe()) is not None:
                made = await self._round([probe], prepare, is_probe=True)
            if made is not None:
                return made
            ready_at = min((failure.ready_at for failure in self._failures.values()), default=math.inf)
            if ready_at == math.inf:
                raise self._final()
            began = self._conditions.clock()
            await self._conditions.pause(max(ready_at - began, 0.0))
            self.paused += self._conditions.clock() - began
            waiting = [failure.lane for failure in self._failures.values() if failure.ready_at <= ready_at]

    async def _round(self, lanes: Sequence[Lane], prepare: Callable[[Lane], Made], *, is_probe: bool) -> Made | None:
        """Try each lane once, but for those that would fail as others did just now, or whose circuit is open.

        `is_probe`: there is no other way, and one request at a time finds out whether an open circuit can be closed.
        """
        in_vain: set[tuple[str, str, str]] = set()
        inexpressible: set[tuple[str, int]] = set()
        for lane in lanes:
            if in_vain and _shares(lane, in_vain):
                continue
            if inexpressible and _kind(lane) in inexpressible:
                continue
            guard = None if self._is_asked else self._conditions.health.guard(lane)
            self._is_asked = False
            if guard is not None:
                if not (guard.admits_probe if is_probe else guard.admits):
                    self._spared.append(lane)
                    self._dropped(lane)
                    continue
                guard.begin()
            try:
                made = await self._prepared(prepare, lane) if self._is_large else prepare(lane)
                self.count += 1
                await made.begin()
            except GatewayError as error:
                verdict = self._failed(lane, error)
                if not verdict.may_fail_over:
                    self.lane = lane
                    raise _with_wait(error) from error.__cause__
                in_vain.add(blamed(lane, verdict))
                # Another model of the same provider may read more.
                if isinstance(error, InvalidRequest) and error.code != "context_length_exceeded":
                    inexpressible.add(_kind(lane))
            else:
                self.lane = lane
                self._conditions.health.answered(lane, made.headers)
                return made
            finally:
                if guard is not None:
                    # Where neither was said, the client has left, and nobody knows.
                    guard.end()
        return None

    async def _prepared(self, prepare: Callable[[Lane], Made], lane: Lane) -> Made:
        """What takes long is done beside the loop, so that others go on: the lock changes hands each 5 ms."""
        async with self._conditions.turns:
            return await asyncio.to_thread(prepare, lane)

    def _probe(self) -> Lane | None:
        """The candidate that finds out whether its circuit can be closed, where all that could answer are skipped."""
        if any(failure.verdict.blame != "request" for failure in self._failures.values()):
            return None
        guards = ((lane, self._conditions.health.guard(lane)) for lane in self._spared)
        return next((lane for lane, guard in guards if guard is None or guard.admits_probe), None)

    def _failed(self, lane: Lane, error: GatewayError) -> Verdict:
        verdict = judge(error)
        is_opened = self._conditions.health.failed(lane, error, verdict, self._digest)
        failure = _Failure(lane, error, verdict)
        if (before := self._failures.pop(lane.author, None)) is not None:
            failure.tries += before.tries
        retries = self._conditions.retries_of(lane)
        if verdict.may_retry and failure.tries < retries.attempts:
            wait = _wait(error, failure.tries - 1, retries.longest_wait)
            if wait <= retries.longest_wait:
                failure.ready_at = self._conditions.clock() + wait
        # The latest comes last.
        self._failures[lane.author] = failure
        _log_failure(failure, is_opened=is_opened)
        return verdict

    def _digest(self) -> bytes:
        return digest_of(self._body, most_bytes=math.inf) or b""

    def _dropped(self, lane: Lane) -> None:
        """Its breaker opened while it was waiting: that it failed is known, and that is what is told."""
        if (failure := self._failures.get(lane.author)) is not None:
            failure.ready_at = math.inf

    def _final(self) -> GatewayError:
        """The error for the client: of those that pass, or of those that came from an upstream, the latest."""
        failures = list(self._failures.values())
        passing = [failure for failure in failures if failure.verdict.may_retry]
        asked = [failure for failure in failures if failure.verdict.blame != "request"]
        if passing or asked:
            failure = (passing or asked)[-1]
        elif self._spared:
            return self._spared_error()
        else:
            failure = failures[0]
        self.lane = failure.lane
        return _with_wait(failure.error)

    def _spared_error(self) -> GatewayError:
        health = self._conditions.health
        self.lane = min(self._spared, key=health.seconds_left)
        message = f"{self.lane.upstream.name} has failed again and again. It will be asked again soon."
        error = UpstreamDown(message, status=503, code="upstream_unavailable")
        return _with_wait(error.replaced(wait=health.seconds_left(self.lane)))


def backoff(tries: int, longest: float) -> float:
    """Seconds to wait after so many tries beside the first, with full jitter."""
    return random.uniform(0.0, min(_FIRST_BACKOFF * 2.0 ** min(tries, 60), longest))


def _wait(error: GatewayError, tries: int, longest: float) -> float:
    asked: float | None = getattr(error, "wait", None)
    if asked is None:
        return backoff(tries, longest)
    # Those who were told the same moment should not all come at it.
    return asked if asked > longest else min(asked * random.uniform(1.0, 1.1), longest)


def _with_wait(error: GatewayError) -> GatewayError:
    """The error with `retry-after`, if the time is known and the header not there yet."""
    wait: float | None = getattr(error, "wait", None)
    if wait is None or any(name.startswith(b"retry-after") for name, _ in error.headers):
        return error
    return error.with_headers((b"retry-after", str(max(math.ceil(wait), 1)).encode()))


def _shares(lane: Lane, in_vain: set[tuple[str, str, str]]) -> bool:
    instance, model, label = lane.author
    return not in_vain.isdisjoint({(instance, "", ""), (instance, model, ""), (instance, "", label), lane.author})


def _kind(lane: Lane) -> tuple[str, int]:
    """Lanes of one kind are asked in the same words: what cannot be said to one, cannot be said to the other."""
    return lane.upstream.name, id(lane.upstream.own.of(lane.model))


def _log_failure(failure: _Failure, *, is_opened: bool) -> None:
    lane, error = failure.lane, failure.error
    # Never the message: upstreams quote what they were sent.
    said = {"provider": lane.upstream.name, "model": lane.model, "status": error.status, "code": error.code}
    if failure.verdict.blame == "request":
        log.debug("attempt_refused", **said)
    elif failure.verdict.blame == "key":
        log.error("credential_refused", credential=lane.credential.label, **said)
    else:
        log.warning("attempt_failed", credential=lane.credential.label, **said)
    if is_opened:
        log.error("upstream_spared", provider=lane.upstream.name, reason="it failed again and again")
