"""PostgreSQL's driver without SQLAlchemy, where its transactions and its pool cost more than the statement itself."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from gateway.store.errors import Unreachable
from gateway.store.location import Location
from gateway.store.translation import translated

if TYPE_CHECKING:
    import asyncpg

Rows: TypeAlias = Sequence[Sequence[object]]


class KeptAsyncpg:
    """One connection that stays open and runs one statement after the other, each in no transaction of ours."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self._is_closed = False

    async def fetch(self, statement: str, values: Sequence[object]) -> Rows:
        """The rows of one statement that reads: it may run twice, where the connection turns out to be lost.

        Raises `StoreError`.
        """
        import asyncpg  # SQLite needs none

        async with self._turn:
            if self._is_closed:
                raise Unreachable("the database is closed")
            while True:
                was_open = self._connection is not None
                try:
                    if self._connection is None:
                        self._connection = await asyncpg.connect(**self._location.connect_args)
                    rows: Rows = await self._connection.fetch(statement, *values)
                    return rows
                except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
                    self._terminate()
                    if not was_open or isinstance(error, TimeoutError):
                        raise translated(error) from error

    async def close(self) -> None:
        """Wait for the statement under way, then close the connection for good."""
        self._is_closed = True
        async with self._turn:
            self._terminate()

    def _terminate(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
