"""Idempotency keys in the database: one claims, one takes over, one answer is kept, and what is lost is accounted."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, update

from gateway.outliving.idempotency import counts as module
from gateway.outliving.idempotency.counts import AnswerCounts
from gateway.store import idempotency, responses
from gateway.store.database import Database
from gateway.store.idempotency import Attempt, Claimed, Found
from gateway.store.tables import idempotency as table
from gateway.store.tables import usage
from gateway.store.usage import LOST, Entry, UsageRow, record
from tests.store.stored import response, usage_names
from tests.store.waiting import until

pytestmark = pytest.mark.anyio

HOUR = 3_600.0
LEASE = 15.0


def attempt(owner: str, digest: bytes = b"digest", **fields: Any) -> Attempt:
    values: dict[str, Any] = {
        "digest": digest,
        "key_id": "ann",
        "operation": "create",
        "fingerprint": b"same",
        "created_at": 1_000.0,
        "expires_at": 1e12,
        "owner": owner,
        "request_id": f"req_{owner}",
        "model": "echo",
        "prompt_bytes": 40,
    }
    return Attempt(**values | fields)


def row(of: Attempt, id_: str | None = None, **fields: Any) -> Entry:
    """A usage row of an attempt: that of a lost one, where it has no id of its own."""
    usage = UsageRow(request_id=of.request_id, time=of.created_at, key_id=of.key_id, operation=of.operation, **fields)
    return id_ or idempotency.lost_row_id(of), usage, None


async def claim(database: Database, of: Attempt) -> Claimed | Found | None:
    return await database.write(partial(idempotency.claim, attempt=of, lease=LEASE))


async def keep(database: Database, of: Attempt, response_id: str | None = None, entry: Entry | None = None) -> bool:
    values: dict[str, Any] = {"answer": b"sealed", "seconds": HOUR, "response_id": response_id, "entry": entry}
    return await database.write(partial(idempotency.keep, attempt=of, **values))


async def lose(database: Database, of: Attempt) -> None:
    """Have its lease run out, as if its process had died."""
    await database.write(lambda c: c.execute(update(table).where(table.c.digest == of.digest).values(lease_until=1.0)))


async def take_over(database: Database, lost: Attempt, of: Attempt) -> Claimed | None:
    work = partial(idempotency.take_over, lost=lost, attempt=of, entry=row(lost, outcome=LOST), lease=LEASE)
    return await database.write(work)


async def store_response(database: Database, status: str) -> None:
    await database.write(partial(responses.add, rows=[response("a", status=status)]))


async def found(database: Database, digest: bytes = b"digest") -> Found | None:
    return await database.read(partial(idempotency.look, digest=digest))


async def test_of_many_who_claim_at_once_one_does(database: Database) -> None:
    outcomes = await asyncio.gather(*(claim(database, attempt(f"a{number}")) for number in range(20)))
    (claimed,) = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Claimed)]
    others = [outcome.attempt.owner for outcome in outcomes if isinstance(outcome, Found)]
    assert others == [f"a{claimed}"] * 19


async def test_kept_answer_is_found_with_its_usage_row(database: Database) -> None:
    first = attempt("a")
    await claim(database, first)
    assert await keep(database, first, entry=row(first, "row"))
    kept = await claim(database, attempt("b"))
    assert isinstance(kept, Found)
    assert (kept.answer, kept.is_lost) == (b"sealed", False)
    assert await usage_names(database) == ["req_a"]


async def test_expired_answer_is_claimed_anew(database: Database) -> None:
    first = attempt("a")
    await claim(database, first)
    await database.write(
        partial(idempotency.keep, attempt=first, answer=b"old", seconds=-1.0, response_id=None, entry=None)
    )
    assert isinstance(await claim(database, attempt("b")), Claimed)


async def test_of_many_who_take_over_a_lost_attempt_one_does_and_it_has_one_row(database: Database) -> None:
    lost = attempt("a")
    await claim(database, lost)
    assert await take_over(database, lost, attempt("early")) is None
    await lose(database, lost)
    seen = await claim(database, attempt("b"))
    assert isinstance(seen, Found)
    assert seen.is_lost
    outcomes = await asyncio.gather(*(take_over(database, lost, attempt(f"b{number}")) for number in range(20)))
    assert [outcome for outcome in outcomes if outcome] == [Claimed()]
    assert await usage_names(database) == ["req_a"]


async def test_lost_attempt_that_nobody_repeats_is_removed_and_has_one_row(database: Database) -> None:
    lost, alive = attempt("a"), attempt("b", b"other")
    for one in (lost, alive):
        await claim(database, one)
    await lose(database, lost)
    assert await database.read(partial(idempotency.lost_attempts, limit=10)) == [lost]
    work = partial(idempotency.remove_lost, lost=lost, entry=row(lost, outcome=LOST))
    assert sorted([await database.write(work), await database.write(work)]) == [False, True]
    assert await usage_names(database) == ["req_a"]
    assert await found(database) is None


async def test_renewed_attempt_is_not_lost(database: Database) -> None:
    mine, others = attempt("a"), attempt("b", b"other")
    for one in (mine, others):
        await claim(database, one)
        await lose(database, one)
    await database.write(partial(idempotency.renew, attempts=[mine, replace(others, owner="before")], lease=LEASE))
    assert await database.read(partial(idempotency.lost_attempts, limit=10)) == [others]


async def test_attempt_that_was_taken_for_lost_keeps_no_answer_and_has_its_own_row_alone(database: Database) -> None:
    slow, second = attempt("a"), attempt("b")
    await claim(database, slow)
    await lose(database, slow)
    await take_over(database, slow, second)
    assert not await keep(database, slow, entry=row(slow, "own"))
    await database.write(partial(idempotency.release, attempt=slow, entry=row(slow, "own")))
    standing = await found(database)
    assert standing is not None
    assert (standing.attempt, standing.answer) == (second, None)
    assert await usage_names(database) == ["req_a"]


@pytest.mark.parametrize(("id_", "rows"), [("kept_a", 1), ("another", 2)], ids=["its own", "another's"])
async def test_lost_attempt_has_no_second_row_where_its_own_was_stored(database: Database, id_: str, rows: int) -> None:
    lost = attempt("a")
    await claim(database, lost)
    # A client may send its request id again.
    await database.write(partial(record, batch=[row(lost, id_)]))
    await lose(database, lost)
    await database.write(partial(idempotency.remove_lost, lost=lost, entry=row(lost, outcome=LOST)))
    assert await database.read(lambda c: len([*c.execute(select(usage.c.id))])) == rows


async def test_released_attempt_is_gone_with_its_row_stored(database: Database) -> None:
    first = attempt("a")
    await claim(database, first)
    await database.write(partial(idempotency.release, attempt=first, entry=row(first, "row", status=502)))
    assert await usage_names(database) == ["req_a"]
    assert isinstance(await claim(database, attempt("b")), Claimed)


async def test_key_with_as_many_answers_as_are_kept_is_full_until_some_expire(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = AnswerCounts(database, 3)
    for number in range(3):
        assert not await counts.is_full("ann")
        one = attempt(f"a{number}", b"%d" % number)
        await claim(database, one)
        counts.add("ann")
        await keep(database, one)
    assert await counts.is_full("ann")
    assert await AnswerCounts(database, 3).is_full("ann")
    assert not await counts.is_full("bob")
    await database.write(lambda c: c.execute(update(table).where(table.c.digest == b"1").values(expires_at=1.0)))
    assert await counts.is_full("ann")
    monkeypatch.setattr(module, "_KNOWN_SECONDS", 0.0)
    assert not await counts.is_full("ann")


async def test_expired_answers_are_deleted_and_attempts_under_way_are_not(database: Database) -> None:
    for number in range(5):
        one = attempt(f"a{number}", b"%d" % number)
        await claim(database, one)
        if number < 4:
            await keep(database, one)
    await database.write(lambda c: c.execute(update(table).where(table.c.digest != b"0").values(expires_at=1.0)))
    expired = await database.read(partial(idempotency.expired, limit=2))
    assert [size for _, size in expired] == [len(b"sealed")] * 2
    digests = [b"%d" % number for number in range(5)]
    discard = partial(idempotency.discard_expired, digests=digests)
    assert [await database.write(discard) for _ in range(2)] == [3, 0]
    left = await database.read(lambda c: c.execute(select(table.c.owner).order_by(table.c.digest)).scalars().all())
    assert left == [None, "a4"]


@pytest.mark.parametrize("status", ["failed", "cancelled", "queued"])
async def test_answer_that_speaks_of_a_response_which_ended_badly_is_not_kept(database: Database, status: str) -> None:
    await store_response(database, status)
    first = attempt("a")
    await claim(database, first)
    assert await keep(database, first, "resp_a") is (status == "queued")


async def test_answer_is_not_kept_while_its_response_is_being_failed(postgres_url: str) -> None:
    database = await Database.open(postgres_url)
    await store_response(database, "queued")
    first = attempt("a")
    await claim(database, first)
    other = await asyncpg.connect(postgres_url)
    async with other.transaction():
        await other.execute("UPDATE responses SET status = 'failed'")
        keeping = asyncio.create_task(keep(database, first, "resp_a"))
        waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        await until(lambda: other.fetchval(waiting))
    assert not await keeping
    await other.close()
    await database.close()


async def test_answers_that_speak_of_a_response_are_forgotten_with_it(database: Database) -> None:
    for name in ("a", "b"):
        one = attempt(name, name.encode())
        await claim(database, one)
        await keep(database, one, f"resp_{name}")
    await database.write(partial(idempotency.forget_response, response_id="resp_a"))
    assert await found(database, b"a") is None
    assert await found(database, b"b") is not None


@pytest.mark.parametrize(("response_id", "kept"), [("resp_a", b"events"), ("resp_b", b"sealed")])
async def test_answer_takes_the_place_of_one_that_speaks_of_the_same_response(
    database: Database, response_id: str, kept: bytes
) -> None:
    first = attempt("a")
    await claim(database, first)
    await keep(database, first, "resp_a")
    put = partial(idempotency.replace, digest=first.digest, response_id=response_id, answer=b"events")
    await database.write(put)
    standing = await found(database)
    assert standing is not None
    assert standing.answer == kept


async def test_what_is_worked_on_is_under_way_and_what_ended_or_is_lost_is_not(database: Database) -> None:
    running, over, lost = (attempt(name, name.encode()) for name in ("a", "b", "c"))
    for one in (running, over, lost):
        await claim(database, one)
    await keep(database, over)
    await lose(database, lost)
    digests = [b"a", b"b", b"c", b"none"]
    assert await database.read(partial(idempotency.under_way, digests=digests)) == {b"a"}
