"""The one way to the database: a function of a `Connection`, run in a transaction, off the event loop's back.

SQLite's transactions run in threads of their own, each from its first statement to its last (decisions 0011, 0021);
writes in one thread, so that they queue here and not for the database's lock. PostgreSQL's run in greenlets on the
event loop.

What SQLite promises here: WAL with `synchronous=NORMAL`. Whatever was committed survives `kill -9`, since the
operating system holds it. After a power cut the file is sound, but the last commits may be missing; a write
that must not come undone, such as a key's revocation, is `durable` and waits for the disk. PostgreSQL waits
for every commit.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import structlog
from sqlalchemy import Connection as Connection
from sqlalchemy import Engine, create_engine, event

# AsyncEngine is a thin coat over this function, but its import brings the whole ORM along: 6 MB and 0.4 s.
from sqlalchemy.util.concurrency import greenlet_spawn

from gateway.store import schema
from gateway.store.errors import StoreError, Unreachable
from gateway.store.kept_asyncpg import KeptAsyncpg, Rows
from gateway.store.location import Location, locate
from gateway.store.permissions import keep_folder_private, make_private_file, make_private_folder
from gateway.store.tables import HEAD
from gateway.store.threads import KeptConnection, Settled, Threads, settle
from gateway.store.translation import DRIVER_ERRORS, translated

T = TypeVar("T")

_LOG_PAGES = 8_000
"""Of 4 KiB: at this length of SQLite's log, a commit stops to empty it. `Database.checkpoint` does so before."""

_READERS = 4
"""Threads: some for what is quick while others read much. SQLite's rows are made under the interpreter's lock."""

log = structlog.get_logger(__name__)


class Database:
    """A pool of connections. Made and used in one event loop; `open` is the way to one that is ready."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self._engine = _engine(location)
        self.is_sqlite = location.file is not None
        """Otherwise it is PostgreSQL."""
        self._writer = Threads(self._engine, "sqlite-write", 1) if self.is_sqlite else None
        self._readers = Threads(self._engine, "sqlite-read", _READERS) if self.is_sqlite else None
        self._checkpoints = Threads(self._engine, "sqlite-checkpoint", 1) if self.is_sqlite else None
        self._single = KeptAsyncpg(location)
        self._running: set[asyncio.Task[object]] = set()

    @classmethod
    async def open(cls, url: str, own_folder: Path | None = None) -> Self:
        """Connect, and make or migrate the tables; several processes may do so at once.

        `own_folder` is the gateway's own, which other users of the machine are kept out of.
        Raises `StoreError` with a message for the operator, which never holds the URL's password.
        """
        location = locate(url)
        if own_folder is not None:
            keep_folder_private(own_folder)
        database = cls(location)
        try:
            await database._prepare()
        except StoreError as error:
            await database.close()
            raise type(error)(f"Cannot use the database {location.shown}: {error}") from None
        return database

    async def close(self) -> None:
        """Wait for the work under way, then close every connection."""
        for threads in (self._writer, self._readers, self._checkpoints):
            if threads is not None:
                await threads.close()
        if self._running:
            await asyncio.wait(self._running)
        if self.is_sqlite:
            self._engine.dispose()
        else:
            await self._single.close()
            await greenlet_spawn(self._engine.dispose)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that does not write. Raises `StoreError`."""
        if self._readers is None:
            # In a task of its own: a caller that is cancelled must not tear a connection out of its transaction.
            return await asyncio.shield(self._start(partial(self._transact, work)))
        return await self._readers.run(partial(KeptConnection.read, work=work))

    async def fetch(self, statement: str, values: Sequence[object]) -> Rows:
        """The rows of one statement that reads, in this database's own SQL. Raises `StoreError`.

        For what is read thousands of times a second: a transaction of SQLAlchemy's takes up to ten times as long.
        """
        if self._readers is None:
            return await self._single.fetch(statement, values)
        return await self._readers.run(partial(KeptConnection.execute, work=partial(_fetch, statement, values)))

    async def write(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        """Run `work` in a transaction, which is committed when it returns. Raises `StoreError`.

        On SQLite it takes the write lock before `work` starts, so that what it reads cannot change under it.
        """
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.submit(work, partial(settle, outcome), durable=durable)
        return await outcome

    def submit(
        self, work: Callable[[Connection], T], done: Callable[[Settled[T]], object], *, durable: bool = False
    ) -> None:
        """Begin a `write` and return at once; when it is over, `done` is called with it in the event loop.

        On SQLite writes run one after the other, in the order in which they were submitted.
        """
        if self._writer is not None:
            level = "FULL" if durable else "NORMAL"
            self._writer.submit(partial(KeptConnection.write, work=work, level=level), done)
        else:
            self._start(partial(self._transact, work)).add_done_callback(done)

    async def check(self) -> None:
        """Raise `StoreError` if the database does not answer."""
        await self.read(_probe)

    async def checkpoint(self) -> None:
        """Move what was committed from SQLite's log into the database, while others go on. Raises `StoreError`."""
        if self._checkpoints is not None:
            await self._checkpoints.run(partial(KeptConnection.execute, work=_checkpoint))

    def _start(self, work: Callable[[], T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(greenlet_spawn(work))
        self._running.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: "asyncio.Task[object]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen, although a cancelled caller will never ask for it

    def _transact(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except DRIVER_ERRORS as error:
            raise translated(error) from error

    async def _prepare(self) -> None:
        if self.location.ignored:
            log.warning("database_parameters_ignored", parameters=self.location.ignored)
        if self.location.file is not None:
            make_private_folder(self.location.file.parent)
            make_private_file(self.location.file)
            await self._use_wal()
        if await self.read(schema.revision) == HEAD:
            return
        if await self.write(schema.create, durable=True) != HEAD:
            await schema.upgrade(self.location)

    async def _use_wal(self) -> None:
        assert self._checkpoints is not None
        try:
            await self._checkpoints.run(partial(KeptConnection.execute, work=_use_wal))
        except Unreachable as error:
            if "locked" not in str(error):  # then another process is at it
                raise


def _use_wal(driver: sqlite3.Connection) -> None:
    # WAL is a property of the file; a copy made by VACUUM INTO has lost it.
    if driver.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        driver.execute("PRAGMA journal_mode = WAL")


def _fetch(statement: str, values: Sequence[Any], driver: sqlite3.Connection) -> Rows:
    return driver.execute(statement, values).fetchall()


def _checkpoint(driver: sqlite3.Connection) -> None:
    driver.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _probe(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT 1")


def _engine(location: Location) -> Engine:
    is_sqlite = location.file is not None
    engine = create_engine(
        location.engine_url,
        connect_args=location.connect_args,
        hide_parameters=True,  # they would stand in messages and logs
        pool_size=2,
        max_overflow=6,
        pool_pre_ping=not is_sqlite,
    )
    if is_sqlite:
        event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    cursor.close()
