"""The HTTP/1.1 client: calls over connections of our own, on the event loop that serves the gateway.

No redirect is followed, because keys would go along. Cancelling a call closes its connection at once. A request is
written once: where a kept connection breaks, what the upstream has done with it cannot be known.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from gateway.wire.clock import Clock
from gateway.wire.codings import is_coded, unpacked, unpacked_chunks
from gateway.wire.connection import Connection
from gateway.wire.dialing import Dialer
from gateway.wire.errors import Unreachable, WireError
from gateway.wire.pool import Pool
from gateway.wire.request import Origin, request_head
from gateway.wire.response import ResponseParser
from gateway.wire.transport import Answer, Call, Stream, Timeouts


class Pools:
    """The pools of all origins that are reached with the same certificates and the same limit."""

    def __init__(self, clock: Clock, dialer: Dialer, max_connections: int | None = None) -> None:
        self.clock = clock
        self._dialer = dialer
        self._max_connections = max_connections
        self._pools: dict[Origin, Pool] = {}
        self._is_closed = False

    def of(self, origin: Origin) -> Pool:
        """The pool of an origin."""
        pool = self._pools.get(origin)
        if pool is None:
            if self._is_closed:
                raise Unreachable
            pool = self._pools[origin] = Pool(origin, self._dialer, self.clock, self._max_connections)
        return pool

    def close(self) -> None:
        """Close the connections that are idle, and open no more."""
        self._is_closed = True
        for pool in self._pools.values():
            pool.close()


class HTTPTransport:
    """A transport over pooled connections. `pools` may be shared by transports with other time-outs."""

    def __init__(self, timeouts: Timeouts, pools: Pools | None = None) -> None:
        self._timeouts = timeouts
        self._pools = pools or Pools(Clock(), Dialer())

    async def send(self, call: Call) -> Answer:
        try:
            connection, response = await self.begin(call, is_whole=True)
            try:
                await connection.progress(response)
            finally:
                connection.leave(response)
            answer = Answer(response.status, response.headers, response.take())
            return unpacked(answer) if is_coded(answer.headers) else answer
        except WireError as error:
            raise error.down(call.provider) from None

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        return _Streaming(self, call)

    async def close(self) -> None:
        """Close the connections that are idle, and refuse new calls."""
        self._pools.close()

    async def begin(self, call: Call, *, is_whole: bool) -> tuple[Connection, ResponseParser]:
        """Send the request of a call. Raises `WireError`."""
        try:
            origin, head = request_head(call)
        except ValueError:
            raise Unreachable from None
        timeouts = self._timeouts
        now = self._pools.clock.now()
        ends_at = now + timeouts.total
        pool = self._pools.of(origin)
        connection = pool.idle() or await pool.connect(min(now + timeouts.connect, ends_at))
        return connection, connection.begin(head, call.body or b"", timeouts, ends_at, is_whole=is_whole)


class _Streaming(AbstractAsyncContextManager[Stream]):
    """The context of one streamed answer."""

    __slots__ = ("_call", "_connection", "_response", "_transport")

    def __init__(self, transport: HTTPTransport, call: Call) -> None:
        self._transport = transport
        self._call = call

    async def __aenter__(self) -> Stream:
        try:
            connection, response = await self._transport.begin(self._call, is_whole=False)
            is_entered = False
            try:
                while not response.has_head:
                    await connection.progress(response)
                is_entered = True
            finally:
                if not is_entered:
                    connection.leave(response)
        except WireError as error:
            raise error.down(self._call.provider) from None
        self._connection, self._response = connection, response
        chunks = _Chunks(connection, response, self._call.provider)
        if is_coded(response.headers):
            unpacked = unpacked_chunks(response.status, response.headers, chunks, self._call.provider)
            return Stream(response.status, response.headers, unpacked, is_resumable=False)
        return Stream(response.status, response.headers, chunks, chunks.is_over)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.leave(self._response)


class _Chunks(AsyncIterator[bytes]):
    """The body of a streamed answer. All that has come since the last chunk is one chunk."""

    __slots__ = ("_connection", "_provider", "_response")

    def __init__(self, connection: Connection, response: ResponseParser, provider: str) -> None:
        self._connection = connection
        self._response = response
        self._provider = provider

    def is_over(self) -> bool:
        """Whether the whole body has come and was taken."""
        return self._response.is_over and not self._response.size

    async def __anext__(self) -> bytes:
        response = self._response
        while not response.size:
            if response.is_over:
                raise StopAsyncIteration
            try:
                await self._connection.progress(response)
            except WireError as error:
                raise error.down(self._provider) from None
        return self._connection.take(response)
