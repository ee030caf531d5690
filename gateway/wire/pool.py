"""The connections to one origin: those that are idle, and whose turn it is where there may be no more."""

import asyncio
import math
import ssl
from collections import deque
from contextlib import ExitStack

from gateway.wire.clock import Clock
from gateway.wire.connection import Connection
from gateway.wire.dialing import Dialer
from gateway.wire.errors import Busy, Unreachable, Untrusted, WireError
from gateway.wire.request import Origin

_MAX_IDLE = 1000
# Load balancers and servers close idle connections after 60 seconds or more (AWS: 60, nginx: 75). Ours are closed
# sooner, so that no request crosses with the upstream's close: that could not be sent again without risk.
_IDLE_SECONDS = 50.0


class Pool:
    """Connections to one origin, no more than `max_connections` where that is set."""

    def __init__(self, origin: Origin, dialer: Dialer, clock: Clock, max_connections: int | None = None) -> None:
        self.deadline = math.inf
        """When the connection that has been idle for longest is to be closed, or earlier."""
        self._origin = origin
        self._dialer = dialer
        self._clock = clock
        self._limit = math.inf if max_connections is None else max_connections
        self._idle: dict[Connection, float] = {}
        """Each with the time since when it has been idle, the longest first."""
        self._open: set[Connection] = set()
        self._opening = 0
        self._queue: deque[_Wait] = deque()
        self._is_closed = False
        clock.watch(self)

    def idle(self) -> Connection | None:
        """The connection that was used last, of those that are idle. It no longer counts as idle."""
        while self._idle:
            connection, _ = self._idle.popitem()
            if connection.is_usable:
                return connection
        return None

    async def connect(self, deadline: float) -> Connection:
        """A connection that is made, or comes free, by the deadline. Raises `WireError`."""
        while not self._is_closed and len(self._open) + self._opening >= self._limit:
            await self._turn(deadline)
            if (connection := self.idle()) is not None:
                return connection
        if self._is_closed:
            raise Unreachable
        self._opening += 1
        try:
            connection = await self._opened(deadline)
            self._open.add(connection)
        finally:
            self._opening -= 1
        if not connection.is_usable:
            self._lost(connection)
            raise Unreachable
        return connection

    def expire(self) -> None:
        """Close what has been idle for too long."""
        now = self._clock.now()
        for connection in [one for one, since in self._idle.items() if since + _IDLE_SECONDS <= now]:
            del self._idle[connection]
            connection.abort()
        self.deadline = next(iter(self._idle.values()), math.inf) + _IDLE_SECONDS

    def close(self) -> None:
        """Close the idle connections, and open no more."""
        self._is_closed = True
        self._clock.forget(self)
        for connection in self._idle:
            connection.abort()
        self._idle.clear()
        for wait in self._queue:
            wait.settle()

    def _free(self, connection: Connection) -> None:
        """A connection has carried its response, and can carry another one."""
        if self._is_closed:
            connection.abort()
            return
        if len(self._idle) >= _MAX_IDLE:
            oldest = next(iter(self._idle))
            del self._idle[oldest]
            oldest.abort()
        self._idle[connection] = now = self._clock.now()
        if self.deadline == math.inf:
            self.deadline = now + _IDLE_SECONDS
            self._clock.notice(self.deadline)
        self._let_next()

    def _lost(self, connection: Connection) -> None:
        self._idle.pop(connection, None)
        self._open.discard(connection)
        self._let_next()

    async def _turn(self, deadline: float) -> None:
        """Wait until a connection may have come free."""
        wait = _Wait(deadline, Busy())
        self._queue.append(wait)
        self._clock.watch(wait)
        try:
            await wait.future
        except asyncio.CancelledError:
            if not wait.future.cancelled():
                # Its turn had come.
                self._let_next()
            raise
        finally:
            self._clock.forget(wait)

    def _let_next(self) -> None:
        while self._queue:
            future = self._queue.popleft().future
            if not future.done():
                future.set_result(None)
                return

    async def _opened(self, deadline: float) -> Connection:
        """A new connection. It is made in a task of its own, which is given up with the wait for it."""
        task = asyncio.create_task(self._dial())
        wait = _Wait(deadline, Unreachable())
        task.add_done_callback(wait.settle)
        self._clock.watch(wait)
        with ExitStack() as undo:
            undo.callback(self._let_next)
            undo.callback(task.cancel)
            undo.callback(task.add_done_callback, _discard)
            try:
                await wait.future
            finally:
                self._clock.forget(wait)
            connection = task.result()
            undo.pop_all()
        return connection

    async def _dial(self) -> Connection:
        try:
            return await self._dialer.open(self._origin, lambda: Connection(self._clock, self._free, self._lost))
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(error) from None
        except (OSError, ValueError):
            raise Unreachable from None


class _Wait:
    """The wait of one call, for a connection to be made or to come free. The clock ends it with an error."""

    def __init__(self, deadline: float, error: WireError) -> None:
        self.deadline = deadline
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._error = error

    def settle(self, _: object = None) -> None:
        """It is over."""
        if not self.future.done():
            self.future.set_result(None)

    def expire(self) -> None:
        self.deadline = math.inf
        if not self.future.done():
            self.future.set_exception(self._error)


def _discard(task: asyncio.Task[Connection]) -> None:
    """Close a connection that was made after its call had left."""
    if not task.cancelled() and task.exception() is None:
        task.result().abort()
