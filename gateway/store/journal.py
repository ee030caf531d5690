"""The journal: everything that requests leave in the database goes through it, in transactions that they share.

Usage rows are written within a second, and wait in memory, then in a file, while the database is away. Responses and
items of conversations are committed before their caller goes on. On SQLite both go to the one thread that writes; usage
rows are never urgent, so they have transactions of their own: by hundreds they cost half as much (decision 0021).
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from gateway.neutral.end_user import EndUser
from gateway.store.checkpoints import Checkpoints
from gateway.store.database import Connection, Database
from gateway.store.group_commit import GroupCommit, Turn
from gateway.store.responses import StoredResponse
from gateway.store.spool import Spool
from gateway.store.turns import Append as Append
from gateway.store.turns import Appended
from gateway.store.usage import STOPPED as STOPPED
from gateway.store.usage import UsageRow as UsageRow
from gateway.store.usage_queue import CAPACITY, RowWriter, UsageQueue
from gateway.store.writability import Writability

T = TypeVar("T")


class Journal:
    """One a process. `folder` is where usage rows outlive a stop while the database is away.

    `written` is called with the usage rows of each batch, once they are in the database.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        capacity: int = CAPACITY,
        written: Callable[[Sequence[UsageRow]], object] | None = None,
    ) -> None:
        self._checkpoints = Checkpoints(database)
        self._writability = Writability(database)
        self._commits = GroupCommit(database, self._checkpoints, self._writability)
        self._usage = UsageQueue(
            RowWriter(database, self._checkpoints, self._writability, written), Spool(folder), capacity
        )
        self.record: Callable[[UsageRow, EndUser | None], None] = self._usage.record
        """Takes a usage row, to be written within a second. Called on every request: appends and returns."""

    async def start(self) -> None:
        """Write the usage rows that earlier processes could not, then those that come."""
        await self._usage.start()

    async def close(self) -> None:
        """Wait until everything is committed that was handed over. Usage rows go to a file if that takes over 5 s."""
        await asyncio.gather(self._commits.close(), self._usage.close())
        await self._writability.close()
        await self._checkpoints.close()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that it may share with others, and return what it returns, once committed.

        It may run twice, the first time in vain, if another's work in the same transaction failed. Raises what `work`
        raised, and `StoreError`.
        """
        outcome: T = await self._commits.submit(work)
        return outcome

    async def add(self, response: StoredResponse, append: Append | None = None) -> Appended:
        """Store a response, and with it the items of its turn at the end of a conversation. Raises `StoreError`.

        Returns the items as they were stored, None if the conversation was gone: the response is stored even so.
        """
        outcome: Appended = await self._commits.submit(Turn(response, append))
        return outcome

    def raise_if_away(self) -> None:
        """Raise `Unreachable` while nothing can be stored: before anything is paid for."""
        self._writability.raise_if_away()

    async def check(self) -> None:
        """Raise `StoreError` while nothing can be stored, as far as a small write can find out."""
        await self._writability.check()
