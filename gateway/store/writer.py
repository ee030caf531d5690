"""SQLite's one writing thread: all that this process writes queues here, not at the database's lock."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from gateway.store.bulk import sqlite_driver
from gateway.store.errors import Refused
from gateway.store.location import BUSY_SECONDS
from gateway.store.translation import DRIVER_ERRORS, translated

_BUSY_PAUSE_SECONDS = 0.001

T = TypeVar("T")
Done = TypeVar("Done", covariant=True)


class Settled(Protocol[Done]):
    """A transaction that is over: a future of a thread's, or of the event loop's."""

    def exception(self) -> BaseException | None: ...

    def result(self) -> Done: ...


class WritingThread:
    """Runs transactions one after the other, on one connection that stays open and keeps its statements prepared."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "sqlite-write")
        self._connection: Connection | None = None
        self._level = ""

    def submit(self, work: Callable[[Connection], T], done: Callable[[Settled[T]], object], level: str) -> None:
        """Run `work` in a transaction of its own with that level of `synchronous`; call `done` in the event loop."""
        future = self._thread.submit(self._transact, work, level)
        future.add_done_callback(lambda over: self._loop.call_soon_threadsafe(done, over))

    async def close(self) -> None:
        """Wait for what was submitted, then close the connection."""
        await asyncio.wrap_future(self._thread.submit(self._disconnect))
        self._thread.shutdown()

    def _transact(self, work: Callable[[Connection], T], level: str) -> T:
        try:
            connection = self._connected(level)
            driver = sqlite_driver(connection)
            try:
                # The lock first, so that what the transaction reads cannot change under it.
                _execute_patiently(driver, "BEGIN IMMEDIATE")
                outcome = work(connection)
                driver.commit()
            finally:
                driver.rollback()  # nothing to do after a commit
        except DRIVER_ERRORS as error:
            failure = translated(error)
            if not isinstance(failure, Refused):
                self._disconnect()
            raise failure from error
        return outcome

    def _connected(self, level: str) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            sqlite_driver(self._connection).execute("PRAGMA busy_timeout = 0")  # `_execute_patiently` waits
            self._level = ""
        if level != self._level:
            _execute_patiently(sqlite_driver(self._connection), f"PRAGMA synchronous = {level}")
            self._level = level
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # with its settings it must not come back from the pool
            connection.close()


def _execute_patiently(driver: sqlite3.Connection, statement: str) -> None:
    """Execute a statement; while another process holds the lock for writing, try again each millisecond.

    SQLite itself would sleep up to 100 ms between two attempts, while that process takes the lock again and again.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            driver.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_BUSY_PAUSE_SECONDS)
