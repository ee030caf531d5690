"""Reads the usage that comes when the client has left: bounded in time, in bytes and in number."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress

import structlog

from gateway.dialects.base import Decoder, Reader
from gateway.errors import GatewayError
from gateway.neutral.events import Usage
from gateway.wire.sse import DamagedStream
from gateway.wire.transport import Stream

SECONDS = 2.0
MOST_BYTES = 64 * 1024
MOST_AT_ONCE = 256
"""Of one worker. Each holds a connection to its upstream; where more clients leave, the upstream is cut at once."""
MOST_HELD = 64 * 1024 * 1024
"""Bytes of the requests of all of them, which stay in memory until they are over. One is read on whatever its size."""

log = structlog.get_logger(__name__)
Settle = Callable[[Usage | None], None]


class Remainder:
    """A stream whose answer has ended, and of which only usage can still come. It is open until it is closed.

    `reading` is the read that was under way when the client left, where the stream is one that must not be cancelled.
    `size` is that of the request, in bytes.
    """

    size = 0

    def __init__(
        self,
        context: AbstractAsyncContextManager[Stream],
        chunks: AsyncIterator[bytes],
        decoder: Decoder,
        reader: Reader,
        reading: "asyncio.Future[bytes | None] | None",
    ) -> None:
        self._context = context
        self._chunks = chunks
        self._decoder = decoder
        self._reader = reader
        self._reading = reading

    def known_usage(self) -> Usage | None:
        """The usage that has come so far."""
        return self._decoder.known_usage()

    async def read(self, most_bytes: int) -> None:
        """Read on to the end of the answer, or until so many bytes have come."""
        size = 0
        with suppress(GatewayError, DamagedStream):
            while not self._decoder.is_over and size < most_bytes:
                reading, self._reading = self._reading, None
                chunk = await (anext(self._chunks, None) if reading is None else reading)
                if chunk is None:
                    return
                size += len(chunk)
                self._decoder.feed_all(self._reader.feed(chunk))

    async def close(self) -> None:
        """Cut the upstream."""
        if self._reading is not None:
            self._reading.cancel()
        await self._context.__aexit__(None, None, None)


class LateUsage:
    """The streams that are read on, each in a task of its own that nobody who leaves can cancel."""

    def __init__(
        self, seconds: float = SECONDS, most_bytes: int = MOST_BYTES, most_at_once: int = MOST_AT_ONCE
    ) -> None:
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._places = most_at_once
        self._held = 0
        self._tasks: dict[asyncio.Task[None], int] = {}
        """With the size of each one's request."""
        self._is_closed = False

    def take_place(self, size: int = 0) -> bool:
        """Whether one more stream may be read on, after a request of that size.

        Whoever takes a place calls `read` with a `Remainder` of the same size, which gives it back.
        """
        if self._is_closed or not self._places or (self._held and self._held + size > MOST_HELD):
            return False
        self._places -= 1
        self._held += size
        return True

    def read(self, remainder: Remainder, settle: Settle) -> None:
        """Read a stream on in the background. `settle` is called once with its usage, whatever happens."""
        task = asyncio.create_task(self._read(remainder, settle))
        self._tasks[task] = remainder.size
        task.add_done_callback(self._forget)

    async def close(self) -> None:
        """Cut the streams that are still read on; what they used is settled with what is known."""
        self._is_closed = True
        tasks = [*self._tasks]
        # One that has not begun would never settle anything.
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _read(self, remainder: Remainder, settle: Settle) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await remainder.read(self._most_bytes)
        except TimeoutError:
            log.debug("usage_did_not_come")
        finally:
            settle(remainder.known_usage())
            await remainder.close()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._held -= self._tasks.pop(task)
        self._places += 1
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("late_usage_failed", exc_info=error)
