"""A database that takes nothing: what it is called, who is refused, and when it is over."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gateway.errors import Unavailable
from gateway.memory.failures import explained
from gateway.services import State
from gateway.store.database import Connection, Database
from gateway.store.errors import StoreError, Unreachable, Unwritable
from gateway.store.journal import Journal
from gateway.store.threads import KeptConnection
from gateway.store.usage import UsageRow
from gateway.store.writability import Writability
from tests.store.stored import response
from tests.store.waiting import until

pytestmark = pytest.mark.anyio
PAGE = 4096


class Limited:
    """A SQLite database whose every connection is limited by a pragma, until that is lifted."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.pragma = ""
        event.listen(database._engine, "checkout", self._limit)

    def _limit(self, connection: Any, _record: Any, _proxy: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA max_page_count = 1073741823")
        cursor.execute("PRAGMA query_only = OFF")
        if self.pragma:
            cursor.execute(self.pragma)
        cursor.close()

    async def set(self, pragma: str) -> None:
        """From now on; the writing thread's connection is kept, so it is made anew."""
        self.pragma = pragma
        assert self.database._writer is not None
        # In that thread: another one would close the connection under what is probed on it.
        await self.database._writer.run(KeptConnection.disconnect)
        with suppress(StoreError):
            await self.database.write(lambda _: None)

    async def pages(self) -> int:
        return int(await self.database.read(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar()) or 0)

    async def fill(self) -> None:
        """Let the disk be full."""
        await self.set(f"PRAGMA max_page_count = {await self.pages()}")


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Limited]:
    database = await Database.open(f"sqlite:///{tmp_path}/waystone.db")
    yield Limited(database)
    await database.close()


async def full(limited: Limited) -> None:
    await limited.fill()


async def read_only(limited: Limited) -> None:
    await limited.set("PRAGMA query_only = ON")


KINDS = pytest.mark.parametrize(
    ("befalls", "reason"), [(full, "its disk is full"), (read_only, "its database is read-only")]
)


@KINDS
async def test_what_is_wrong_is_said_and_what_must_be_stored_is_refused_until_it_is_over(
    limited: Limited, tmp_path: Path, befalls: Callable[[Limited], Any], reason: str
) -> None:
    journal = Journal(limited.database, tmp_path)
    state = State(limited.database, journal)
    await journal.add(response("a"))
    await state.check()
    await befalls(limited)
    with pytest.raises(Unwritable) as caught:
        await journal.add(response("b", size=400_000, input=b"x" * 400_000))
    assert caught.value.reason == reason
    for look in (journal.raise_if_away, journal.raise_if_away):
        with pytest.raises(Unwritable, match=str(caught.value)):
            look()
    with pytest.raises(Unavailable, match=f"can store nothing at the moment: {reason}"):
        await state.check()
    with pytest.raises(Unavailable, match=reason), explained():
        journal.raise_if_away()
    await limited.set("")
    await until(lambda: not _is_away(journal))
    await state.check()
    await journal.add(response("c"))
    await journal.close()


async def _is_ready(state: State) -> bool:
    try:
        await state.check()
    except Unavailable:
        return False
    return True


async def test_readiness_finds_out_by_itself_where_nothing_is_written(limited: Limited, tmp_path: Path) -> None:
    journal = Journal(limited.database, tmp_path)
    await read_only(limited)
    assert not await _is_ready(State(limited.database, journal))
    with pytest.raises(Unwritable):
        journal.raise_if_away()
    await journal.close()


async def test_usage_rows_that_cannot_be_written_tell_of_it_too(limited: Limited, tmp_path: Path) -> None:
    journal = Journal(limited.database, tmp_path)
    await journal.start()
    await read_only(limited)
    journal.record(UsageRow(request_id="r", time=1.0, key_id="env", operation="chat"), None)
    await until(lambda: _is_away(journal))
    await limited.set("")
    await journal.close()


def _is_away(journal: Journal | Writability) -> bool:
    try:
        journal.raise_if_away()
    except Unreachable:
        return True
    return False


async def test_small_write_that_fits_does_not_end_the_refusal_of_a_large_one(limited: Limited) -> None:
    probed = asyncio.Queue[None]()

    async def pause(_: float) -> None:
        await probed.put(None)
        await asyncio.sleep(0)

    writability = Writability(limited.database, pause)
    # There is room for twenty pages, and what failed takes a hundred.
    await limited.set(f"PRAGMA max_page_count = {await limited.pages() + 20}")
    writability.failed(Unwritable("database or disk is full", "its disk is full"), 100 * PAGE)
    for _ in range(3):
        await probed.get()
        with pytest.raises(Unwritable):
            writability.raise_if_away()
    await limited.set("")
    await until(lambda: not _is_away(writability))
    await writability.close()


async def test_read_only_transaction_of_postgresql_is_told_as_such(postgres_url: str) -> None:
    database = await Database.open(postgres_url)

    def work(connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql("DELETE FROM probes")

    with pytest.raises(Unwritable) as caught:
        await database.write(work)
    assert caught.value.reason == "its database is read-only"
    await database.close()


async def test_what_is_about_the_values_is_no_matter_of_the_disk(limited: Limited) -> None:
    writability = Writability(limited.database)
    with pytest.raises(StoreError) as caught:
        await limited.database.write(lambda c: c.exec_driver_sql("INSERT INTO probes VALUES (1, NULL)"))
    writability.failed(caught.value)
    writability.raise_if_away()
