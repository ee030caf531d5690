"""The client's end of an answer: sends replies and event streams, and stops the work for a client that has left."""

import asyncio
from contextlib import aclosing

from starlette.types import Scope, Send

from gateway.http import EVENT_STREAM, JSON, Reply, StreamReply
from gateway.wire import sse

KEEP_ALIVE_SECONDS = 15.0
DISCONNECT = "waystone.disconnect"
"""The ASGI extension by which the server's protocol reports at once that a client has left: a function that takes the
function to be called then, or None."""


class Presence:
    """Cancels the task of a request whose client has closed the connection."""

    def __init__(self, scope: Scope) -> None:
        self._register = scope.get("extensions", {}).get(DISCONNECT)
        self._task: asyncio.Task[object] | None = None
        self.has_left = False

    def watch(self) -> None:
        """Begin, once the body has been read."""
        if self._register is not None:
            self._task = asyncio.current_task()
            self._register(self._leave)

    def stop(self) -> None:
        """The answer is complete, or there is none to be given."""
        if self._task is not None:
            self._register(None)

    def absorb(self) -> None:
        """Take back the cancellation that was ours, so that the server sees an ordinary end."""
        if self._task is not None:
            self._task.uncancel()

    def _leave(self) -> None:
        if self._task is not None:
            self.has_left = True
            self._task.cancel()


async def send_reply(reply: Reply, send: Send) -> None:
    """Send a whole reply."""
    headers = [*reply.headers, JSON, (b"content-length", str(len(reply.body)).encode())]
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
        try:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                keep_alive.sent()
        finally:
            keep_alive.stop()
    presence.stop()
    await send({"type": "http.response.body", "body": b""})


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
