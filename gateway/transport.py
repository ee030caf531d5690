"""Calls upstreams over HTTP. The only module that knows an HTTP client."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, PyreqwestError, RequestTimeoutError
from pyreqwest.request import RequestBuilder

from gateway.errors import UpstreamDown

USER_AGENT = "waystone"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for a connection, between two pieces of an answer, and for the whole of it."""

    connect: float = 10.0
    idle: float = 300.0
    total: float = 600.0


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. `provider` names the upstream in errors; its address never appears in them."""

    provider: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An upstream's whole answer. Header names are in lower case, and there for refusals only: nobody else reads them."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """An upstream's answer as it comes. Leaving the context it came from closes the connection."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Transport(Protocol):
    """Two ways to call. Both raise `UpstreamDown` when there is no answer or it breaks off."""

    async def send(self, call: Call) -> Answer:
        """Send, and read the whole answer."""

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        """Send, and read the answer as it comes."""


class HTTPTransport:
    """A transport over pyreqwest, with a connection pool of its own. Redirects are not followed: keys would go along."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._client: Client = (
            ClientBuilder()
            .follow_redirects(False)
            .referer(False)
            .user_agent(USER_AGENT)
            .connect_timeout(timedelta(seconds=timeouts.connect))
            .read_timeout(timedelta(seconds=timeouts.idle))
            .timeout(timedelta(seconds=timeouts.total))
            .build()
        )

    async def send(self, call: Call) -> Answer:
        try:
            response = await self._request(call).build().send()
            body = bytes(await response.bytes())
        except PyreqwestError as error:
            raise down(error, call.provider) from None
        status = response.status
        return Answer(status, {} if status < 300 else dict(response.headers), body)

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[Stream]:
        # Without a limit of 0 the client reads ahead, and a slow stream would arrive all at its end.
        request = self._request(call).streamed_read_buffer_limit(0).build_streamed()
        try:
            async with request as response:
                reader = response.body_reader

                async def chunks() -> AsyncIterator[bytes]:
                    try:
                        while (chunk := await reader.read_chunk()) is not None:
                            yield bytes(chunk)
                    except PyreqwestError as error:
                        raise down(error, call.provider) from None

                yield Stream(response.status, dict(response.headers), chunks())
        except PyreqwestError as error:
            raise down(error, call.provider) from None

    async def close(self) -> None:
        """Close the connections that are idle, and refuse new calls."""
        await self._client.close()

    def _request(self, call: Call) -> RequestBuilder:
        request = self._client.request(call.method, call.url).headers(call.headers)
        return request if call.body is None else request.body_bytes(call.body)


def down(error: PyreqwestError, provider: str) -> UpstreamDown:
    """The client's error as ours. Its own words may hold addresses, so they are not passed on."""
    if isinstance(error, RequestTimeoutError):
        return UpstreamDown(f"{provider} did not answer in time.", status=504, code="upstream_timeout")
    if isinstance(error, ConnectError):
        return UpstreamDown(f"{provider} cannot be reached.", code="upstream_unreachable")
    return UpstreamDown(f"The connection to {provider} broke.", code="upstream_cut_off")
