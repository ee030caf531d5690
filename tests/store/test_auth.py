"""Keys: made, found, expired and revoked, here and in other processes."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, select, update
from structlog.testing import capture_logs

from gateway import auth
from gateway.auth import KeyRing, Principal
from gateway.errors import Unavailable
from gateway.store import keys
from gateway.store.database import Database
from gateway.store.errors import Unreachable
from gateway.store.keys import AmbiguousKey
from gateway.store.tables import keys as table
from tests.store import processes
from tests.store.waiting import until

pytestmark = pytest.mark.anyio

STRANGER = "sk-gateway-" + "x" * 33


async def test_new_key_opens_and_names_its_principal(database: Database) -> None:
    ring = KeyRing(database, None)
    new = await ring.create("laptop")
    assert re.fullmatch(r"sk-gateway-[A-Za-z0-9_-]{32,}", new.secret)
    assert new.key.id.startswith("key_")
    assert new.key.hint == new.secret[-4:]
    assert ring.lookup(new.secret) == Principal(new.key.id, "laptop")


async def test_secrets_are_nowhere_in_the_database(database: Database) -> None:
    new = await KeyRing(database, None).create("laptop")

    def dump(connection: Connection) -> str:
        return str(connection.execute(select(table)).all())

    stored = await database.read(dump)
    assert new.secret.removeprefix(auth.PREFIX) not in stored
    assert new.key.hint in stored


async def test_key_of_an_earlier_run_opens_after_start(database: Database) -> None:
    new = await KeyRing(database, None).create()
    ring = KeyRing(database, None)
    assert ring.lookup(new.secret) is None
    await ring.start()
    assert ring.lookup(new.secret) == Principal(new.key.id)
    await ring.close()


async def test_key_that_another_process_made_works_at_once(database: Database) -> None:
    ring = KeyRing(database, None)
    await ring.start()
    new = await KeyRing(database, None).create()
    assert await ring.find(new.secret) == Principal(new.key.id)
    assert ring.lookup(new.secret) is not None
    await ring.close()


@pytest.mark.parametrize("wrong", ["", "sk-gateway-", STRANGER, STRANGER + "\n", "Bearer x", "\ud800", "ü"])
async def test_strangers_are_refused(database: Database, wrong: str) -> None:
    ring = KeyRing(database, "static")
    await ring.create()
    assert ring.lookup(wrong) is None
    assert await ring.find(wrong) is None


async def test_static_key_opens_whatever_it_looks_like(database: Database) -> None:
    ring = KeyRing(database, "pässword")
    assert ring.lookup("pässword") == Principal("env")
    await ring.start()
    assert ring.lookup("pässword") == Principal("env")
    await ring.close()


async def test_expiry_is_checked_at_each_look_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = KeyRing(database, None)
    end = time.time() + 1_000
    new = await ring.create("brief", end)
    assert ring.lookup(new.secret) is not None
    monkeypatch.setattr(time, "time", lambda: end)
    assert ring.lookup(new.secret) is None
    assert await ring.find(new.secret) is None


@pytest.mark.parametrize("by", ["id", "name"])
async def test_revoked_key_stops_at_once_here(database: Database, by: str) -> None:
    ring = KeyRing(database, None)
    new = await ring.create("laptop")
    revoked = await ring.revoke(new.key.id if by == "id" else "laptop")
    assert revoked is not None
    assert revoked.revoked_at is not None
    assert ring.lookup(new.secret) is None
    assert await ring.find(new.secret) is None


async def test_revoked_key_is_not_brought_back_by_an_older_read(database: Database) -> None:
    ring = KeyRing(database, None)
    new = await ring.create()
    read = await database.read(keys.unrevoked)
    await ring.revoke(new.key.id)
    ring._admit(read)
    assert ring.lookup(new.secret) is None


async def test_revoked_key_stops_in_another_process(url: str) -> None:
    program = """
database = await Database.open(url)
ring = KeyRing(database, None)
await ring.start()
new = await ring.create("shared")
print(new.secret, flush=True)
async with asyncio.timeout(10):
    while ring.lookup(new.secret):
        await asyncio.sleep(0.01)
print("refused", flush=True)
await ring.close()
await database.close()
"""
    worker = await processes.start(program, url)
    assert (await processes.hear(worker)).startswith(auth.PREFIX)
    database = await Database.open(url)
    begun = time.monotonic()
    await KeyRing(database, None).revoke("shared")
    assert await processes.hear(worker) == "refused"
    assert time.monotonic() - begun < 5
    await processes.finish(worker)
    await database.close()


async def test_revoking_twice_keeps_the_first_time(database: Database) -> None:
    ring = KeyRing(database, None)
    await ring.create("laptop")
    first = await ring.revoke("laptop")
    assert first is not None
    assert await ring.revoke("laptop") == first
    assert await ring.revoke(first.id) == first


async def test_revoking_an_unknown_key_says_so(database: Database) -> None:
    assert await KeyRing(database, None).revoke("nobody") is None


async def test_ambiguous_name_lists_the_candidates_and_revokes_none(database: Database) -> None:
    ring = KeyRing(database, None)
    twins = [await ring.create("twin") for _ in range(2)]
    with pytest.raises(AmbiguousKey) as caught:
        await ring.revoke("twin")
    assert all(twin.key.id in str(caught.value) for twin in twins)
    assert all(ring.lookup(twin.secret) for twin in twins)
    await ring.revoke(twins[0].key.id)
    second = await ring.revoke("twin")
    assert second is not None
    assert second.id == twins[1].key.id


async def test_keys_are_listed_oldest_first(database: Database) -> None:
    ring = KeyRing(database, None)
    made = [(await ring.create(name)).key for name in ("b", "a", "c")]
    assert await ring.list() == made


async def test_first_key_is_made_where_nothing_opens(database: Database) -> None:
    ring = KeyRing(database, None)
    first = await ring.mint_first()
    assert first is not None
    assert ring.lookup(first.secret) is not None
    assert await ring.mint_first() is None


async def test_first_key_is_made_again_when_the_others_ended(database: Database) -> None:
    ring = KeyRing(database, None)
    await ring.create("old", time.time() - 1)
    await ring.create("lost")
    await ring.revoke("lost")
    assert await ring.mint_first() is not None


async def test_no_first_key_beside_a_static_one(database: Database) -> None:
    ring = KeyRing(database, "static")
    assert await ring.mint_first() is None
    assert await ring.list() == []


async def test_processes_that_start_at_once_mint_one_key(url: str) -> None:
    program = """
