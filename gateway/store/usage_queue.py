"""Takes the usage of each request in memory, and writes it to the database in the background."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

import structlog

from gateway.neutral.end_user import EndUser
from gateway.store import usage
from gateway.store.checkpoints import Checkpoints
from gateway.store.database import Database
from gateway.store.errors import Refused, StoreError
from gateway.store.spool import Spool, TakenFile
from gateway.store.usage import Entry, UsageRow
from gateway.store.writability import Writability
from gateway.waits import is_set_within

FLUSH_SECONDS = 0.2
"""Between two writes; a killed process loses what came since the last one."""

CAPACITY = 100_000
"""Rows kept while the database is away; beyond, the oldest go."""

_BATCH = 256
"""Rows a transaction: responses that are to be stored wait behind it, two or three milliseconds."""

_ROW_BYTES = 500
"""About what a row takes in the database with its indexes."""

_LONGEST_PAUSE = 5.0
_CLOSING_SECONDS = 5.0
"""After which the rows that are left go to a file, well before a supervisor's patience ends."""

_CLOSING_ATTEMPTS = 3

log = structlog.get_logger(__name__)


class RowWriter:
    """Writes rows in one transaction, and lets everybody know who has to: `written` is called with the rows."""

    def __init__(
        self,
        database: Database,
        checkpoints: Checkpoints,
        writability: Writability,
        written: Callable[[Sequence[UsageRow]], object] | None,
    ) -> None:
        self._database = database
        self._checkpoints = checkpoints
        self._writability = writability
        self._written = written

    async def write(self, batch: list[Entry]) -> None:
        """Write a batch. Raises `StoreError`."""
        try:
            await self._database.write(partial(usage.record, batch=batch))
        except StoreError as error:
            self._writability.failed(error, len(batch) * _ROW_BYTES)
            raise
        self._checkpoints.note_usage(len(batch))
        self._writability.written_at = time.monotonic()
        if self._written is not None:
            self._written([row for _, row, _ in batch])


class UsageQueue:
    """Usage rows on their way to the database."""

    def __init__(self, rows: RowWriter, spool: Spool, capacity: int) -> None:
        self._rows = rows
        self._spool = spool
        self._capacity = capacity
        self._waiting: deque[Entry] = deque()
        self._batch: list[Entry] = []
        self._dropped = 0
        self._is_failing = False
        self._closing = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        # Rows get their ids here: one whose commit got lost on the way is sent again under the same id.
        # Numbered within the process, they come in the index's order.
        self._prefix = secrets.token_hex(6)
        self._number = count()

    def record(self, row: UsageRow, end_user: EndUser | None) -> None:
        """Take a row, to be written within a second. Called on every request: appends and returns."""
        if len(self._waiting) >= self._capacity:
            self._waiting.popleft()
            self._dropped += 1
        row.id = row.id or f"{self._prefix}{next(self._number):012x}"
        self._waiting.append((row.id, row, end_user))

    async def start(self) -> None:
        """Write what earlier processes left in files, then write from now on."""
        for taken in self._spool.take():
            await self._recover(taken)
        self._writing = asyncio.create_task(self._write_forever())

    async def close(self) -> None:
        """Write everything that waits, or keep it in a file if the database does not take it in time."""
        self._closing.set()
        writing = self._writing or asyncio.create_task(self._write_forever())
        _, late = await asyncio.wait([writing], timeout=_CLOSING_SECONDS)
        if late:
            writing.cancel()
            await asyncio.wait([writing])
        # A batch that is under way after all may be committed as well: its rows keep their ids.
        self._keep([*self._batch, *self._waiting])

    async def _recover(self, taken: TakenFile) -> None:
        rows = 0
        try:
            for batch in taken.batches(_BATCH):
                await self._write(batch)
                rows += len(batch)
        except (StoreError, OSError) as error:
            taken.release()
            log.warning("usage_rows_not_recovered", reason=str(error), effect="kept in a file for the next start")
            return
        taken.remove()
        log.info("usage_rows_recovered", rows=rows)
        if taken.damaged:
            log.error("usage_rows_lost", rows=taken.damaged, reason="their lines in the file are damaged")

    def _keep(self, entries: list[Entry]) -> None:
        if not entries:
            return
        kept = 0
        reason = "they cannot be written as JSON"
        try:
            kept = self._spool.keep(entries)
        except OSError as error:
            reason = f"the database is away, and the file for them cannot be written ({error.strerror})"
        if kept:
            log.warning("usage_rows_kept", rows=kept, effect="the next start writes them to the database")
        if kept < len(entries):
            log.error("usage_rows_lost", rows=len(entries) - kept, reason=reason)

    async def _write_forever(self) -> None:
        pause = FLUSH_SECONDS
        while not await is_set_within(self._closing, pause):
            pause = FLUSH_SECONDS if await self._flush() else min(pause * 2, _LONGEST_PAUSE)
        for _ in range(_CLOSING_ATTEMPTS):
            if await self._flush():
                break
            await asyncio.sleep(FLUSH_SECONDS)

    async def _flush(self) -> bool:
        """Write the rows that wait now; False if the database failed, and the batch under way is kept.

        Rows that come meanwhile are left for the next call: under load this would never end, and each of its
        transactions would hold the few rows that came during the one before.
        """
        if self._dropped:
            log.error("usage_rows_dropped", rows=self._dropped, reason="the database was away for too long")
            self._dropped = 0
        remaining = len(self._waiting)
        while self._batch or remaining:
            if not self._batch:
                self._batch = [self._waiting.popleft() for _ in range(min(_BATCH, remaining))]
                remaining -= len(self._batch)
            try:
                await self._write(self._batch)
            except StoreError as error:
                if not self._is_failing:
                    log.warning("usage_not_written", reason=str(error), effect="kept in memory, and tried again")
                self._is_failing = True
                return False
            self._batch = []
        if self._is_failing:
            log.info("usage_written_again")
            self._is_failing = False
        return True

    async def _write(self, batch: list[Entry]) -> None:
        """Write a batch in one transaction. If refused, find the row at fault by halves and leave it out."""
        try:
            await self._rows.write(batch)
        except Refused as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._write(batch[:middle])
                await self._write(batch[middle:])
                return
            id_, row, end_user = batch[0]
            log.error(
                "usage_row_refused",
                request=row.request_id,
                reason=str(error),
                with_end_user=end_user is not None,
            )
            if end_user is not None:
                await self._write([(id_, row, None)])
