"""The sweep: what has expired goes, chains in use stay whole."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select
from structlog.testing import capture_logs

from gateway.memory import retention
from gateway.memory.retention import Sweep
from gateway.store import responses
from gateway.store.database import Database
from gateway.store.errors import Unreachable
from gateway.store.responses import StoredResponse
from gateway.store.tables import responses as table
from tests.store import processes
from tests.store.stored import response
from tests.store.waiting import until

pytestmark = pytest.mark.anyio

NOW = 10_000.0
OLD: dict[str, Any] = {"expires_at": 5_000.0}
NEW: dict[str, Any] = {"expires_at": 20_000.0}


@pytest.fixture(autouse=True)
def _no_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BREATH_SECONDS", 0.0)


async def _add(database: Database, *rows: StoredResponse) -> None:
    await database.write(partial(responses.add, rows=rows))


async def _left(database: Database) -> list[str]:
    ids = await database.read(lambda c: c.execute(select(table.c.id).order_by(table.c.id)).scalars().all())
    return [id_.removeprefix("resp_") for id_ in ids]


async def _sweep(database: Database) -> int:
    return await Sweep(database, 30 * 86_400).sweep(NOW)


async def test_expired_responses_go_and_others_stay(database: Database) -> None:
    within_grace: dict[str, Any] = {"expires_at": NOW - 3_599}
    await _add(database, response("a", **OLD), response("b", **NEW), response("c", **within_grace))
    assert await _sweep(database) == 1
    assert await _left(database) == ["b", "c"]


async def test_chain_that_is_in_use_stays_whole(database: Database) -> None:
    await _add(database, response("a", **OLD), response("b", "a", **OLD), response("c", "b", **NEW))
    await _add(database, response("d", "a", **OLD), response("e", "d", **OLD))
    assert await _sweep(database) == 2
    assert await _left(database) == ["a", "b", "c"]
    links = await database.read(partial(responses.chain, key_id="ann", id_="resp_c"))
    assert [link.id for link in links] == ["resp_a", "resp_b", "resp_c"]


async def test_long_chain_goes_in_a_few_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 50)
    rows = [response(f"{n:03}", f"{n - 1:03}" if n else None, **OLD) for n in range(160)]
    await _add(database, *rows)
    batches: list[int] = []
    discard = responses.discard

    def counted(connection: Connection, ids: list[str]) -> int:
        batches.append(discard(connection, ids))
        return batches[-1]

    monkeypatch.setattr(responses, "discard", counted)
    assert await _sweep(database) == 160
    assert batches == [50, 50, 50, 10]
    assert await _left(database) == []


async def test_branches_go_though_a_batch_cuts_them(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 3)
    rows = [response(f"{n}", f"{(n - 1) // 3}" if n else None, **OLD) for n in range(40)]
    await _add(database, *rows, response("live", "4", **NEW))
    await _sweep(database)
    assert await _left(database) == ["0", "1", "4", "live"]


async def test_response_that_got_a_follower_meanwhile_stays(database: Database) -> None:
    await _add(database, response("a", **OLD), response("b", "a", **OLD), response("x", **OLD))
    found = await database.read(partial(responses.expired, before=NOW, limit=10))
    await _add(database, response("c", "b", **NEW))
    assert await database.write(partial(responses.discard, ids=found)) == 1
    assert await _left(database) == ["a", "b", "c"]


async def test_workers_may_sweep_at_once(url: str) -> None:
    program = """
from gateway.memory.retention import Sweep
database = await Database.open(url)
await signal("ready")
print(await Sweep(database, 30 * 86400).sweep(10_000.0))
await database.close()
"""
    database = await Database.open(url)
    for number in range(800):
        before = str(number - 1) if number % 5 else None
        await _add(database, response(str(number), before, **OLD))
    workers = [await processes.start(program, url) for _ in range(3)]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    gone = [int(line) for lines in await asyncio.gather(*map(processes.finish, workers)) for line in lines]
    assert await _left(database) == []
    assert sum(gone) == 800
    await database.close()


async def test_sweeping_goes_on_by_itself_and_outlives_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.001)
    sweep = Sweep(database, 30 * 86_400)
    real, failures = database.read, iter([Unreachable("away")])

    async def read(work: object) -> object:
        for failure in failures:
            raise failure
        return await real(work)  # type: ignore[arg-type]

    monkeypatch.setattr(database, "read", read)
    with capture_logs() as logs:
        await sweep.start()
        for total, name in enumerate("ab", 1):
            await _add(database, response(name, expires_at=time.time() - 4_000))
            await until(partial(_have_gone, logs, total))
        await sweep.close()
    assert logs[0]["event"] == "expired_responses_not_deleted"
    monkeypatch.undo()
    assert await _left(database) == []


def _have_gone(logs: Sequence[Mapping[str, Any]], total: int) -> bool:
    gone: int = sum(log.get("responses", 0) for log in logs)
    return gone == total


async def test_sweep_that_never_started_closes(database: Database) -> None:
    await Sweep(database, 60.0).close()
