"""Usage rows: nothing lost at a stop, little at a kill, nobody disturbed while the database is away."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from structlog.testing import capture_logs

from gateway.neutral.end_user import EndUser, Entity
from gateway.store import checkpoints, usage_queue
from gateway.store.database import Database
from gateway.store.errors import Unreachable
from gateway.store.journal import Journal
from gateway.store.tables import memberships, users
from tests.store import processes
from tests.store.stored import usage_names, usage_row
from tests.store.waiting import until

pytestmark = pytest.mark.anyio


async def _until_written(database: Database, count: int) -> None:
    async def are_there() -> bool:
        return len(await usage_names(database)) >= count

    await until(are_there)


class _Fickle:
    """A database that is away when told so, and may lose the answer to a commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_away = False
        self.loses_answers = False
        self.writes = 0

    async def write(self, work: Callable[[Connection], Any]) -> Any:
        self.writes += 1
        if self.is_away:
            raise Unreachable("gone fishing")
        answer = await self._database.write(work)
        if self.loses_answers:
            raise Unreachable("connection reset during COMMIT")
        return answer


def _journal(database: Any, folder: Path) -> Journal:
    return Journal(database, folder)


def _below_a_file(folder: Path) -> Path:
    """A folder that cannot be made, not even by root."""
    (folder / "file").touch()
    return folder / "file" / "folder"


async def test_close_writes_everything(database: Database, tmp_path: Path) -> None:
    journal = Journal(database, tmp_path)
    await journal.start()
    for number in range(5_000):
        journal.record(usage_row(f"r{number}"), None)
    await journal.close()
    assert await usage_names(database) == [f"r{number}" for number in range(5_000)]


async def test_rows_are_written_within_a_second_by_themselves(database: Database, tmp_path: Path) -> None:
    journal = Journal(database, tmp_path)
    await journal.start()
    begun = time.monotonic()
    journal.record(usage_row("r"), EndUser(Entity("ann"), Entity("acme")))
    await _until_written(database, 1)
    assert time.monotonic() - begun < 1
    linked = await database.read(lambda c: c.execute(select(func.count()).select_from(memberships)).scalar())
    assert linked == 1
    await journal.close()


async def test_idle_journal_leaves_the_database_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(usage_queue, "FLUSH_SECONDS", 0.001)
    fickle = _Fickle(database)
    journal = _journal(fickle, tmp_path)
    await journal.start()
    journal.record(usage_row("r"), None)
    await _until_written(database, 1)
    await journal.close()
    assert fickle.writes == 1


async def test_rows_that_come_during_a_write_wait_for_the_next_one(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(usage_queue, "FLUSH_SECONDS", 0.001)
    sizes: list[int] = []

    class Busy:
        """A database that ten more requests are answered beside while it writes, for as long as the test looks on."""

        async def write(self, work: Any) -> Any:
            sizes.append(len(work.keywords["batch"]))
            for number in range(10 if len(sizes) <= 4 else 0):
                journal.record(usage_row(f"late{len(sizes)}-{number}"), None)
            return await database.write(work)

    journal = _journal(Busy(), tmp_path)
    for number in range(600):
        journal.record(usage_row(f"r{number}"), None)
    await journal.start()
    await _until_written(database, 640)
    await journal.close()
    assert sizes == [256, 256, 88, 30, 10]


async def test_kill_9_loses_less_than_the_last_second(url: str, tmp_path: Path) -> None:
    program = """
database = await Database.open(url)
journal = Journal(database, folder)
await journal.start()
number = 0
print("started", flush=True)
while True:
    journal.record(row(str(number)), EndUser(Entity("ann")))
    print(number, time.time(), flush=True)
    number += 1
    await asyncio.sleep(0.002)
"""
    worker = await processes.start(program, url, folder=tmp_path)
    assert await processes.hear(worker) == "started"
    recorded: dict[str, float] = {}
    while len(recorded) < 700:
        number, moment = (await processes.hear(worker)).split()
        recorded[number] = float(moment)
    worker.send_signal(signal.SIGKILL)
    killed = time.time()
    await worker.wait()

    database = await Database.open(url)
    written = set(await usage_names(database))
    await database.close()
    lost = [moment for number, moment in recorded.items() if number not in written]
    assert written
    assert all(moment > killed - 1 for moment in lost), f"lost from {killed - min(lost):.2f} s before the end"


async def test_rows_wait_while_the_database_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(usage_queue, "FLUSH_SECONDS", 0.001)
    monkeypatch.setattr(usage_queue, "_LONGEST_PAUSE", 0.002)
    fickle = _Fickle(database)
    fickle.is_away = True
    journal = _journal(fickle, tmp_path)
    with capture_logs() as logs:
        await journal.start()
        for number in range(10):
            journal.record(usage_row(f"r{number}"), None)
        await until(lambda: fickle.writes >= 5)
        fickle.is_away = False
        await _until_written(database, 10)
        await journal.close()
    assert await usage_names(database) == [f"r{number}" for number in range(10)]
    assert [log["event"] for log in logs] == ["usage_not_written", "usage_written_again"]


async def test_row_whose_commit_was_not_confirmed_is_not_counted_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(usage_queue, "FLUSH_SECONDS", 0.001)
    fickle = _Fickle(database)
    fickle.loses_answers = True
    journal = _journal(fickle, tmp_path)
    await journal.start()
    journal.record(usage_row("r"), None)
    await until(lambda: fickle.writes >= 3)
    fickle.loses_answers = False
    await journal.close()
    assert await usage_names(database) == ["r"]


async def test_oldest_rows_go_when_memory_is_full(database: Database, tmp_path: Path) -> None:
    journal = Journal(database, tmp_path, capacity=100)
    for number in range(130):
        journal.record(usage_row(f"r{number}"), None)
    with capture_logs() as logs:
        await journal.close()
    assert await usage_names(database) == [f"r{number}" for number in range(30, 130)]
    assert [(log["event"], log["rows"]) for log in logs] == [("usage_rows_dropped", 30)]


async def test_stop_with_neither_database_nor_disk_logs_what_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(usage_queue, "_CLOSING_SECONDS", 0.05)
    monkeypatch.setattr(usage_queue, "FLUSH_SECONDS", 0.001)
    fickle = _Fickle(database)
    fickle.is_away = True
    journal = _journal(fickle, _below_a_file(tmp_path))
    for number in range(3):
        journal.record(usage_row(f"r{number}"), None)
    with capture_logs() as logs:
        await journal.close()
    assert [(log["event"], log["rows"], log["log_level"]) for log in logs[1:]] == [("usage_rows_lost", 3, "error")]


def _deep() -> dict[str, Any]:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"deeper": deep}
    return deep


