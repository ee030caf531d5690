"""The clients' connections of one process: how many there may be, and how long each may take to send a request."""

import asyncio
import math
import resource
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

import structlog

from gateway.open_files import most_connections
from gateway.settings.bounds import ConnectionBounds

# What a server with 10,000 clients and as many upstream connections has use for. A limit without end would make
# everything that goes through all file numbers slow.
_MOST_FILES = 65_536
# Connections over the limit that are kept for the moment in which they are told so.
_MOST_SURPLUS = 64
_SURPLUS_SECONDS = 5.0
# For what is left of a body whose request has been answered: the client may be sending, and see nothing else until
# it has sent it.
_LINGER_SECONDS = 5.0
_LOG_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Connection(Hashable, Protocol):
    """A client's connection."""

    @property
    def is_paused(self) -> bool:
        """Whether it is the gateway that does not read."""

    def time_out(self) -> None:
        """Close it, because what was to come has not come in time."""

    def refuse(self) -> None:
        """Close it, because there are too many."""

    def close(self) -> None:
        """Close it without a word, whatever is still to be written."""

    def unwritten(self) -> int:
        """Bytes of an answer that the client has not taken yet."""


@dataclass(slots=True)
class _Unread:
    """An answer that its client does not read: what waits for it, and since when nothing of that was taken."""

    since: float
    size: int


@dataclass(slots=True)
class _Body:
    """A request's body on its way, in seconds of the loop's clock and bytes."""

    began: float
    last: float
    size: int


