"""Ends what nobody works on any more: responses that were cancelled, whose process died, or that waited too long."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial

import orjson
import structlog

from gateway.account import name_end_user
from gateway.background import endings
from gateway.background.context import Context
from gateway.background.endings import EndedResponse
from gateway.background.record import Record, finished
from gateway.background.requests import LaterRequest, metadata_of, unsealed, usage_id
from gateway.errors import GatewayError
from gateway.neutral.end_user import split_end_user
from gateway.store import jobs, keys, usage
from gateway.store.database import Connection
from gateway.store.errors import StoreError
from gateway.store.jobs import ANNOUNCED, CANCELLING, Batch, Job
from gateway.store.responses import StoredResponse
from gateway.store.usage import UsageRow
from gateway.surfaces.responses.document import INTERRUPTED

_BATCH = 100
_ACCOUNTED_SECONDS = 3.0
"""Within which a process that lives has stopped the work on what was cancelled, and has written what that used."""

log = structlog.get_logger(__name__)


class Recovery:
    """One a process."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def recover(self, job: Job, request: LaterRequest | None) -> None:
        """Queue a job again that was taken over, or end it.

        It is begun anew only if nothing of it was stored, and nothing but tokens can have come of it. What the lost
        attempt used is estimated, and accounted.
        """
        if job.state == CANCELLING:
            await self.end_cancelled(job, request, is_lost=True)
            return
        may_repeat = request is not None and request.is_repeatable and job.attempts < self._context.options.attempts
        if job.next_sequence != ANNOUNCED or not may_repeat:
            await self.give_up(job, request)
            return
        row = await self._lost_usage(job, request, 0)
        if row is not None:
            row.given_up = True
        again = partial(_queue_again, job=job, owner=self._context.lease.owner, row=row)
        if await self._context.archive.journal.write(again):
            log.info("background_response_queued_again", response=job.response_id, attempts=job.attempts)

    async def give_up(self, job: Job, request: LaterRequest | None = None) -> None:
        """End a response whose process died in the middle of it: failed, with what was produced."""
        stored, batches = await self._read(job)
        if stored is None:
            await self._forget(job)
            return
        message = "The gateway was interrupted while it made this response. What was produced until then is kept."
        fail = partial(endings.failed, stored, batches, {"code": INTERRUPTED, "message": message}, job.next_sequence)
        ended = await asyncio.to_thread(fail)
        row = await self._lost_usage(job, request, ended.text_bytes)
        await self._end(job, self._context.lease.owner, ended, row)
        log.warning("background_response_interrupted", response=job.response_id)

    async def is_refused(self, job: Job) -> bool:
        """Whether the key of a job that was claimed is revoked or has expired, and the job has failed for that."""
        usable = partial(keys.is_usable, id_=job.key_id, now=time.time())
        if await self._context.database.read(usable):
            return False
        await self._fail(job, self._context.lease.owner, "The gateway key of this response is no longer valid.")
        return True

    async def end_cancelled(self, job: Job, request: LaterRequest | None, *, is_lost: bool = False) -> None:
        """End a response that was cancelled.

        `request` is None where this process works on it, and accounts for that. Another process may be dead by now;
        `is_lost`: it is.
        """
        stored, batches = await self._read(job)
        if stored is None:
            await self._forget(job)
            return
        ended = await asyncio.to_thread(endings.cancelled, stored, batches)
        row: UsageRow | None = None
        if job.attempts == 0:
            row = _row(job, request, 499, usage.CANCELLED)
        elif is_lost:
            row = await self._lost_usage(job, request, ended.text_bytes)
        is_ended = await self._end(job, self._context.lease.owner, ended, row)
        if is_ended and row is None and request is not None:
            self._context.detached.start(self._account_later(job, request, ended.text_bytes))

    async def _account_later(self, job: Job, request: LaterRequest, text_bytes: int) -> None:
        """Account for an attempt in another process, unless that has done so by then, being alive."""
        try:
            await asyncio.sleep(_ACCOUNTED_SECONDS)
        except asyncio.CancelledError:
            # This process stops: the row is written now, and the other process's, which has the same id, is not.
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
        try:
            row = await self._lost_usage(job, request, text_bytes)
        except StoreError as error:
            log.warning("background_usage_not_estimated", response=job.response_id, reason=str(error))
            return
        if row is not None:
            self._context.ledger.journal.record(row, None)

    async def clean(self) -> None:
        """End what was queued for too long, and delete the events of what has ended long enough ago."""
        seconds = self._context.options.queued_seconds
        overdue = partial(jobs.overdue, seconds=seconds, most=_BATCH)
        for job in await self._context.database.read(overdue):
            message = f"The response was queued for {seconds:g} seconds, and nothing was free to work on it."
            await self._fail(job, None, message)
        # Found by reading, which holds nobody up.
        if outdated := await self._context.database.read(partial(jobs.outdated, most=_BATCH)):
            await self._context.archive.journal.write(partial(jobs.forget, response_ids=outdated))

    async def _fail(self, job: Job, owner: str | None, message: str) -> None:
        """End a job that nobody has worked on."""
        stored, _ = await self._read(job)
        if stored is None:
            await self._forget(job)
            return
        ended = endings.failed(stored, (), {"code": "server_error", "message": message}, job.next_sequence)
        request = await unsealed(self._context.sealer, job)
        await self._end(job, owner, ended, _row(job, request, 503, usage.EXPIRED))

    async def _forget(self, job: Job) -> None:
        """Delete a job whose response is gone: nobody can ask for it."""
        await self._context.archive.journal.write(partial(jobs.discard, key_id=job.key_id, response_id=job.response_id))

    async def _read(self, job: Job) -> tuple[StoredResponse | None, list[Batch]]:
        return await self._context.database.read(partial(jobs.response_and_events, job=job))

    async def _end(self, job: Job, owner: str | None, ended: EndedResponse, row: UsageRow | None) -> bool:
        record = Record(self._context, job.response_id)
        ending = record.ending(ended.status, ended.document, ended.output, job.next_sequence, ended.events)
        known = replace(ending, owner=owner, state=job.state, usage=() if row is None else (row,))
        is_ended = await finished(self._context, known)
        self._context.changes.announce(job.response_id)
        return is_ended

    async def _lost_usage(self, job: Job, request: LaterRequest | None, text_bytes: int) -> UsageRow | None:
        """What an attempt used that left no row: an estimate. None where it left one after all."""
        if request is None:
            return None
        row = _row(job, request, 503, usage.LOST)
        if await self._context.database.read(partial(usage.is_stored, id_=row.id)):
            return None
        ratios, body = self._context.ledger.ratios, b"".join(map(orjson.dumps, request.parts))
        row.estimated = True
        row.prompt_tokens = ratios.prompt_tokens(request.provider, request.model, body)
        row.completion_tokens = ratios.completion_tokens(request.provider, request.model, text_bytes)
        return row


def _row(job: Job, request: LaterRequest | None, status: int, outcome: str) -> UsageRow:
    """The usage row of a response that has none of its own. Its id makes sure that there is one for each attempt."""
    row = UsageRow(
        id=usage_id(job.response_id, job.run),
        request_id="" if request is None else request.request_id,
        time=job.created_at,
        key_id=job.key_id,
        operation="" if request is None else request.operation,
        is_stream=True,
        status=status,
        outcome=outcome,
        duration_ms=(time.time() - job.created_at) * 1000,
    )
    if request is not None:
        row.provider, row.model = request.provider, request.model
        with suppress(GatewayError):
            name_end_user(row, split_end_user(metadata_of(request.body))[0])
    return row


def _queue_again(connection: Connection, job: Job, owner: str, row: UsageRow | None) -> bool:
    if not jobs.queue_again(connection, job.response_id, owner):
        return False
    if row is not None:
        usage.record(connection, [(row.id, row, None)])
    return True
