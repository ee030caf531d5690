"""The upkeep of idempotency keys: what is over goes, also when the database was away, and what is lost is accounted."""

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
from gateway.store import idempotency, writer
from gateway.store.database import Database
from gateway.store.tables import usage
from tests.store.conftest import Outage
from tests.store.test_idempotency import attempt, claim, found, keep, lose
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
    return Upkeep(database, LostAttempts(cast(Any, Router()), TokenRatios()))


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
    monkeypatch.setattr(leases, "_RENEW_SECONDS", 0.01)
    held = attempt("a")
    await claim(database, held)
    await lose(database, held)
    upkeep.hold(held)
    await upkeep.start()

    async def is_renewed() -> bool:
        standing = await found(database)
        return standing is not None and not standing.is_lost

    await until(is_renewed)
    upkeep.drop(held)
    await upkeep.close()


async def test_attempt_that_ended_while_the_database_was_away_is_removed_later(
    database: Database, upkeep: Upkeep, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_RENEW_SECONDS", 0.01)
    monkeypatch.setattr(writer, "BUSY_SECONDS", 0.01)
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


async def test_expired_answers_go_batch_by_batch(
    database: Database, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_EXPIRED", 2)
    monkeypatch.setattr(leases, "_BREATH_SECONDS", 0.0)
    for number in range(5):
        one = attempt(f"a{number}", b"%d" % number)
        await claim(database, one)
        work: Any = partial(idempotency.keep, attempt=one, answer=b"", seconds=-1.0, response_id=None, entry=None)
        await database.write(work)
    standing = attempt("b", b"stays")
    await claim(database, standing)
    await keep(database, standing)
    assert await upkeep.sweep() == 5
    assert await found(database, b"stays") is not None
