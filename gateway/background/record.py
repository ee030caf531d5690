"""What a process writes of one response that it works on: its events, and its end; under the process's lease."""

from dataclasses import replace
from functools import partial

import structlog

from gateway.background.context import Context
from gateway.store import jobs
from gateway.store.errors import Refused, StoreError
from gateway.store.jobs import IN_PROGRESS, Batch, Ending
from gateway.store.usage import CANCELLED, UsageRow

log = structlog.get_logger(__name__)


class Record:
    """One response in the background, as the process writes it that has its lease."""

    def __init__(self, context: Context, response_id: str) -> None:
        self._context = context
        self._response_id = response_id

    async def append(self, batch: Batch) -> bool:
        """Store the next events. False where the response is another's by now.

        Raises `StoreError` when the database is away for as long as the lease runs.
        """
        context = self._context
        work = partial(jobs.append, response_id=self._response_id, owner=context.lease.owner, batch=batch)
        is_ours = await context.patiently(partial(context.archive.journal.write, work))
        if is_ours:
            context.changes.announce(self._response_id)
        return is_ours

    def ending(self, status: str, document: bytes, output: bytes, next_sequence: int, events: Batch | None) -> Ending:
        """An end of the response, behind events up to `next_sequence` that are stored."""
        return Ending(
            response_id=self._response_id,
            owner=self._context.lease.owner,
            state=IN_PROGRESS,
            next_sequence=next_sequence,
            status=status,
            document=document,
            output=output,
            keep_seconds=self._context.options.events_seconds,
            events=events,
        )

    async def finish(self, ending: Ending) -> None:
        """Store the end, unless another came first. While the database is away, try again as long as the lease runs."""
        try:
            if await self._context.patiently(partial(finished, self._context, ending)):
                self._context.changes.announce(ending.response_id)
        except StoreError as error:
            log.warning("background_response_not_stored", response=ending.response_id, reason=str(error))


async def finished(context: Context, ending: Ending) -> bool:
    """Whether the end was stored: False where another came first. Raises `StoreError`."""
    write = context.archive.journal.write
    try:
        return await write(partial(jobs.finish, ending=ending))
    except Refused:
        # A name in its usage row may be no text for the database. The journal has its own way with such a row.
        return await write(partial(jobs.finish, ending=replace(ending, usage=())))


def note_cancelled(row: UsageRow | None) -> None:
    """Have the row of an answer, if it has one and did not come to its end, name that it was cancelled."""
    if row is not None and row.status != 200:
        row.outcome = CANCELLED


def rows_of(row: UsageRow | None) -> list[UsageRow]:
    """The usage row of an answer, once the journal has it, to be stored with the end."""
    return [row] if row is not None and row.id else []
