"""One attempt at a response in the background: it runs like any request, and its stream goes into the database."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

import structlog

from gateway.access_log import Access
from gateway.background import endings
from gateway.background.context import Context
from gateway.background.event_log import EventLog
from gateway.background.record import Record, note_cancelled, rows_of
from gateway.background.requests import LaterRequest, usage_id
from gateway.errors import GatewayError, InternalError, Stopped
from gateway.fitting import Fitted
from gateway.http import Body, Request, StreamReply
from gateway.logs import REQUEST_ID
from gateway.memory.responses import Turn
from gateway.neutral.generation import Generation
from gateway.routing.plan import Lane
from gateway.store import jobs
from gateway.store.errors import StoreError
from gateway.store.jobs import ANNOUNCED, Ending, Job
from gateway.surfaces.base import Ended
from gateway.surfaces.responses.announced import AnnouncedSurface
from gateway.surfaces.responses.document import response_error
from gateway.surfaces.responses.writer import Announced
from gateway.wire import sse

_LARGE_BYTES = 128 * 1024
"""Of a request that is translated beside the loop."""

log = structlog.get_logger(__name__)


class _Memory:
    """The turn of a request whose answer is stored by others, together with the last of its events."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.ended: Ended | None = None

    async def recall(self, generation: Generation) -> Generation:
        return await self.turn.recall(generation)

    async def fit(self, request: Request[Body], generation: Generation, lanes: Sequence[Lane]) -> Fitted | None:
        return await self.turn.fit(request, generation, lanes)

    def admissible(self, generation: Generation) -> Fitted | None:
        return self.turn.admissible(generation)

    async def keep(self, ended: Ended) -> None:
        self.ended = ended


class Attempt:
    """One attempt. Nothing of it is seen by anybody before it is stored, under this process's lease."""

    def __init__(self, context: Context, job: Job, request: LaterRequest) -> None:
        self._context = context
        self._job = job
        self._request = request
        self._memory = _Memory(Turn(context.archive, job.key_id))
        self._access = Access(request.request_id)
        self._access.usage_id = usage_id(job.response_id, job.run)
        self._record = Record(context, job.response_id)
        self._events = EventLog(job.next_sequence, self._record.append, self.lose)
        self._running: asyncio.Task[object] | None = None
        self._is_lost = False

    def lose(self) -> None:
        """The response is no longer this process's: stop the work, and store nothing more."""
        if not self._is_lost:
            self._is_lost = True
            if self._running is not None:
                self._running.cancel()

    async def run(self) -> None:
        """Run it to its end."""
        self._running = asyncio.current_task()
        REQUEST_ID.set(self._request.request_id)
        try:
            if not self._is_lost:
                await self._answer()
            await self._finish()
        except GatewayError as error:
            await self._fail(error)
        except StoreError:
            raise
        except Exception:
            # Nobody else would see it, and the response would wait for its lease to run out.
            log.exception("unhandled_error", operation=self._request.operation)
            await self._fail(InternalError())
        except asyncio.CancelledError:
            if self._running is not None:
                self._running.uncancel()
            await self._stop()

    async def _answer(self) -> None:
        job, request, context = self._job, self._request, self._context
        client = Request(
            self._access,
            request.operation,
            job.key_id,
            request.body,
            {},
            {},
            is_large=len(job.request or b"") > _LARGE_BYTES,
            connection=context.detached,
        )
        surface = AnnouncedSurface(request.surface, job.response_id, Announced(request.created_at, ANNOUNCED))
        reply = await context.engine.answer(client, surface, self._memory)
        assert isinstance(reply, StreamReply)
        async with aclosing(reply.chunks) as chunks:
            async for chunk in chunks:
                if self._memory.ended is not None:
                    self._events.hold()
                await self._events.add(chunk.removesuffix(sse.DONE))

    async def _finish(self) -> None:
        """Store the end of an answer that came to one."""
        ended = self._memory.ended
        if self._is_lost or ended is None:
            await self._stop()
            return
        rest = await self._events.close()
        if self._context.detached.is_cut and ended.document["status"] == "failed" and await self._handed_over():
            return
        row = self._memory.turn.row(ended)
        ending = self._record.ending(row.status, row.document, row.output, self._events.next_number, rest)
        await self._end(replace(ending, append=self._memory.turn.append(ended.document)))

    async def _stop(self) -> None:
        """The work was stopped: the response is another's now, or this process stops."""
        if not self._is_lost:
            await self._fail(Stopped())
            return
        await self._events.close()
        note_cancelled(self._access.usage)

    async def _fail(self, error: GatewayError) -> None:
        """End a response that did not come to an end: failed, with what was produced."""
        rest = await self._events.close()
        if isinstance(error, Stopped) and rest is None and await self._handed_over():
            return
        number = self._events.next_number
        if rest is not None and await self._record.append(rest):
            number = rest.last + 1
        read = self._context.database.read
        stored, batches = await self._context.patiently(partial(read, partial(jobs.response_and_events, job=self._job)))
        if stored is not None:
            ended = await asyncio.to_thread(endings.failed, stored, batches, response_error(error), number)
            await self._end(self._record.ending(ended.status, ended.document, ended.output, number, ended.events))

    async def _end(self, ending: Ending) -> None:
        await self._record.finish(replace(ending, usage=rows_of(self._access.usage)))

    async def _handed_over(self) -> bool:
        """Queue the response again where nothing of it was stored: another process begins anew."""
        if self._events.next_number != ANNOUNCED or not self._request.is_repeatable:
            return False
        release = partial(jobs.release, response_id=self._job.response_id, owner=self._context.lease.owner)
        row = self._access.usage
        if row is not None:
            row.given_up = True  # another attempt has the row of the request
        try:
            is_released = await self._context.archive.journal.write(release)
        except StoreError:
            return True  # the lease runs out, and whoever takes it over begins anew
        if row is not None:
            row.given_up = is_released
        return is_released
