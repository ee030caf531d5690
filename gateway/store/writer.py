"""SQLite's one writing thread: all that this process writes queues here, not at the database's lock."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Generic, Never, Protocol, TypeVar

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


class _Committed(Generic[T]):
    def __init__(self, outcome: T) -> None:
        self._outcome = outcome

    def exception(self) -> None:
        return None

    def result(self) -> T:
        return self._outcome


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self._error = error

    def exception(self) -> BaseException:
        return self._error

    def result(self) -> Never:
        raise self._error


class WritingThread:
    """Runs transactions one after the other, on one connection that stays open and keeps its statements prepared.

    A thread and a queue of our own: `ThreadPoolExecutor` makes locks for every transaction, 20 µs of them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="sqlite-write", daemon=True)
        self._connection: Connection | None = None
        self._level = ""
        self._is_closed = False
        self._thread.start()

    def submit(self, work: Callable[[Connection], T], done: Callable[[Settled[T]], object], level: str) -> None:
        """Run `work` in a transaction of its own with that level of `synchronous`; call `done` in the event loop.

        Raises `RuntimeError` once it is closed: nobody would run it.
        """
        if self._is_closed:
            raise RuntimeError("the writing thread is closed")
        self._queue.put(partial(self._settle, work, done, level))

    async def close(self) -> None:
        """Wait for what was submitted, then close the connection."""
        self._is_closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        for job in iter(self._queue.get, None):
            job()
            del job  # and with it what was written, which may be large
        self._disconnect()

    def _settle(self, work: Callable[[Connection], T], done: Callable[[Settled[T]], object], level: str) -> None:
        try:
            outcome = self._transact(work, level)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller waits for it
            self._loop.call_soon_threadsafe(done, _Failed(error))
        else:
            self._loop.call_soon_threadsafe(done, _Committed(outcome))

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