database = await Database.open(url)
await signal("ready")
new = await KeyRing(database, None).mint_first()
print(new.secret if new else "none")
await database.close()
"""
    workers = [await processes.start(program, url) for _ in range(3)]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    said = [line for lines in await asyncio.gather(*map(processes.finish, workers)) for line in lines]
    assert sorted(line.startswith(auth.PREFIX) for line in said) == [False, False, True]


class _Counting:
    """Counts the queries that reach a database, and fails them on demand."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reads = 0
        self.is_away = False

    async def read(self, work: Callable[[Connection], Any]) -> Any:
        self.reads += 1
        if self.is_away:
            raise Unreachable("gone fishing")
        return await self._database.read(work)

    async def write(self, work: Callable[[Connection], Any], *, durable: bool = False) -> Any:
        return await self._database.write(work, durable=durable)


def _ring(database: _Counting) -> KeyRing:
    ring: Any = KeyRing
    made: KeyRing = ring(database, None)
    return made


async def test_same_wrong_secret_asks_the_database_once_a_second(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = _Counting(database)
    ring = _ring(counting)
    for _ in range(20):
        assert await ring.find(STRANGER) is None
    assert counting.reads == 1
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 1.5)
    await ring.find(STRANGER)
    assert counting.reads == 2


async def test_many_wrong_secrets_at_once_share_their_queries(database: Database) -> None:
    counting = _Counting(database)
    ring = _ring(counting)
    new = await KeyRing(database, None).create()
    guesses = [f"{auth.PREFIX}{number:043}" for number in range(400)]
    answers = await asyncio.gather(*map(ring.find, [*guesses, new.secret]))
    assert answers[:-1] == [None] * 400
    assert answers[-1] == Principal(new.key.id)
    assert counting.reads <= 3


async def test_secrets_of_another_format_never_reach_the_database(database: Database) -> None:
    counting = _Counting(database)
    assert await _ring(counting).find("sk-proj-" + "x" * 33) is None
    assert counting.reads == 0


async def test_memory_for_wrong_secrets_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_REFUSALS", 50)
    ring = KeyRing(database, None)
    await asyncio.gather(*(ring.find(f"{auth.PREFIX}{number:043}") for number in range(400)))
    assert len(ring._refused) == 50


async def test_known_keys_work_while_the_database_is_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "REFRESH_SECONDS", 0.001)
    counting = _Counting(database)
    ring = _ring(counting)
    await ring.start()
    new = await ring.create()
    with capture_logs() as logs:
        counting.is_away = True
        reads = counting.reads
        await until(lambda: counting.reads > reads + 5)
        assert ring.lookup(new.secret) is not None
        with pytest.raises(Unavailable):
            await ring.find(STRANGER)
        counting.is_away = False
        await until(lambda: any(log["event"] == "keys_refreshed_again" for log in logs))
    assert [log["event"] for log in logs] == ["keys_not_refreshed", "keys_refreshed_again"]
    other = await KeyRing(database, None).revoke(new.key.id)
    assert other is not None
    await until(lambda: ring.lookup(new.secret) is None)
    await ring.close()


async def test_refresh_reads_the_keys_only_when_something_changed(database: Database) -> None:
    counting = _Counting(database)
    ring = _ring(counting)
    await ring.refresh()
    assert counting.reads == 2
    await ring.refresh()
    assert counting.reads == 3
    await KeyRing(database, None).create()
    await ring.refresh()
    assert counting.reads == 5


async def test_key_that_an_operator_deleted_stops(database: Database) -> None:
    ring = KeyRing(database, None)
    kept, gone = await ring.create("kept"), await ring.create("gone")
    await ring.refresh()
    await database.write(lambda c: c.execute(table.delete().where(table.c.id == gone.key.id)))
    await ring.refresh()
    assert ring.lookup(gone.secret) is None
    assert ring.lookup(kept.secret) is not None


async def test_another_key_revoked_in_the_same_instant_is_noticed(database: Database) -> None:
    ring = KeyRing(database, None)
    keys_made = [await ring.create(name) for name in ("a", "b")]
    await ring.refresh()
    for key in keys_made:
        await database.write(
            lambda c, id_=key.key.id: c.execute(  # type: ignore[misc]
                update(table).where(table.c.id == id_).values(revoked_at=5.0)
            )
        )
        await ring.refresh()
        assert ring.lookup(key.secret) is None
