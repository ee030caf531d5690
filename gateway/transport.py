"""Calls upstreams over HTTP. The only module that knows an HTTP client."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, cast

import pyqwest

from gateway.errors import UpstreamDown

_IDLE_CONNECTIONS = 1000
# The client's threads hold objects of Python's for a moment after its last answer. A process that ends in that moment
# is aborted: 12 runs of 30 without this wait, none with 0.02 s of it on a machine with nothing to spare.
_LETTING_GO_SECONDS = 0.05
MOST_BYTES = 64 * 1024 * 1024
"""The most that is read of an answer that comes in pieces and is wanted whole."""
# ValueError: an address or a header that no request can be made of.
_FAILURES = (
    ConnectionError,
    TimeoutError,
    pyqwest.ReadError,
    pyqwest.WriteError,
    pyqwest.RemoteProtocolError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for a connection, the first byte, between two pieces of an answer, and for the whole of it.

    The first byte is that of a plain answer's head, and of a streamed answer's first chunk; None: as `idle`.
    """

    connect: float = 10.0
    first_byte: float | None = None
    idle: float = 300.0
    total: float = 600.0


@dataclass(slots=True)
class Call:
    """One HTTP request. `provider` names the upstream in errors; its address never appears in them."""

    provider: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(slots=True)
class Answer:
    """An upstream's whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Stream:
    """An upstream's answer as it comes. Leaving the context it came from closes the connection."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]

    async def read(self, provider: str) -> bytes:
        """The rest of the answer, whole. Raises `UpstreamDown` where that is more than any answer is."""
        pieces: list[bytes] = []
        size = 0
        async for chunk in self.chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                raise UpstreamDown(f"{provider} sent an answer without end.", code="upstream_bad_reply")
            pieces.append(chunk)
        return b"".join(pieces)


class Transport(Protocol):
    """Two ways to call. Both raise `UpstreamDown` when there is no answer or it breaks off."""

    async def send(self, call: Call) -> Answer:
        """Send, and read the whole answer."""

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        """Send, and read the answer as it comes."""


class HTTPTransport:
    """A transport over pyqwest, with a connection pool of its own. Redirects are not followed: keys would go along."""

    def __init__(self, timeouts: Timeouts) -> None:
        idle = timeouts.idle
        first_byte = timeouts.first_byte or idle
        # The client knows one time for all reads, and keeps it at no cost; the shorter one is kept here.
        self._first_byte = first_byte if first_byte < idle else None
        self._idle = idle if idle < first_byte else None
        self._uses_clients_clock = first_byte == idle
        self._transport = pyqwest.HTTPTransport(
            tls_include_system_certs=True,
            timeout=timeouts.total,
            connect_timeout=timeouts.connect,
            read_timeout=max(first_byte, idle),
            # Its default keeps 2: under load, most connections would be made anew.
            pool_max_idle_per_host=_IDLE_CONNECTIONS,
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
        if not self._uses_clients_clock:
            async with self.stream(call) as stream:
                return Answer(stream.status, stream.headers, await stream.read(call.provider))
        try:
            response = await self._client.execute(call.method, call.url, call.headers, call.body)
        except _FAILURES as error:
            raise down(error, call.provider) from None
        return Answer(response.status, _headers(response.headers), bytes(response.content))

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[Stream]:
        try:
            request = pyqwest.Request(call.method, call.url, pyqwest.Headers(call.headers.items()), call.body)
            if self._uses_clients_clock:
                async with await self._transport.execute(request) as response:
                    yield Stream(response.status, _headers(response.headers), _chunks(response, call.provider))
                return
            due = _due(self._first_byte)
            async with asyncio.timeout_at(due):
                opened = await self._transport.execute(request)
            async with opened as response:
                chunks = _timed(_chunks(response, call.provider), call.provider, due, self._idle)
                yield Stream(response.status, _headers(response.headers), chunks)
        except _FAILURES as error:
            raise down(error, call.provider) from None

    async def close(self) -> None:
        """Close the connections that are idle, and refuse new calls."""
        await self._transport.aclose()
        await asyncio.sleep(_LETTING_GO_SECONDS)


async def _chunks(response: pyqwest.Response, provider: str) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content:
            yield bytes(chunk)
    except _FAILURES as error:
        raise down(error, provider) from None


def _due(seconds: float | None) -> float | None:
    """The moment of the loop's clock that is so many seconds away."""
    return None if seconds is None else asyncio.get_running_loop().time() + seconds


async def _timed(
    chunks: AsyncIterator[bytes], provider: str, due: float | None, idle: float | None
) -> AsyncIterator[bytes]:
    """The chunks, the first of them by the moment `due`, each other one so many seconds after it was asked for."""
    try:
        while True:
            async with asyncio.timeout_at(due):
                chunk = await anext(chunks)
            yield chunk
            due = _due(idle)
    except StopAsyncIteration:
        return
    except TimeoutError as error:
        raise down(error, provider) from None


def _headers(headers: pyqwest.Headers) -> Mapping[str, str]:
    # They are a mapping in all but name, and their names are in lower case. Copying them takes longer than all that is
    # ever read of them.
    return cast(Mapping[str, str], headers)


def down(error: Exception, provider: str) -> UpstreamDown:
    """The client's error as ours. Its own words may hold addresses, so they are not passed on."""
    # First, because a connection that does not come about in time is both.
    if isinstance(error, ConnectionError | ValueError):
        return UpstreamDown(f"{provider} cannot be reached.", code="upstream_unreachable")
    if isinstance(error, TimeoutError):
        return UpstreamDown(f"{provider} did not answer in time.", status=504, code="upstream_timeout")
    return UpstreamDown(f"The connection to {provider} broke.", code="upstream_cut_off")
