"""Requests wait for the attempts of other processes, and not for a database that is away."""

import asyncio
from functools import partial

import pytest

from gateway.outliving.idempotency.elsewhere import AttemptsElsewhere
from gateway.store import idempotency, location
from gateway.store.database import Database
from gateway.store.errors import Unreachable
from tests.store.test_idempotency import attempt, claim, keep, lose

pytestmark = pytest.mark.anyio
LONG = 20.0
SHORT = 0.4


async def test_all_who_wait_go_on_when_an_attempt_has_ended_or_is_lost(database: Database) -> None:
    elsewhere, kept, released, lost, running = (
        AttemptsElsewhere(database),
        *(attempt(name, name.encode()) for name in ("a", "b", "c", "d")),
    )
    for one in (kept, released, lost, running):
        await claim(database, one)
    waiting = [asyncio.create_task(elsewhere.wait(name, LONG)) for name in (b"a", b"a", b"b", b"c")]
    still = asyncio.create_task(elsewhere.wait(b"d", SHORT))
    await asyncio.sleep(0)
    await keep(database, kept)
    await database.write(partial(idempotency.release, attempt=released, entry=None))
    await lose(database, lost)
    await asyncio.gather(*waiting)
    assert not still.done()
    await still


async def test_who_leaves_is_waited_for_by_nobody(database: Database) -> None:
    elsewhere = AttemptsElsewhere(database)
    await claim(database, attempt("a"))
    waiting = asyncio.create_task(elsewhere.wait(b"digest", LONG))
    await asyncio.sleep(0)
    looking = elsewhere._looking
    assert looking is not None
    waiting.cancel()
    await looking
    assert elsewhere._looking is None


async def test_database_that_is_away_is_not_waited_for() -> None:
    class Away(Database):
        async def read(self, work: object) -> None:  # type: ignore[override]
            raise Unreachable("away")

    away = Away(location.locate("sqlite:////nowhere/at/all.db"))
    await AttemptsElsewhere(away).wait(b"digest", LONG)
    await away.close()
