"""The upkeep of idempotency keys: what is over goes, also when the database was away, and what is lost is accounted."""

import asyncio
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from gateway.accounting.token_ratios import TokenRatios
from gateway.errors import ModelNotFound
from gateway.outliving.idempotency import leases
from gateway.outliving.idempotency.leases import LostAttempts, Upkeep
from gateway.store import idempotency, threads
from gateway.store.database import Database
from gateway.store.tables import usage
from tests.store.conftest import Outage
from tests.store.test_idempotency import LEASE, attempt, claim, found, keep, lose
from tests.store.waiting import until

pytestmark = pytest.mark.anyio


class Router:
    """A router of one provider, which has one model."""

    async def steps(self, name: str) -> list[Any]:
        if name != "echo":
            raise ModelNotFound("no")
        route = SimpleNamespace(upstream=SimpleNamespace(name="lab"), model="echo-1")
        return [SimpleNamespace(routes=[route])]


@pytest.fixture
def upkeep(database: Database) -> Upkeep:
    return Upkeep(database, LostAttempts(cast(Any, Router()), TokenRatios()), LEASE)


@pytest.mark.parametrize(
    ("model", "where"), [("echo", ("lab", "echo-1")), ("gone", (None, "gone")), (None, (None, None))]
)
async def test_lost_attempt_is_accounted_with_an_estimate(
    database: Database, upkeep: Upkeep, model: str | None, where: tuple[str | None, str | None]
) -> None:
    lost = attempt("a", model=model)
    await claim(database, lost)
    assert await upkeep.look_for_lost() == 0
    await lose(database, lost)
    assert [await upkeep.look_for_lost(), await upkeep.look_for_lost()] == [1, 0]
    columns = (usage.c.provider, usage.c.model, usage.c.prompt_tokens, usage.c.estimated, usage.c.given_up)
    rows = await database.read(lambda c: [*c.execute(select(*columns, usage.c.outcome))])
    assert rows == [(*where, 10, True, True, "lost")]


async def test_attempts_of_this_process_are_renewed(
    database: Database, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_SIGNS", 1500)
    held = attempt("a")
    await claim(database, held)
    await lose(database, held)
    upkeep.hold(held)
    await upkeep.start()
    await until(lambda: _is_renewed(database))
    upkeep.drop(held)
    await upkeep.close()


async def test_attempt_that_ended_while_the_database_was_away_is_removed_later(
    database: Database, upkeep: Upkeep, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_SIGNS", 1500)
    monkeypatch.setattr(threads, "BUSY_SECONDS", 0.01)
    over = attempt("a")
    await claim(database, over)
    upkeep.hold(over)
    async with outage():
        with capture_logs() as logs:
            await upkeep.release(over, None)
    assert [line["event"] for line in logs] == ["idempotency_key_not_released"]
    assert await found(database) is not None
    await upkeep.start()

    async def is_gone() -> bool:
        return await found(database) is None

    await until(is_gone)
    await upkeep.close()


async def expire(database: Database, answers: int) -> None:
    """Have so many answers in the database that have expired, of 10 bytes each."""
    for number in range(answers):
        one = attempt(f"a{number}", b"%d" % number)
        await claim(database, one)
        values: dict[str, Any] = {"answer": b"x" * 10, "seconds": -1.0, "response_id": None, "entry": None}
        await database.write(partial(idempotency.keep, attempt=one, **values))


async def test_expired_answers_go_batch_by_batch(
    database: Database, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    discard = idempotency.discard_expired

    def noted(connection: Any, digests: Sequence[bytes]) -> int:
        batches.append(len(digests))
        return discard(connection, digests)

    monkeypatch.setattr(idempotency, "discard_expired", noted)
    monkeypatch.setattr(leases, "_EXPIRED", 3)
    monkeypatch.setattr(leases, "_EXPIRED_BYTES", 25)
    monkeypatch.setattr(leases, "_BREATH_SECONDS", 0.0)
    await expire(database, 5)
    standing = attempt("b", b"stays")
    await claim(database, standing)
    await keep(database, standing)
    assert await upkeep.sweep() == 5
    assert batches == [2, 1, 2]
    assert await found(database, b"stays") is not None


async def test_sweep_has_an_end_however_much_is_left(
    database: Database, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_SWEEP_TURN_SECONDS", 0.0)
    monkeypatch.setattr(leases, "_EXPIRED_BYTES", 10)
    await expire(database, 3)
    assert await upkeep.sweep() == 1


async def test_leases_are_renewed_while_other_upkeep_waits_and_after_it_has_failed(
    database: Database, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_SIGNS", 1500)
    looked: list[bool] = []
    done = asyncio.Event()

    async def look() -> int:
        looked.append(True)
        if len(looked) == 1:
            raise RuntimeError("a defect")
        await done.wait()
        return 0

    monkeypatch.setattr(upkeep, "look_for_lost", look)
    with capture_logs() as logs:
        await upkeep.start()
        await until(lambda: len(looked) == 2)
        held = attempt("a")
        await claim(database, held)
        await lose(database, held)
        upkeep.hold(held)
        await until(lambda: _is_renewed(database))
    assert [line["event"] for line in logs] == ["unhandled_error"]
    done.set()
    upkeep.drop(held)
    await upkeep.close()


async def _is_renewed(database: Database) -> bool:
    standing = await found(database)
    return standing is not None and not standing.is_lost
