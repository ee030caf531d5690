"""Reads the documents of responses for clients that poll: those that are requested together are read together.

A transaction of its own for each took 400 µs of processor time on SQLite, and 600 on PostgreSQL: most of it
SQLAlchemy's. One statement takes 80 and 100, and 25 for each of four that are read together.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from gateway.store.database import Database
from gateway.store.errors import StoreError, Unreachable
from gateway.store.kept_asyncpg import Rows

_MOST = 16
"""Documents in one statement: each may be megabytes."""
_COLUMNS = "id, key_id, expires_at, status, document, output"
_ON_SQLITE = tuple(
    f"SELECT {_COLUMNS} FROM responses WHERE id IN ({', '.join('?' * count)})" for count in range(_MOST + 1)
)
_ON_POSTGRESQL = f"SELECT {_COLUMNS} FROM responses WHERE id = ANY($1::VARCHAR[])"


class StoredDocument(NamedTuple):
    """A response without its input: the document up to its `output`, as `StoredResponse` has it."""

    id: str
    key_id: str
    expires_at: float
    status: str
    document: bytes
    output: bytes


_Request = tuple[str, "asyncio.Future[StoredDocument | None]"]


class Documents:
    """One a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Request] = deque()
        self._reading: asyncio.Task[None] | None = None

    async def find(self, key_id: str, id_: str) -> StoredDocument | None:
        """The response of that id, if it is this key's and has not expired. Raises `StoreError`."""
        if "\x00" in id_:  # PostgreSQL takes no such text, not even to look for it
            return None
        found: asyncio.Future[StoredDocument | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((id_, found))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        document = await found
        if document is None or document.key_id != key_id or document.expires_at <= time.time():
            return None
        return document

    async def _read(self) -> None:
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
                await self._settle(group, sorted({id_ for id_, _ in group}))
        finally:
            self._reading = asyncio.create_task(self._read()) if self._waiting else None

    async def _settle(self, group: Sequence[_Request], ids: Sequence[str]) -> None:
        try:
            rows = {found.id: found for found in map(StoredDocument._make, await self._select(ids))}
            for id_, found in group:
                if not found.done():  # else its client has left
                    found.set_result(rows.get(id_))
        except StoreError as error:
            for _, found in group:
                if not found.done():
                    found.set_exception(error)
        finally:
            for _, found in group:
                if not found.done():
                    found.set_exception(Unreachable("the read was given up"))

    async def _select(self, ids: Sequence[str]) -> Rows:
        if self._database.is_sqlite:
            return await self._database.fetch(_ON_SQLITE[len(ids)], ids)
        return await self._database.fetch(_ON_POSTGRESQL, (ids,))
