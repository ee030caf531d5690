"""Calls upstreams over HTTP. The only module that knows an HTTP client."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import pyqwest

from gateway.errors import UpstreamDown

_IDLE_CONNECTIONS = 1000
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
    """Seconds to wait: for a connection, between two pieces of an answer, and for the whole of it."""

    connect: float = 10.0
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
    """An upstream's whole answer. Header names are in lower case, and there for refusals only."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Stream:
    """An upstream's answer as it comes. Leaving the context it came from closes the connection."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]

    async def read(self) -> bytes:
        """The rest of the answer, whole."""
        return b"".join([chunk async for chunk in self.chunks])


class Transport(Protocol):
    """Two ways to call. Both raise `UpstreamDown` when there is no answer or it breaks off."""

    async def send(self, call: Call) -> Answer:
        """Send, and read the whole answer."""

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        """Send, and read the answer as it comes."""


class HTTPTransport:
    """A transport over pyqwest, with a connection pool of its own. Redirects are not followed: keys would go along."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._transport = pyqwest.HTTPTransport(
            tls_include_system_certs=True,
            timeout=timeouts.total,
            connect_timeout=timeouts.connect,
            read_timeout=timeouts.idle,
            # Its default keeps 2: under load, most connections would be made anew.
            pool_max_idle_per_host=_IDLE_CONNECTIONS,
            use_system_dns=True,
            follow_redirects=False,
            enable_otel=False,
        )
        self._client = pyqwest.Client(self._transport)

    async def send(self, call: Call) -> Answer:
        try:
            response = await self._client.execute(call.method, call.url, call.headers, call.body)
        except _FAILURES as error:
            raise down(error, call.provider) from None
        status = response.status
        return Answer(status, {} if status < 300 else _headers(response.headers), bytes(response.content))

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[Stream]:
        try:
            request = pyqwest.Request(call.method, call.url, pyqwest.Headers(call.headers.items()), call.body)
            async with await self._transport.execute(request) as response:
                yield Stream(response.status, _headers(response.headers), _chunks(response, call.provider))
        except _FAILURES as error:
            raise down(error, call.provider) from None

    async def close(self) -> None:
        """Close the connections that are idle, and refuse new calls."""
        await self._transport.aclose()


async def _chunks(response: pyqwest.Response, provider: str) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content:
            yield bytes(chunk)
    except _FAILURES as error:
        raise down(error, provider) from None


def _headers(headers: pyqwest.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def down(error: Exception, provider: str) -> UpstreamDown:
    """The client's error as ours. Its own words may hold addresses, so they are not passed on."""
    if isinstance(error, TimeoutError):
        return UpstreamDown(f"{provider} did not answer in time.", status=504, code="upstream_timeout")
    if isinstance(error, ConnectionError | ValueError):
        return UpstreamDown(f"{provider} cannot be reached.", code="upstream_unreachable")
    return UpstreamDown(f"The connection to {provider} broke.", code="upstream_cut_off")
