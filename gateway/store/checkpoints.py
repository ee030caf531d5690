"""Empties SQLite's log beside the commits: left to itself, SQLite does it within one, which takes 10 ms then."""

import asyncio
from contextlib import suppress

from gateway.store.database import Database
from gateway.store.errors import StoreError

_LOG_BYTES = 4_000_000
"""As much may have been written before the log is emptied."""

_COMMIT_BYTES = 17_000
"""What a transaction adds to the log: the pages at the ends of the table and of its indexes."""

_ROW_BYTES = 5_000
"""What a response adds besides, its items aside."""

_USAGE_ROW_BYTES = 1_500
"""The same of a usage row, many of which share the pages."""


class Checkpoints:
    """Counts what is written, and starts a checkpoint when it is time; one runs at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written = 0
        self._running: asyncio.Task[None] | None = None

    def note_usage(self, rows: int) -> None:
        """So many usage rows were committed."""
        self._note(rows * _USAGE_ROW_BYTES)

    def note(self, rows: int, size: int) -> None:
        """So many other rows were committed together, with contents of that size in bytes."""
        self._note(_COMMIT_BYTES + rows * _ROW_BYTES + size)

    def _note(self, size: int) -> None:
        self._written += size
        if self._written > _LOG_BYTES and self._running is None:
            self._written = 0
            self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Wait for the one that runs."""
        if self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        try:
            with suppress(StoreError):  # the log grows; the next time comes soon
                await self._database.checkpoint()
        finally:
            self._running = None
