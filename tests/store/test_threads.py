"""SQLite's writing thread: order, other processes, what is left of a transaction that failed, and who hears of it."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, insert, select

from gateway.store import threads
from gateway.store.bulk import sqlite_driver
from gateway.store.database import Database
from gateway.store.errors import Unreachable
from gateway.store.tables import users
from gateway.store.threads import KeptConnection, Threads
from tests.store.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite:///{tmp_path}/waystone.db")
    yield opened
    await opened.close()


@pytest.fixture
async def thread(tmp_path: Path) -> AsyncIterator[Threads]:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    begun = Threads(engine, "sqlite-write", 1)
    yield begun
    await begun.close()
    engine.dispose()


async def settled(thread: Threads, work: Any) -> Any:
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    thread.submit(partial(KeptConnection.write, work=work, level="NORMAL"), done.set_result)
    async with asyncio.timeout(10):
        return await done


def _add(connection: Connection, name: str) -> None:
    connection.execute(insert(users).values(id=name, metadata={}, first_seen=1.0, last_seen=1.0))


async def _names(database: Database) -> list[str]:
    return await database.read(lambda c: list(c.execute(select(users.c.id).order_by(users.c.id)).scalars()))


async def test_writes_run_one_after_the_other_in_the_order_of_their_submission(database: Database) -> None:
    ran: list[tuple[int, int]] = []
    results: list[Any] = []

    def work(_: Connection, number: int) -> None:
        ran.append((number, threading.get_ident()))

    for number in range(20):
        database.submit(partial(work, number=number), results.append, durable=number % 2 == 0)
    await until(lambda: len(results) == 20)
    assert [number for number, _ in ran] == list(range(20))
    assert len({thread for _, thread in ran} - {threading.get_ident()}) == 1


async def test_write_waits_until_another_process_releases_the_lock(database: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "waystone.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(database.write(lambda connection: _add(connection, "ann")))
        assert await _names(database) == []
        other.execute("COMMIT")
        await waiting
    assert await _names(database) == ["ann"]


async def test_lock_that_is_never_released_is_an_error(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(tmp_path / "waystone.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unreachable, match="locked"):
            await database.write(lambda connection: _add(connection, "ann"))
    await database.write(lambda connection: _add(connection, "bob"))
    assert await _names(database) == ["bob"]


@pytest.mark.parametrize("through_driver", [True, False], ids=["driver", "sqlalchemy"])
async def test_failed_write_leaves_nothing_to_the_next_one(database: Database, through_driver: bool) -> None:
    def fail(connection: Connection) -> None:
        if through_driver:
            sqlite_driver(connection).execute("INSERT INTO users VALUES ('eve', '{}', 1, 1)")
        else:
            _add(connection, "eve")
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fail)
    await database.write(lambda connection: _add(connection, "ann"))
    assert await _names(database) == ["ann"]


async def test_connection_that_broke_is_replaced(database: Database) -> None:
    used: list[sqlite3.Connection] = []

    def break_off(connection: Connection) -> None:
        used.append(sqlite_driver(connection))
        raise sqlite3.OperationalError("disk I/O error")

    for _ in range(2):
        with pytest.raises(Unreachable, match="disk I/O error"):
            await database.write(break_off)
    assert used[0] is not used[1]


async def test_what_a_work_raises_is_its_callers_and_the_next_goes_on(thread: Threads) -> None:
    def leaves(_: Connection) -> None:
        raise SystemExit(3)

    failed = await settled(thread, leaves)
    assert isinstance(failed.exception(), SystemExit)
    assert (await settled(thread, lambda _: "done")).result() == "done"


async def test_nothing_waits_for_a_thread_that_is_closed(thread: Threads) -> None:
    await thread.close()
    with pytest.raises(RuntimeError, match="closed"):
        thread.submit(lambda _: None, print)