@pytest.mark.parametrize("metadata", [_deep(), {"thing": object()}], ids=["too deep", "no JSON"])
async def test_metadata_that_cannot_be_stored_does_not_stop_the_journal(
    database: Database, metadata: dict[str, Any], tmp_path: Path
) -> None:
    journal = Journal(database, tmp_path)
    journal.record(usage_row("r"), EndUser(Entity("ann", metadata)))
    journal.record(usage_row("s"), EndUser(Entity("bob", {"plan": "free"})))
    with capture_logs() as logs:
        await journal.close()
    assert await usage_names(database) == ["r", "s"]
    assert [(log["request"], log["with_end_user"]) for log in logs] == [("r", True)]


@pytest.mark.parametrize(
    "poison",
    [{"user_id": "\ud800"}, {"prompt_tokens": 2**70}, {"prompt_tokens": object()}],
    ids=["surrogate", "number", "type"],
)
async def test_row_that_is_refused_does_not_take_others_with_it(
    database: Database, poison: dict[str, Any], tmp_path: Path
) -> None:
    journal = Journal(database, tmp_path)
    for number in range(20):
        journal.record(usage_row(f"r{number}"), None)
    journal.record(usage_row("bad", **poison), None)
    for number in range(20, 40):
        journal.record(usage_row(f"r{number}"), None)
    with capture_logs() as logs:
        await journal.close()
    assert await usage_names(database) == [f"r{number}" for number in range(40)]
    assert [(log["event"], log["request"]) for log in logs] == [("usage_row_refused", "bad")]


async def test_nul_that_postgresql_refuses_does_not_take_others_with_it(postgres_url: str, tmp_path: Path) -> None:
    database = await Database.open(postgres_url)
    journal = Journal(database, tmp_path)
    for name, model in (("r", "small"), ("bad", "\x00"), ("s", "small")):
        journal.record(usage_row(name, model=model), None)
    with capture_logs() as logs:
        await journal.close()
    assert await usage_names(database) == ["r", "s"]
    assert [log["request"] for log in logs] == ["bad"]
    await database.close()


async def test_end_user_that_is_refused_does_not_hide_the_usage(database: Database, tmp_path: Path) -> None:
    journal = Journal(database, tmp_path)
    journal.record(usage_row("r"), EndUser(Entity("\ud800")))
    journal.record(usage_row("s"), EndUser(Entity("ann")))
    with capture_logs() as logs:
        await journal.close()
    assert await usage_names(database) == ["r", "s"]
    assert [log["with_end_user"] for log in logs] == [True]
    assert await database.read(lambda c: c.execute(select(users.c.id)).scalars().all()) == ["ann"]


async def test_two_workers_write_side_by_side(url: str, tmp_path: Path) -> None:
    program = """
database = await Database.open(url)
journal = Journal(database, folder)
await journal.start()
await signal("ready")
for number in range(3000):
    journal.record(row(f"{name}-{number}"), EndUser(Entity(f"u{number % 50}", {name: number}), Entity("acme")))
    if number % 100 == 0:
        await asyncio.sleep(0.01)
await journal.close()
await database.close()
"""
    await (await Database.open(url)).close()
    workers = [await processes.start(program, url, name, tmp_path) for name in ("a", "b")]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    await asyncio.gather(*map(processes.finish, workers))
    database = await Database.open(url)
    assert len(set(await usage_names(database))) == 6_000
    stored = await database.read(lambda c: c.execute(select(users.c.metadata)).scalars().all())
    assert all(set(metadata) == {"a", "b"} for metadata in stored)
    await database.close()


async def test_usage_rows_count_towards_a_checkpoint(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkpoint_started = asyncio.Event()

    async def checkpoint() -> None:
        checkpoint_started.set()

    monkeypatch.setattr(database, "checkpoint", checkpoint)
    monkeypatch.setattr(checkpoints, "_LOG_BYTES", 100_000)
    journal = Journal(database, tmp_path)
    for number in range(100):
        journal.record(usage_row(f"r{number}"), None)
    await journal.close()
    assert checkpoint_started.is_set()
