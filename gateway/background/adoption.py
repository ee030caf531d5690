"""An answer whose client has left, and which goes on as a response in the background, under the id that was sent."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial

import orjson
import structlog

from gateway.background.context import Context
from gateway.background.endings import read_events
from gateway.background.event_log import EventLog
from gateway.background.record import Record, note_cancelled, rows_of
from gateway.background.requests import LaterRequest, usage_id
from gateway.background.worker import Worker
from gateway.errors import GatewayError, Header
from gateway.fitting import Fitted
from gateway.http import Body, Reply, Request, StreamReply
from gateway.memory.failures import explained
from gateway.memory.responses import Turn
from gateway.neutral.generation import Generation, RenderedPrompt
from gateway.neutral.json import JsonObject, count_or_zero, object_or_empty, text_or_empty
from gateway.routing.plan import Lane
from gateway.store import jobs
from gateway.store.jobs import Batch, Bounds, TooMany
from gateway.surfaces.base import Ended, Surface
from gateway.surfaces.responses.document import move_output_last
from gateway.wire import sse

_MOST_BYTES = 4 * 1024 * 1024
"""Of the events that are kept in memory while the client is there. A longer answer runs to its end as it is."""

log = structlog.get_logger(__name__)


class Adoption:
    """One streamed response while it is made, which becomes one of the background should its client leave.

    It records the answer for `gateway.outliving`, and is the memory of its turn.
    """

    most_bytes = 0
    headers: Sequence[Header] = ()

    def __init__(self, context: Context, worker: Worker, bounds: Bounds, request: Request[Body]) -> None:
        self._context = context
        self._worker = worker
        self._bounds = bounds
        self._access, self._key_id, self._operation = request.access, request.key_id, request.operation
        self._body = object_or_empty(request.body)
        self._turn = Turn(context.archive, request.key_id)
        self._template: RenderedPrompt | None = None
        self._making: asyncio.Task[object] | None = None
        self._seen: list[bytes] | None = []
        """The events so far; None where they have become too many, or are kept otherwise."""
        self._size = 0
        self._response_id = ""
        self._adopting: asyncio.Task[None] | None = None
        self._events: EventLog | None = None
        """Where events go once the response is one of the background."""
        self._ended: Ended | None = None
        self._is_kept = False

    async def produce(self, request: Request[Body], surface: Surface[Body]) -> Reply | StreamReply:
        """The answer, in the task that makes it. Raises as `Engine.answer` does."""
        self._making = asyncio.current_task()
        reply = await self._context.engine.answer(request, surface, self)
        if isinstance(reply, StreamReply):
            return replace(reply, chunks=self._watched(reply.chunks))
        return reply

    async def recall(self, generation: Generation) -> Generation:
        self._template = generation.template
        return await self._turn.recall(generation)

    async def fit(self, request: Request[Body], generation: Generation, lanes: Sequence[Lane]) -> Fitted | None:
        return await self._turn.fit(request, generation, lanes)

    def admissible(self, generation: Generation) -> Fitted | None:
        return self._turn.admissible(generation)

    async def keep(self, ended: Ended) -> None:
        """Store the answer, or leave that to the end of the response in the background."""
        if self._adopting is None:
            self._is_kept = True
            await self._turn.keep(ended)
        else:
            self._ended = ended

    def leave(self) -> None:
        """The client has left before the end."""
        if self._seen and not self._is_kept and self._adopting is None:
            self._adopting = self._context.detached.start(self._adopt(self._seen))

    def lose(self) -> None:
        """The response is cancelled, deleted, or another process's: stop the work on it."""
        if self._making is not None:
            self._making.cancel()

    async def record(self, reply: Reply) -> Reply:
        """A plain answer is stored by its turn."""
        return reply

    async def record_stream(self, headers: Sequence[Header], data: bytes) -> None:
        """Nothing is recorded but events."""

    async def close(self) -> None:
        """End the response in the background, if it has become one: with its answer, or as it was left."""
        if self._adopting is not None:
            # Waited for alone: it may be cancelled by a stop, and the answer is kept all the same.
            await asyncio.wait([self._adopting])
        if self._events is not None:
            rest = await self._events.close()
            self._worker.forget(self._response_id, self)
            await self._finish(self._events.next_number, rest)
        elif self._ended is not None:
            with suppress(GatewayError):  # nobody is there to learn of it
                await self._turn.keep(self._ended)

    async def _finish(self, next_number: int, rest: Batch | None) -> None:
        row = self._access.usage
        if self._ended is None:
            # Whoever cancelled it has ended it.
            note_cancelled(row)
            return
        record, stored = Record(self._context, self._response_id), self._turn.row(self._ended)
        ending = record.ending(stored.status, stored.document, stored.output, next_number, rest)
        await record.finish(replace(ending, append=self._turn.append(self._ended.document), usage=rows_of(row)))

    async def _watched(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async with aclosing(chunks):
            async for chunk in chunks:
                if self._events is not None:
                    if self._ended is not None:
                        self._events.hold()
                    await self._events.add(chunk.removesuffix(sse.DONE))
                elif self._seen is not None:
                    self._see(chunk.removesuffix(sse.DONE))
                yield chunk

    def _see(self, data: bytes) -> None:
        assert self._seen is not None
        self._seen.append(data)
        self._size += len(data)
        if self._size > _MOST_BYTES and self._adopting is None:
            self._seen = None

    async def _adopt(self, seen: list[bytes]) -> None:
        """Make the response one of the background, with the events so far; stop it where there are too many of them."""
        taken = len(seen)
        data = b"".join(seen)
        events = Batch(0, data.count(sse.END) - 1, data)
        response = object_or_empty(next(read_events([events]), {}).get("response"))
        if response.get("store") is not True:
            return  # it runs to its end, and is forgotten
        try:
            refusal = await self._store(response, events)
        except GatewayError as error:
            self._seen = None
            log.warning("answer_not_taken_over", reason=error.message, effect="it runs to its end all the same")
            return
        if refusal is not None:
            self.lose()
            return
        self._response_id = text_or_empty(response.get("id"))
        log_of_events = EventLog(events.last + 1, Record(self._context, self._response_id).append, self.lose)
        self._worker.adopt(self._response_id, self)
        while len(seen) > taken:
            if self._ended is not None:
                log_of_events.hold()
            await log_of_events.add(seen[taken])
            taken += 1
        self._events, self._seen = log_of_events, None

    async def _store(self, response: JsonObject, events: Batch) -> TooMany | None:
        context = self._context
        move_output_last(response)
        whole = orjson.dumps(response)
        row = replace(self._turn.row(Ended(orjson.loads(whole), whole)), background=True)
        later = LaterRequest(
            self._operation,
            self._access.request_id,
            count_or_zero(response.get("created_at")),
            text_or_empty(response.get("provider")),
            text_or_empty(response.get("model")),
            self._body,
            self._template,
        )
        sealed = await asyncio.to_thread(later.seal, context.sealer, self._key_id, row.id)
        self._access.usage_id = usage_id(row.id)
        adopt = partial(
            jobs.adopt, response=row, request=sealed, events=events, bounds=self._bounds, lease=context.lease
        )
        with explained():
            return await context.archive.journal.write(adopt)
