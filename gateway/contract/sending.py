"""The client's end of an answer: sends replies and event streams, and stops the work for a client that has left."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Protocol

from starlette.types import Scope, Send

from gateway.access_log import Access
from gateway.contract.in_flight import InFlight
from gateway.errors import GatewayError, Header
from gateway.http import EVENT_STREAM, JSON, Reply, ServerConnection, StreamReply, error_reply
from gateway.wire import sse

KEEP_ALIVE_SECONDS = 15.0
CLIENT = "waystone.client"
"""The ASGI extension under which the server's protocol hands on a `Client`."""


class Client(ServerConnection, Protocol):
    """What our server's protocol can do for a request beyond ASGI: the same with fewer steps, and at once."""

    @property
    def access(self) -> Access:
        """The request's entry in the access log; its id goes with the answer."""

    def add_headers(self, headers: Sequence[Header]) -> None:
        """Send these with the answer, whatever that is."""

    def call_on_disconnect(self, callback: Callable[[], object] | None) -> None:
        """Have `callback` called at once when the client leaves before its answer is complete; None: no longer."""

    def take_body(self) -> bytes | None:
        """The request's body, where all of it has come and none of it was taken; None where it has to be received."""

    def reply(self, status: int, headers: Sequence[Header], body: bytes) -> bool:
        """Send a whole answer, if the client is still there. False where `send` has to, which may wait."""


def client_of(scope: Scope) -> Client | None:
    """The client of a request; None under another server."""
    client: Client | None = scope.get("extensions", {}).get(CLIENT)
    return client


class Presence:
    """Cancels the task of a request whose client has closed the connection."""

    __slots__ = ("_client", "_in_flight", "_task", "body_bytes", "has_left")

    def __init__(self, client: Client | None, in_flight: InFlight) -> None:
        self._client = client
        self._in_flight = in_flight
        self._task: asyncio.Task[object] | None = None
        self.has_left = False
        self.body_bytes = 0
        """Of its request, which count as in flight."""

    def watch(self) -> None:
        """Begin, once the body has been read."""
        if self._client is not None:
            self._task = asyncio.current_task()
            self._client.call_on_disconnect(self._leave)

    def stop(self) -> None:
        """The answer is complete, or there is none to be given."""
        if self._client is not None:
            self._client.call_on_disconnect(None)

    def take_over(self) -> Callable[[], None]:
        """Have the bytes of the body counted as in flight until the function that this returns is called."""
        release = partial(self._in_flight.release, self.body_bytes)
        self.body_bytes = 0
        return release

    def absorb(self) -> None:
        """Take back the cancellation that was ours, so that the server sees an ordinary end."""
        if self._task is not None:
            self._task.uncancel()

    def absorb_cut(self) -> bool:
        """Whether the server, which stops, has cancelled the request. If so, the cancellation is taken back."""
        if self._client is None or not self._client.is_cut:
            return False
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        return True

    def _leave(self) -> None:
        if self._task is not None:
            self.has_left = True
            self._task.cancel()


async def send_error(error: GatewayError, scope: Scope, send: Send) -> None:
    """Answer a request that no operation gets."""
    note_error(error, scope)
    await send_reply(error_reply(error), send, client_of(scope))


def note_error(error: GatewayError, scope: Scope) -> None:
    """Have the access log name the error of a request that no operation gets."""
    if (client := client_of(scope)) is not None:
        client.access.code = error.code


async def send_reply(reply: Reply, send: Send, client: Client | None) -> None:
    """Send a whole reply."""
    headers = [*reply.headers, JSON, (b"content-length", b"%d" % len(reply.body))]
    if client is not None and client.reply(reply.status, headers, reply.body):
        return
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def send_stream(reply: StreamReply, send: Send, presence: Presence, silence: float = KEEP_ALIVE_SECONDS) -> None:
    """Send events as they come, and a comment after each `silence` of so many seconds."""
    async with aclosing(reply.chunks) as chunks:
        # Begun before anything is sent: a client that leaves in that moment must not leave it open, and closing what
        # has not begun closes nothing.
        first = await anext(chunks, b"")
        await send({"type": "http.response.start", "status": 200, "headers": [*EVENT_STREAM, *reply.headers]})
        await send({"type": "http.response.body", "body": first, "more_body": True})
        keep_alive = _KeepAlive(send, silence)
        chunk = b""
        try:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                chunk = b""
                keep_alive.sent()
        except asyncio.CancelledError as cancellation:
            if not presence.absorb_cut():
                raise
            # It was cut while its client did not read. What it has not been sent is sent now, without waiting for that.
            chunk += await last_of(chunks, cancellation)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            keep_alive.stop()
    presence.stop()
    await send({"type": "http.response.body", "body": b""})


async def last_of(chunks: AsyncGenerator[bytes, None], cancellation: asyncio.CancelledError) -> bytes:
    """What a stream ends with that is cancelled where it waits for its next chunk to be taken."""
    try:
        return await chunks.athrow(cancellation)
    except StopAsyncIteration:
        return b""


class _KeepAlive:
    """Sends a comment after a silence. Whole events are sent at once, so a comment never falls into one."""

    def __init__(self, send: Send, silence: float) -> None:
        self._send = send
        self._silence = silence
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._timer = self._loop.call_later(silence, self._look)
        self._task: asyncio.Task[None] | None = None

    def sent(self) -> None:
        self._last = self._loop.time()

    def stop(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _look(self) -> None:
        remaining = self._last + self._silence - self._loop.time()
        if remaining <= 0.001:
            # A client that does not read holds up the last comment; another would only wait behind it.
            if self._task is None or self._task.done():
                self._task = self._loop.create_task(self._comment())
            self._last = self._loop.time()
            remaining = self._silence
        self._timer = self._loop.call_later(remaining, self._look)

    async def _comment(self) -> None:
        await self._send({"type": "http.response.body", "body": sse.KEEP_ALIVE, "more_body": True})
