"""Notices of PostgreSQL: they come when their transaction is committed, and again after the connection was lost."""

import asyncio
from functools import partial

import pytest

from gateway.store import notices
from gateway.store.database import Connection, Database
from gateway.store.notices import Listener
from tests.store import postgres
from tests.store.waiting import until

pytestmark = pytest.mark.anyio


async def test_notices_come_with_their_commit_and_after_an_outage(
    postgres_url: str, postgres_server: postgres.Server
) -> None:
    database = await Database.open(postgres_url)
    found: list[tuple[str, str]] = []
    listener = Listener(database.location, lambda kind, response_id: found.append((kind, response_id)))
    await listener.start()
    await until(lambda: listener.is_connected)

    def fail(connection: Connection) -> None:
        notices.announce(connection, notices.EVENTS, "resp_undone")
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fail)
    await database.write(partial(notices.announce, kind=notices.CANCELLED, response_id="resp_a"))
    await until(lambda: bool(found))
    assert found == [(notices.CANCELLED, "resp_a")]
    await asyncio.to_thread(postgres_server.stop)
    await until(lambda: not listener.is_connected)
    await asyncio.to_thread(postgres_server.start)
    await until(lambda: listener.is_connected)
    await database.write(partial(notices.announce, kind=notices.QUEUE, response_id="resp_b"))
    await until(lambda: len(found) == 2)
    await listener.close()
    await database.close()


async def test_sqlite_has_none(tmp_path: object) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/waystone.db")
    listener = Listener(database.location, print)
    await listener.start()
    await database.write(partial(notices.announce, kind=notices.QUEUE, response_id="resp_a"))
    assert not listener.is_connected
    await listener.close()
    await database.close()
