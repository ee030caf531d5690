"""Usage rows that outlive a stop in a file: kept whole, taken by one process, written once."""

import asyncio
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from structlog.testing import capture_logs

from gateway.neutral.end_user import EndUser, Entity
from gateway.store import usage_queue
from gateway.store.database import Database
from gateway.store.errors import Unreachable
from gateway.store.journal import Journal
from gateway.store.spool import Spool
from gateway.store.tables import users
from tests.store import processes
from tests.store.conftest import Outage
from tests.store.stored import usage_names, usage_row

pytestmark = pytest.mark.anyio

_STOP_WHILE_AWAY = """
from gateway.store import usage_queue
usage_queue._CLOSING_SECONDS = 0.5
database = await Database.open(url)
journal = Journal(database, folder)
await journal.start()
await signal("started")
for number in range(300):
    journal.record(row(f"{name}{number}"), EndUser(Entity("ann", {"plan": "free"}), Entity("acme")))
await journal.close()
await signal("stopped")
await database.close()
"""

_START = """
from structlog.testing import capture_logs
database = await Database.open(url)
await signal("ready")
with capture_logs() as logs:
    journal = Journal(database, folder)
    await journal.start()
print(sum(log["rows"] for log in logs if log["event"] == "usage_rows_recovered"))
await journal.close()
await database.close()
"""


def _entries(prefix: str, count: int) -> list[Any]:
    return [(f"{prefix}{number:06}", usage_row(f"{prefix}{number}"), EndUser(Entity("ann"))) for number in range(count)]


async def _start(database: Any, folder: Path) -> list[Any]:
    """Start a journal, and stop it; return what it logged."""
    with capture_logs() as logs:
        journal = Journal(database, folder)
        await journal.start()
        await journal.close()
    return list(logs)


async def _stop(worker: asyncio.subprocess.Process) -> list[str]:
    """What a worker prints from the signal to stop to its end."""
    processes.tell(worker)
    lines = [await processes.hear(worker)]
    while lines[-1] != "stopped":
        lines.append(await processes.hear(worker))
    return lines


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("usage-*"))


async def test_stop_while_the_database_is_away_leaves_a_private_file_and_the_next_start_writes_it(
    url: str, outage: Outage, tmp_path: Path
) -> None:
    worker = await processes.start(_STOP_WHILE_AWAY, url, "r", tmp_path)
    assert await processes.hear(worker) == "started"
    async with outage():
        lines = await _stop(worker)
    assert any("usage_rows_kept" in line and "300" in line for line in lines)
    (file,) = _files(tmp_path)
    assert file.name.startswith(f"usage-{worker.pid}-")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # The batch that was under way when the time ran out may be committed as well, now that the database is back.
    processes.tell(worker)
    await processes.finish(worker)
    database = await Database.open(url)
    logs = await _start(database, tmp_path)
    assert [(log["event"], log["rows"]) for log in logs] == [("usage_rows_recovered", 300)]
    assert await usage_names(database) == [f"r{number}" for number in range(300)]
    assert await database.read(lambda c: c.execute(select(users.c.metadata)).scalars().all()) == [{"plan": "free"}]
    assert _files(tmp_path) == []
    await database.close()


async def test_processes_that_start_at_once_share_the_files_and_write_each_row_once(url: str, tmp_path: Path) -> None:
    database = await Database.open(url)
    for number in range(6):
        Spool(tmp_path).keep(_entries(f"{number}-", 150))
    workers = [await processes.start(_START, url, folder=tmp_path) for _ in range(2)]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    written = [int((await processes.finish(worker))[-1]) for worker in workers]
    assert sum(written) == 900
    assert len(await usage_names(database)) == 900
    assert _files(tmp_path) == []
    await database.close()


async def test_file_of_a_process_that_was_killed_while_it_wrote_is_taken_again(url: str, tmp_path: Path) -> None:
    program = """
class Slow(Database):
    writes = 0
    async def write(self, work, **options):
        outcome = await super().write(work, **options)
        Slow.writes += 1
        if Slow.writes == 2:
            await signal("half")
        return outcome
await Journal(await Slow.open(url), folder).start()
"""
    database = await Database.open(url)
    Spool(tmp_path).keep(_entries("r", 1_000))
    worker = await processes.start(program, url, folder=tmp_path)
    assert await processes.hear(worker) == "half"
    assert await _start(database, tmp_path) == [], "its owner is alive"
    assert 0 < len(await usage_names(database)) < 1_000
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    assert len(_files(tmp_path)) == 1
    await _start(database, tmp_path)
    assert await usage_names(database) == [f"r{number}" for number in range(1_000)]
    assert _files(tmp_path) == []
    await database.close()


async def test_full_disk_is_logged_with_the_number_of_lost_rows(url: str, outage: Outage, tmp_path: Path) -> None:
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
    program = _STOP_WHILE_AWAY.replace("await signal", limit + "await signal", 1)
    worker = await processes.start(program, url, "r", tmp_path)
    assert await processes.hear(worker) == "started"
    async with outage():
        lines = await _stop(worker)
        assert any("usage_rows_lost" in line and "300" in line and "File too large" in line for line in lines)
        assert _files(tmp_path) == []
        worker.send_signal(signal.SIGKILL)
        await worker.wait()


async def test_damaged_lines_are_counted_and_the_others_written(database: Database, tmp_path: Path) -> None:
    Spool(tmp_path).keep(_entries("r", 5))
    (file,) = _files(tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    shapes = [b"[]\n", b"null\n", b'["id", {"request_id": "r"}, null]\n', b"[1, {}, null]\n", b"\xff\n", b"\n"]
    file.write_bytes(b"".join([*lines[:3], *shapes, lines[3], lines[4][:-30]]))
    logs = await _start(database, tmp_path)
    assert await usage_names(database) == ["r0", "r1", "r2", "r3"]
    assert [(log["event"], log["rows"]) for log in logs] == [("usage_rows_recovered", 4), ("usage_rows_lost", 7)]
    assert _files(tmp_path) == []


async def test_row_that_cannot_be_written_to_the_file_is_counted_and_the_others_kept(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_queue, "FLUSH_SECONDS", 0.001)
    journal = Journal(_Away(), tmp_path)  # type: ignore[arg-type]
    for name, tokens in (("r", 1), ("bad", object()), ("s", 2)):
        journal.record(usage_row(name, prompt_tokens=tokens), None)
    with capture_logs() as logs:
        await journal.close()
    assert [(log["event"], log["rows"]) for log in logs[1:]] == [("usage_rows_kept", 2), ("usage_rows_lost", 1)]
    await _start(database, tmp_path)
    assert await usage_names(database) == ["r", "s"]


class _Away:
    async def write(self, work: Callable[[Connection], Any]) -> Any:
        raise Unreachable("away")


async def test_database_that_goes_away_at_the_start_leaves_the_file_to_the_next(
    database: Database, tmp_path: Path
) -> None:
    Spool(tmp_path).keep(_entries("r", 5))
    assert [log["event"] for log in await _start(_Away(), tmp_path)] == ["usage_rows_not_recovered"]
    assert len(_files(tmp_path)) == 1
    await _start(database, tmp_path)
    assert len(await usage_names(database)) == 5
    assert _files(tmp_path) == []


async def test_unfinished_file_is_not_taken(database: Database, tmp_path: Path) -> None:
    unfinished = tmp_path / "usage-1-abcd.tmp"
    unfinished.write_bytes(b"[")
    assert await _start(database, tmp_path) == []
    assert _files(tmp_path) == [unfinished]
