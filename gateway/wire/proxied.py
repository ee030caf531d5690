"""Calls through a proxy, or by HTTP/2: a transport over pyqwest, which is imported with this module only."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

import pyqwest

from gateway.errors import UpstreamDown
from gateway.wire.codings import is_coded, unpacked_chunks
from gateway.wire.errors import CutOff, TimedOut, Unreachable
from gateway.wire.tls import SYSTEM_TLS, TLS
from gateway.wire.transport import Answer, Call, Stream, Timeouts

_IDLE_CONNECTIONS = 1000
# The client's threads hold objects of Python's for a moment after its last answer. A process that ends in that moment
# is aborted: 12 runs of 30 without this wait, none with 0.02 s of it on a machine with nothing to spare.
_LETTING_GO_SECONDS = 0.05
# ValueError: a URL or a header that no request can be made of.
_FAILURES = (
    ConnectionError,
    TimeoutError,
    pyqwest.ReadError,
    pyqwest.WriteError,
    pyqwest.RemoteProtocolError,
    ValueError,
)


class ProxiedTransport:
    """A transport over pyqwest, through `proxy` where one is given. Redirects are not followed: keys would go along.

    It negotiates HTTP/2 where the upstream speaks it. `max_connections` holds for each address of a host.
    """

    def __init__(
        self, timeouts: Timeouts, tls: TLS = SYSTEM_TLS, proxy: str | None = None, max_connections: int | None = None
    ) -> None:
        idle = timeouts.idle
        first_byte = timeouts.first_byte or idle
        # pyqwest has one time-out for all reads, and keeps it at no cost; the shorter of the two is kept here.
        self._first_byte = first_byte if first_byte < idle else None
        self._idle = idle if idle < first_byte else None
        self._has_one_timeout = first_byte == idle
        self._total = timeouts.total
        certificate = tls.client_cert.read_bytes() if tls.client_cert else None
        key = tls.client_key.read_bytes() if tls.client_key else certificate
        self._transport = pyqwest.HTTPTransport(
            tls_ca_cert=tls.ca.read_bytes() if tls.ca else None,
            tls_include_system_certs=tls.ca is None,
            tls_cert=certificate,
            tls_key=key,
            proxy=proxy,
            timeout=timeouts.total,
            connect_timeout=timeouts.connect,
            read_timeout=max(first_byte, idle),
            # Its default keeps 2: under load, most connections would be made anew.
            pool_max_idle_per_host=_IDLE_CONNECTIONS,
            max_connections_per_address=max_connections,
            use_system_dns=True,
            follow_redirects=False,
            enable_otel=False,
            # A small answer could be unpacked to one that fills the memory.
            enable_gzip=False,
            enable_brotli=False,
            enable_zstd=False,
        )
        self._client = pyqwest.Client(self._transport)

    async def send(self, call: Call) -> Answer:
        async with self.stream(call) as stream:
            return Answer(stream.status, stream.headers, await stream.read(call.provider))

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[Stream]:
        due = _due(self._first_byte)
        ends_at = asyncio.get_running_loop().time() + self._total
        try:
            request = pyqwest.Request(call.method, call.url, pyqwest.Headers(call.headers.items()), call.body)
            async with asyncio.timeout_at(due):
                opened = await self._transport.execute(request)
        except _FAILURES as error:
            raise _down(error, call.provider) from None
        async with opened as response:
            end = _End(response, ends_at)
            try:
                chunks = _chunks(response, call.provider, end)
                if not self._has_one_timeout:
                    chunks = _timed(chunks, call.provider, due, self._idle)
                headers = _headers(response.headers)
                if is_coded(headers):
                    chunks = unpacked_chunks(response.status, headers, chunks, call.provider)
                yield Stream(response.status, headers, chunks, is_resumable=False)
            finally:
                end.cancel()

    async def close(self) -> None:
        """Close the connections that are idle, and refuse new calls."""
        await self._transport.aclose()
        await asyncio.sleep(_LETTING_GO_SECONDS)


class _End:
    """Closes a response when its time is over. pyqwest looks at the time only while the response is read."""

    def __init__(self, response: pyqwest.Response, ends_at: float) -> None:
        self.is_over = False
        self._response = response
        self._closing: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_at(ends_at, self._begin)

    def cancel(self) -> None:
        """The response has been left."""
        self._timer.cancel()

    def _begin(self) -> None:
        self.is_over = True
        self._closing = asyncio.create_task(self._close())

    async def _close(self) -> None:
        await self._response.aclose()


async def _chunks(response: pyqwest.Response, provider: str, end: _End) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content:
            if end.is_over:
                break
            yield bytes(chunk)
    except _FAILURES as error:
        raise _down(TimeoutError() if end.is_over else error, provider) from None
    if end.is_over:
        raise _down(TimeoutError(), provider)


def _due(seconds: float | None) -> float | None:
    """The time of the loop's clock that is so many seconds away."""
    return None if seconds is None else asyncio.get_running_loop().time() + seconds


async def _timed(
    chunks: AsyncIterator[bytes], provider: str, due: float | None, idle: float | None
) -> AsyncIterator[bytes]:
    """The chunks, the first of them by the time `due`, each other one within so many seconds of its request."""
    try:
        while True:
            async with asyncio.timeout_at(due):
                chunk = await anext(chunks)
            yield chunk
            due = _due(idle)
    except StopAsyncIteration:
        return
    except TimeoutError as error:
        raise _down(error, provider) from None


def _headers(headers: pyqwest.Headers) -> Mapping[str, str]:
    # They are a mapping in all but name, and their names are in lower case. Copying them takes longer than all that is
    # ever read of them.
    return cast(Mapping[str, str], headers)


def _down(error: Exception, provider: str) -> UpstreamDown:
    """The client's error as ours. Its message may hold addresses, so it is not passed on."""
    # First, because a connection that is not made in time is both.
    if isinstance(error, ConnectionError | ValueError):
        return Unreachable().down(provider)
    return TimedOut().down(provider) if isinstance(error, TimeoutError) else CutOff().down(provider)
