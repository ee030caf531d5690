"""Takes the usage of each request in memory, and writes it to the database in the background."""

import asyncio
import secrets
from collections import deque
from functools import partial
from itertools import count

import structlog

from gateway.end_user import EndUser
from gateway.store import usage
from gateway.store.database import Database
from gateway.store.errors import Refused, StoreError
from gateway.store.usage import Entry
from gateway.store.usage import UsageRow as UsageRow

FLUSH_SECONDS = 0.2
"""Between two writes; a killed process loses what came since the last one."""

CAPACITY = 100_000
"""Rows kept while the database is away; beyond, the oldest go."""

_BATCH = 100
"""Rows a transaction: answers that are to be kept wait behind it, a millisecond or two."""
_LONGEST_PAUSE = 5.0
_CLOSING_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Ledger:
    """Usage rows on their way to the database."""

    def __init__(self, database: Database, capacity: int = CAPACITY) -> None:
        self._database = database
        self._capacity = capacity
        self._waiting: deque[tuple[UsageRow, EndUser | None]] = deque()
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
        self._waiting.append((row, end_user))

    async def start(self) -> None:
        """Write from now on."""
        self._writing = asyncio.create_task(self._write_forever())

    async def close(self) -> None:
        """Write everything that waits. Logs how many rows are lost if the database stays away for 10 s."""
        self._closing.set()
        if self._writing is None:
            await self.start()
        if self._writing is not None:
            await self._writing

    async def _write_forever(self) -> None:
        pause = FLUSH_SECONDS
        while not self._closing.is_set():
            try:
                async with asyncio.timeout(pause):
                    await self._closing.wait()
            except TimeoutError:
                pause = FLUSH_SECONDS if await self._flush() else min(pause * 2, _LONGEST_PAUSE)
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                while self._batch or self._waiting:
                    if not await self._flush():
                        await asyncio.sleep(FLUSH_SECONDS)
        except TimeoutError:
            log.error("usage_rows_lost", rows=len(self._batch) + len(self._waiting))

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
                self._batch = self._take(min(_BATCH, remaining))
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

    def _take(self, number: int) -> list[Entry]:
        entries = [self._waiting.popleft() for _ in range(number)]
        return [(f"{self._prefix}{next(self._number):012x}", row, end_user) for row, end_user in entries]

    async def _write(self, batch: list[Entry]) -> None:
        """Write a batch in one transaction. If refused, find the row at fault by halves and leave it out."""
        try:
            await self._database.write(partial(usage.record, batch=batch))
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