class Connections:
    """Which connections wait for what of a request, and since when. The dictionaries have the longest waiting first.

    One timer for all of them looks for what takes too long; connections that are at work cost it nothing.
    """

    def __init__(self, bounds: ConnectionBounds, clock: Callable[[], float] = time.monotonic) -> None:
        self.bounds = bounds
        self._clock = clock
        seconds = (bounds.head_seconds, bounds.body_pause_seconds, bounds.idle_seconds, bounds.answer_pause_seconds)
        self._interval = min(1.0, min(seconds) / 4)
        self._is_looking = False
        self._most: int | None = None
        self._open: set[Connection] = set()
        self._heads: dict[Connection, float] = {}
        self._idle: dict[Connection, float] = {}
        self._lingering: dict[Connection, float] = {}
        self._bodies: dict[Connection, _Body] = {}
        self._unread: dict[Connection, _Unread] = {}
        self._surplus: dict[Connection, float] = {}
        self._evicted = self._refused = 0
        self._logged = -math.inf

    def opened(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> bool:
        """Count a new connection; False if it is one too many, and only its refusal is to be sent.

        At the limit it takes the place of the one that has waited longest without a complete request head. Where
        every other one is at work, it is one too many.
        """
        if not self._is_looking:
            self._is_looking = True
            loop.call_later(self._interval, self._look_again, loop)
        now = self._clock()
        if self._most is None:
            self._most = most_connections(self.bounds.most)
        if len(self._open) >= self._most and not self._evict():
            self._refused += 1
            self._log_limit()
            self._surplus[connection] = now
            if len(self._surplus) > _MOST_SURPLUS:
                next(iter(self._surplus)).refuse()
            return False
        self._open.add(connection)
        self._heads[connection] = now
        return True

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.discard(connection)
        for waiting in (self._surplus, self._heads, self._idle, self._lingering, self._bodies, self._unread):
            waiting.pop(connection, None)

    def began_head(self, connection: Connection) -> None:
        """The first byte of a request has come. For the first request of a connection, that is no new beginning."""
        self._idle.pop(connection, None)
        self._heads.setdefault(connection, self._clock())

    def ended_head(self, connection: Connection) -> None:
        """A request's head is complete."""
        self._heads.pop(connection, None)

    def took_body(self, connection: Connection, size: int) -> None:
        """A piece of a body that is not complete has come."""
        now = self._clock()
        body = self._bodies.get(connection)
        if body is None:
            body = self._bodies[connection] = _Body(now, now, 0)
        body.last = now
        body.size += size

    def ended_body(self, connection: Connection) -> None:
        """A body is complete."""
        self._bodies.pop(connection, None)
        self._lingering.pop(connection, None)

    def lingers(self, connection: Connection) -> None:
        """A request has been answered, and its body still comes: what is left of it has a few seconds."""
        self._lingering[connection] = self._clock()

    def paused(self, connection: Connection) -> None:
        """An answer waits for its client to read."""
        self._unread[connection] = _Unread(self._clock(), connection.unwritten())

    def resumed(self, connection: Connection) -> None:
        """The client has read."""
        self._unread.pop(connection, None)

    def became_idle(self, connection: Connection) -> None:
        """A request has been answered, and nothing of the next one has come."""
        self._idle[connection] = self._clock()

    def look(self) -> None:
        """Close what takes too long."""
        now = self._clock()
        for connection in _due(self._heads, now - self.bounds.head_seconds):
            self._heads.pop(connection)
            connection.time_out()
        for connection in (
            *_due(self._idle, now - self.bounds.idle_seconds),
            *_due(self._lingering, now - min(_LINGER_SECONDS, self.bounds.body_pause_seconds)),
        ):
            self._drop(connection)
        for connection, unread in [*self._unread.items()]:
            if (size := connection.unwritten()) < unread.size:
                unread.since, unread.size = now, size
            elif now - unread.since > self.bounds.answer_pause_seconds:
                self._drop(connection)
        for connection in _due(self._surplus, now - _SURPLUS_SECONDS):
            connection.refuse()
        for connection, body in [*self._bodies.items()]:
            if connection.is_paused:
                # The time in which the gateway reads nothing is not the client's.
                body.began, body.last = body.began + self._interval, now
            elif self._is_late(body, now):
                self._bodies.pop(connection)
                connection.time_out()
        self._log_limit()

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self.look()
        self._is_looking = bool(self._open or self._surplus)
        if self._is_looking:
            loop.call_later(self._interval, self._look_again, loop)

    def _log_limit(self) -> None:
        """At once, then what has come together since."""
        if (self._evicted or self._refused) and self._clock() - self._logged >= _LOG_SECONDS:
            self._logged = self._clock()
            log.warning("connection_limit_reached", limit=self._most, closed=self._evicted, refused=self._refused)
            self._evicted = self._refused = 0

    def _is_late(self, body: _Body, now: float) -> bool:
        if now - body.last > self.bounds.body_pause_seconds:
            return True
        taken = now - body.began
        return taken > self.bounds.body_pause_seconds and body.size < taken * self.bounds.body_bytes_per_second

    def _drop(self, connection: Connection) -> None:
        self.closed(connection)
        connection.close()

    def _evict(self) -> bool:
        """Close the connection that has waited longest without a complete request head, if there is one."""
        queues = (self._heads, self._idle, self._lingering)
        waiting = [(since, connection) for queue in queues for connection, since in _first(queue)]
        if not waiting:
            # Those whose client reads nothing are next.
            stalled = [(unread.since, connection) for connection, unread in self._unread.items()]
            waiting = [one for one in stalled if self._clock() - one[0] > _LINGER_SECONDS]
        if not waiting:
            return False
        _, oldest = min(waiting, key=lambda one: one[0])
        self._drop(oldest)
        self._evicted += 1
        self._log_limit()
        return True


def raise_file_limit() -> None:
    """Let this process, and those that it starts, open as many files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _due(waiting: dict[Connection, float], moment: float) -> list[Connection]:
    """Those that have waited since that moment or before."""
    found = []
    for connection, since in waiting.items():
        if since > moment:
            break
        found.append(connection)
    return found


def _first(waiting: dict[Connection, float]) -> list[tuple[Connection, float]]:
    return [next(iter(waiting.items()))] if waiting else []
