"""One answer that is made in a task of its own, to its end, though its client leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Generic, Protocol

import structlog

from gateway.contract.in_flight import InFlight
from gateway.contract.sending import last_of
from gateway.detached import DetachedWork
from gateway.errors import GatewayError, Header, Overloaded, Stopped
from gateway.http import Body, Reply, Request, StreamReply
from gateway.outliving.feed import Feed

FEED_BYTES = 256 * 1024
"""Of a stream that may wait for a client that is slow; those that are collected to be kept are in memory anyway."""
COLLECTED_BYTES = 256 * 1024 * 1024
"""Of all streams of a process that are collected to be kept. Beyond that, a stream is not kept."""

log = structlog.get_logger(__name__)
Answer = Reply | StreamReply
Produce = Callable[[Request[Body]], Awaitable[Answer]]


class Recorder(Protocol):
    """What an answer is recorded by, in the task that makes it. `close` is called last, whatever has happened."""

    most_bytes: int
    """Of an answer that can be recorded; 0 for none."""
    headers: Sequence[Header]
    """To be sent with a stream, beside its own."""

    async def record(self, reply: Reply) -> Reply:
        """Record a plain answer; return it as it is to be sent."""

    async def record_stream(self, headers: Sequence[Header], data: bytes) -> None:
        """Record a stream that has come to its end, with its own headers."""

    def leave(self) -> None:
        """The client has left before the end of its answer."""

    async def close(self) -> None:
        """The answer is over, recorded or not."""


class OutlivingAnswers:
    """Those of one process, at most so many at once."""

    def __init__(self, work: DetachedWork, most: int) -> None:
        self._work = work
        self._most = most
        self._running = 0
        self._collected = InFlight(COLLECTED_BYTES)

    async def answer(self, request: Request[Body], produce: Produce[Body], recorder: Recorder | None = None) -> Answer:
        """The answer of `produce`, for the client while it is there. Raises what `produce` raises.

        The task has begun, and closes `recorder`, whatever becomes of the caller. Raises `Overloaded` where one more is
        too many; `recorder` is closed then, too.
        """
        if self._running >= self._most:
            if recorder is not None:
                self._work.start(recorder.close())
            raise Overloaded("The gateway makes as many answers as it may that outlive their clients. Try again later.")
        making = _Making(request, produce, self._work, recorder, self._collected)
        self._running += 1
        task = self._work.start(making.run())
        task.add_done_callback(making.end)
        task.add_done_callback(self._count_down)
        return await making.reply()

    def _count_down(self, _: "asyncio.Task[None]") -> None:
        self._running -= 1


class _Making(Generic[Body]):
    """One answer in the making, and its client's end of it."""

    def __init__(
        self,
        request: Request[Body],
        produce: Produce[Body],
        work: DetachedWork,
        recorder: Recorder | None,
        collected: InFlight,
    ) -> None:
        self._connection = request.connection
        # What it is cut by is not its client's connection, but the work's end.
        self._request = replace(request, connection=work)
        self._release = request.hold.take_over() if request.hold is not None else None
        self._produce = produce
        self._work = work
        self._recorder = recorder
        self._most_bytes = 0 if recorder is None else recorder.most_bytes
        self._collected = collected
        self._feed = Feed(max(FEED_BYTES, self._most_bytes), None if recorder is None else recorder.leave)
        self._begun: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        # Its client may have left, and never look at a refusal.
        self._begun.add_done_callback(asyncio.Future.exception)

    async def reply(self) -> Answer:
        """What the client gets, once it has begun. A client that leaves gives up its end alone."""
        try:
            return await asyncio.shield(self._begun)
        except asyncio.CancelledError:
            self._feed.leave()
            raise

    async def run(self) -> None:
        """Make the answer, and hand it on. `end` is to be called with the task that this runs in."""
        try:
            await self._make()
        finally:
            try:
                if self._recorder is not None:
                    await self._recorder.close()
            finally:
                if self._release is not None:
                    self._release()

    def end(self, task: "asyncio.Task[None]") -> None:
        """Have the client learn how it ended: what it is still waiting for does not come any more."""
        failure = Stopped() if task.cancelled() else task.exception()
        if not isinstance(failure, GatewayError | None) and self._feed.has_left:
            log.error("unhandled_error", operation=self._request.operation, exc_info=failure)
        if failure is not None and not self._begun.done():
            self._begun.set_exception(failure)
        self._feed.end(failure)

    async def _make(self) -> None:
        answer = await self._produce(self._request)
        if isinstance(answer, StreamReply):
            more = () if self._recorder is None else self._recorder.headers
            self._begun.set_result(StreamReply(self._feed.chunks(self._connection), headers=[*answer.headers, *more]))
            await self._pass_on(answer)
            return
        if self._recorder is not None:
            answer = await self._recorder.record(answer)
        self._begun.set_result(answer)

    async def _pass_on(self, answer: StreamReply) -> None:
        """Hand a stream to the client as it comes, and all of it to the recorder."""
        collection = _Collection(self._most_bytes, self._collected)
        try:
            async with aclosing(answer.chunks) as chunks:
                async for chunk in chunks:
                    if not collection.take(chunk):
                        self._feed.most_bytes = FEED_BYTES
                    if not await self._hand_on(chunk):
                        self._feed.put_at_once(await last_of(chunks, asyncio.CancelledError()))
                        return
            if collection.is_whole and self._recorder is not None:
                await self._recorder.record_stream(answer.headers, b"".join(collection.chunks))
        finally:
            collection.discard()

    async def _hand_on(self, chunk: bytes) -> bool:
        """Whether a chunk was handed on; False where the server stops, and its client is slow."""
        try:
            await self._feed.put(chunk)
        except asyncio.CancelledError:
            if not self._work.is_cut:
                raise
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            return False
        return True


class _Collection:
    """The chunks of one stream, unless they become too many bytes, or those of all streams of the process do."""

    def __init__(self, most_bytes: int, collected: InFlight) -> None:
        self.chunks: list[bytes] = []
        self.is_whole = most_bytes > 0
        self._room = most_bytes
        self._collected = collected
        self._size = 0

    def take(self, chunk: bytes) -> bool:
        """Add a chunk. False where the stream is not collected any more."""
        size = len(chunk)
        if self.is_whole and self._size + size <= self._room and self._collected.held + size <= self._collected.most:
            self.chunks.append(chunk)
            self._size += size
            self._collected.held += size
        elif self.is_whole:
            self.discard()
        return self.is_whole

    def discard(self) -> None:
        """Forget the chunks."""
        self._collected.release(self._size)
        self.chunks, self.is_whole, self._size = [], False, 0
