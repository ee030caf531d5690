"""The journal as a whole: rows, responses and other writes of several processes on one database."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from gateway.store.database import Database
from gateway.store.journal import Journal
from gateway.store.tables import responses
from tests.store import processes
from tests.store.stored import response, usage_names

pytestmark = pytest.mark.anyio


def _ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(responses.c.id).order_by(responses.c.id)).scalars())


async def test_response_is_there_for_other_connections_when_its_caller_goes_on(
    database: Database, journal: Journal, url: str
) -> None:
    other = await Database.open(url)
    for number in range(20):
        await journal.add(response(f"{number:02}"))
        assert len(await other.read(_ids)) == number + 1
    await other.close()


async def test_processes_that_write_all_kinds_at_once_never_find_the_database_locked(url: str, tmp_path: Path) -> None:
    program = """
from gateway.store import responses
from tests.store.stored import response
database = await Database.open(url)
journal = Journal(database, folder)
await journal.start()
await signal("ready")
async def client(number):
    for turn in range(40):
        journal.record(row(f"{name}-{number}-{turn}"), EndUser(Entity(f"u{turn % 7}", {name: turn}), Entity("acme")))
        await journal.add(response(f"{name}-{number}-{turn}"))
        if turn % 10 == 0:
            await database.write(partial(responses.discard, ids=[f"resp_{name}-{number}-{turn}"]), durable=True)
await asyncio.gather(*(client(number) for number in range(8)))
await journal.close()
await database.close()
"""
    database = await Database.open(url)
    workers = [await processes.start(program, url, name, tmp_path) for name in ("a", "b")]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    for worker in workers:
        assert await processes.finish(worker) == [], "nothing failed, and nothing was logged"
    assert len(await usage_names(database)) == 2 * 8 * 40
    assert len(await database.read(_ids)) == 2 * 8 * 36
    await database.close()
