"""SQLite's threads: two that read, and one that writes, so that writes queue here and not at the database's lock."""

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


class KeptConnection:
    """A thread's own connection: opened at its first transaction, and again after one that broke it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._level = ""

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that does not write. Raises `StoreError`."""
        return self._transact(work, self._begin_reading)

    def write(self, work: Callable[[Connection], T], level: str) -> T:
        """Run `work` in a transaction with that level of `synchronous`, and commit it. Raises `StoreError`."""
        return self._transact(work, partial(self._begin_writing, level=level))

    def execute(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in no transaction. Raises `StoreError`."""
        return self._run(lambda connection: work(sqlite_driver(connection)))

    def disconnect(self) -> None:
        """Close the connection; the next transaction opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # with its settings it must not come back from the pool
            connection.close()

    def _transact(self, work: Callable[[Connection], T], begin: Callable[[sqlite3.Connection], object]) -> T:
        def transaction(connection: Connection) -> T:
            driver = sqlite_driver(connection)
            try:
                begin(driver)
                outcome = work(connection)
                driver.commit()
            finally:
                driver.rollback()  # nothing to do after a commit
            return outcome

        return self._run(transaction)

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
                self._level = ""
            return work(self._connection)
        except DRIVER_ERRORS as error:
            failure = translated(error)
            if not isinstance(failure, Refused):
                self.disconnect()
            raise failure from error

    def _begin_reading(self, driver: sqlite3.Connection) -> None:
        driver.execute("BEGIN")

    def _begin_writing(self, driver: sqlite3.Connection, level: str) -> None:
        if not self._level:
            driver.execute("PRAGMA busy_timeout = 0")  # `_execute_patiently` waits
        if level != self._level:
            _execute_patiently(driver, f"PRAGMA synchronous = {level}")
            self._level = level
        # The lock first, so that what the transaction reads cannot change under it.
        _execute_patiently(driver, "BEGIN IMMEDIATE")


class Threads:
    """Threads that take transactions from one queue, in its order; each has a connection of its own, and keeps its
    statements prepared.

    A queue of our own: `ThreadPoolExecutor` makes locks for every transaction, 20 µs of them, and with a connection
    from SQLAlchemy's pool and a `BEGIN` through SQLAlchemy one that reads a single row took 180 µs.
    """

    def __init__(self, engine: Engine, name: str, count: int) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Callable[[KeptConnection], None] | None] = SimpleQueue()
        self._threads = [Thread(target=self._run, name=name, daemon=True) for _ in range(count)]
        self._is_closed = False
        for thread in self._threads:
            thread.start()

    def submit(self, transaction: Callable[[KeptConnection], T], done: Callable[[Settled[T]], object]) -> None:
        """Run `transaction` when one of the threads is free; call `done` in the event loop.

        Raises `RuntimeError` once they are closed: nobody would run it.
        """
        if self._is_closed:
            raise RuntimeError("the threads are closed")
        self._queue.put(partial(self._settle, transaction, done))

    async def run(self, transaction: Callable[[KeptConnection], T]) -> T:
        """The outcome of `transaction`, which runs to its end though its caller is cancelled."""
        outcome: asyncio.Future[T] = self._loop.create_future()
        self.submit(transaction, partial(settle, outcome))
        return await outcome

    async def close(self) -> None:
        """Wait for what was submitted, then close the connections."""
        self._is_closed = True
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _run(self) -> None:
        connection = KeptConnection(self._engine)
        for job in iter(self._queue.get, None):
            job(connection)
            del job  # and with it what was written, which may be large
        connection.disconnect()

    def _settle(
        self,
        transaction: Callable[[KeptConnection], T],
        done: Callable[[Settled[T]], object],
        connection: KeptConnection,
    ) -> None:
        try:
            outcome = transaction(connection)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller waits for it
            self._loop.call_soon_threadsafe(done, _Failed(error))
        else:
            self._loop.call_soon_threadsafe(done, _Committed(outcome))


def settle(outcome: "asyncio.Future[T]", transaction: Settled[T]) -> None:
    """Give a future the outcome of a transaction, unless its caller was cancelled."""
    failure = transaction.exception()
    if outcome.done():
        return
    if failure is None:
        outcome.set_result(transaction.result())
    else:
        outcome.set_exception(failure)


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
