"""Statements that read without SQLAlchemy: their rows, their errors, and connections that were lost."""

import asyncio
import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from gateway.store.database import Database
from gateway.store.errors import StoreError, Unreachable
from gateway.store.kept_asyncpg import KeptAsyncpg
from gateway.store.tables import users
from tests.store import postgres

pytestmark = pytest.mark.anyio


async def _names(database: Database, *among: str) -> list[str]:
    if database.is_sqlite:
        marks = ", ".join("?" * len(among))
        rows = await database.fetch(f"SELECT id FROM users WHERE id IN ({marks}) ORDER BY id", among)
    else:
        rows = await database.fetch("SELECT id FROM users WHERE id = ANY($1::VARCHAR[]) ORDER BY id", (among,))
    return [str(row[0]) for row in rows]


def _add(connection: Connection, names: Sequence[str]) -> None:
    for name in names:
        connection.execute(insert(users).values(id=name, metadata={}, first_seen=1.0, last_seen=1.0))


async def test_rows_are_those_of_the_last_commit(database: Database) -> None:
    assert await _names(database, "ann", "bob") == []
    await database.write(partial(_add, names=["ann"]))
    assert await _names(database, "ann", "bob") == ["ann"]
    await database.write(partial(_add, names=["bob"]))
    assert await _names(database, "ann", "bob") == ["ann", "bob"]


async def test_many_at_once_get_each_its_own(database: Database) -> None:
    names = [f"user{number}" for number in range(40)]
    await database.write(partial(_add, names=names))
    assert await asyncio.gather(*(_names(database, name) for name in names)) == [[name] for name in names]


async def test_statement_that_is_wrong_is_an_error_and_the_next_works(database: Database) -> None:
    with pytest.raises(StoreError):
        await database.fetch("SELECT nothing FROM nowhere", ())
    assert await _names(database, "ann") == []


async def test_cancelled_caller_leaves_the_connection_to_the_next(database: Database) -> None:
    await database.write(partial(_add, names=["ann"]))
    for _ in range(20):
        reading = asyncio.create_task(_names(database, "ann"))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        assert await _names(database, "ann") == ["ann"]


async def test_lost_connection_is_made_again(postgres_url: str, postgres_server: postgres.Server) -> None:
    database = await Database.open(postgres_url)
    assert await _names(database, "ann") == []
    await asyncio.to_thread(postgres_server.stop)
    with pytest.raises(Unreachable):
        await _names(database, "ann")
    await asyncio.to_thread(postgres_server.start)
    assert await _names(database, "ann") == []
    # Lost in between without anybody noticing.
    await asyncio.to_thread(postgres_server.stop)
    await asyncio.to_thread(postgres_server.start)
    assert await _names(database, "ann") == []
    await database.close()


async def test_statement_that_takes_too_long_is_given_up_and_not_repeated(postgres_url: str) -> None:
    location = (await _opened(postgres_url)).location
    location.connect_args["command_timeout"] = 0.05
    kept = KeptAsyncpg(location)
    with pytest.raises(Unreachable):
        await kept.fetch("SELECT pg_sleep($1)", (30.0,))
    assert [tuple(row) for row in await kept.fetch("SELECT 1", ())] == [(1,)]
    await kept.close()


async def _opened(url: str) -> Database:
    database = await Database.open(url)
    await database.close()
    return database


async def test_sqlite_that_another_process_locks_is_read_all_the_same(tmp_path: Any) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/waystone.db")
    other = sqlite3.connect(tmp_path / "waystone.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert await _names(database, "ann") == []
    other.close()
    await database.close()
