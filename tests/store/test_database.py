"""The database itself: opening, transactions, what happens when it is away."""

import asyncio
import signal
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text, update

from gateway.store.database import Database
from gateway.store.errors import Refused, StoreError, Unreachable
from gateway.store.tables import users
from tests.store import postgres, processes

pytestmark = pytest.mark.anyio


def _add_user(connection: Connection, id_: str = "ann") -> None:
    connection.execute(insert(users).values(id=id_, metadata={}, first_seen=1.0, last_seen=1.0))


def _users(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(users)).scalar_one()


async def test_what_is_written_can_be_read_after_opening_again(url: str) -> None:
    first = await Database.open(url)
    await first.write(_add_user)
    await first.close()
    second = await Database.open(url)
    assert await second.read(_users) == 1
    await second.close()


async def test_work_that_fails_leaves_nothing_behind(database: Database) -> None:
    def fail(connection: Connection) -> None:
        _add_user(connection)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fail)
    assert await database.read(_users) == 0


async def test_cancelled_caller_does_not_tear_its_transaction(url: str) -> None:
    database = await Database.open(url)
    begun, loop = asyncio.Event(), asyncio.get_running_loop()

    def work(connection: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)  # SQLite's transactions run in a thread
        _add_user(connection)

    task = asyncio.create_task(database.write(work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.close()
    again = await Database.open(url)
    assert await again.read(_users) == 1
    await again.close()


async def test_duplicate_is_refused_and_not_tried_again(database: Database) -> None:
    await database.write(_add_user)
    with pytest.raises(Refused):
        await database.write(_add_user)


async def test_number_out_of_range_is_refused(database: Database) -> None:
    with pytest.raises(Refused):
        await database.read(lambda connection: connection.execute(select(users).limit(2**70)).all())


async def test_error_message_holds_no_parameters(database: Database) -> None:
    await database.write(_add_user)
    with pytest.raises(Refused) as caught:
        await database.write(lambda connection: _add_user(connection))
    assert "\n" not in str(caught.value)
    assert "parameters" not in str(caught.value)


async def test_writers_in_several_processes_wait_for_each_other(url: str) -> None:
    program = """
from gateway.store import accounts
database = await Database.open(url)
await signal("ready")
for step in range(30):
    entity = Entity("shared", {f"{name}-{step}": step})
    await database.write(partial(accounts.upsert, mentions=[(time.time(), EndUser(entity))]))
await database.close()
"""
    workers = [await processes.start(program, url, f"w{number}") for number in range(3)]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    await asyncio.gather(*map(processes.finish, workers))

    database = await Database.open(url)
    merged = await database.read(lambda connection: connection.execute(select(users.c.metadata)).scalar_one())
    await database.close()
    assert merged == {f"w{number}-{step}": step for number in range(3) for step in range(30)}


async def test_what_a_sqlite_write_has_read_does_not_change_under_it(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/waystone.db")
    await database.write(_add_user)

    def age(connection: Connection) -> None:
        seen = connection.execute(select(users.c.last_seen)).scalar_one()
        connection.execute(update(users).values(last_seen=seen + 1))

    await asyncio.gather(*(database.write(age) for _ in range(20)))
    assert await database.read(lambda c: c.execute(select(users.c.last_seen)).scalar()) == 21
    await database.close()


async def test_committed_work_survives_kill_9(url: str) -> None:
    program = """
from gateway.store import accounts
database = await Database.open(url)
await database.write(partial(accounts.upsert, mentions=[(1.0, EndUser(Entity("ann")))]))
await signal("written")
"""
    worker = await processes.start(program, url)
    assert await processes.hear(worker) == "written"
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    database = await Database.open(url)
    assert await database.read(_users) == 1
    await database.close()


async def test_sqlite_uses_wal_and_returns_to_it(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "waystone.db"
    await (await Database.open(f"sqlite:///{file}")).close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    database = await Database.open(f"sqlite:///{file}")
    mode = await database.read(lambda c: c.exec_driver_sql("PRAGMA journal_mode").scalar())
    await database.close()
    assert mode == "wal"


async def test_checkpoint_empties_the_log_of_sqlite(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/waystone.db")
    await database.write(_add_user)
    with sqlite3.connect(f"file:{tmp_path}/waystone.db?immutable=1", uri=True) as without_log:
        assert _users_of(without_log) == 0
    without_log.close()
    await database.checkpoint()
    with sqlite3.connect(f"file:{tmp_path}/waystone.db?immutable=1", uri=True) as without_log:
        assert _users_of(without_log) == 1
    without_log.close()
    await database.close()


def _users_of(connection: sqlite3.Connection) -> int:
    try:
        count: int = connection.execute("SELECT count(*) FROM users").fetchone()[0]
    except sqlite3.OperationalError:  # the table itself is in the log yet
        return 0
    return count


async def test_folder_of_a_sqlite_database_is_made_and_private(tmp_path: Path) -> None:
    file = tmp_path / "new" / "deeper" / "waystone.db"
    await (await Database.open(f"sqlite:///{file}")).close()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 1)], ids=["full", "normal"])
async def test_durable_write_waits_for_the_disk(tmp_path: Path, durable: bool, level: int) -> None:
    database = await Database.open(f"sqlite:///{tmp_path}/waystone.db")
    await database.write(_users, durable=not durable)
    found = await database.write(lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar(), durable=durable)
    await database.close()
    assert found == level


async def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("these are notes, " * 100)
    with pytest.raises(StoreError, match=r"Cannot use the database sqlite:////.*notes\.txt: file is not a database"):
        await Database.open(f"sqlite:///{file}")


async def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="its folder cannot be made"):
        await Database.open(f"sqlite:///{tmp_path}/file/waystone.db")


async def test_server_that_is_away_is_named_without_its_password() -> None:
    with pytest.raises(Unreachable) as caught:
        await Database.open("postgresql://waystone:hunter2@127.0.0.1:1/waystone?connect_timeout=5")
    assert "postgresql://waystone:***@127.0.0.1:1/waystone" in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_wrong_password_is_an_error_without_the_password(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="password authentication failed") as caught:
        await Database.open(postgres_url.replace("correct-horse", "hunter2"))
    assert "hunter2" not in str(caught.value)


async def test_missing_database_is_named(postgres_url: str) -> None:
    with pytest.raises(StoreError, match='database "nowhere" does not exist'):
        await Database.open(postgres_url.rpartition("/")[0] + "/nowhere")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_postgresql_opens_by_every_usual_scheme(postgres_url: str, scheme: str) -> None:
    database = await Database.open(postgres_url.replace("postgresql", scheme, 1))
    assert await database.read(_users) == 0
    await database.close()


async def test_parameters_of_other_drivers_do_not_stop_the_connection(postgres_url: str) -> None:
    parameters = "sslmode=prefer&channel_binding=prefer&connect_timeout=5&application_name=mine&keepalives=1"
    database = await Database.open(f"{postgres_url}?{parameters}")
    name = await database.read(lambda c: c.execute(text("SHOW application_name")).scalar())
    await database.close()
    assert name == "mine"


async def test_tls_that_the_server_does_not_speak_is_an_error(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="SSL"):
        await Database.open(f"{postgres_url}?sslmode=require")


async def test_connections_recover_when_the_server_was_restarted(
    postgres_server: postgres.Server, postgres_url: str
) -> None:
    database = await Database.open(postgres_url)
    await database.read(_users)
    await asyncio.to_thread(postgres_server.stop)
    await asyncio.to_thread(postgres_server.start)
    assert await database.read(_users) == 0
    await asyncio.to_thread(postgres_server.stop)
    with pytest.raises(Unreachable):
        await database.read(_users)
    await asyncio.to_thread(postgres_server.start)
    assert await database.read(_users) == 0
    await database.close()


async def test_opening_loads_neither_the_orm_nor_alembic(url: str) -> None:
    program = """
await (await Database.open(url)).close()
await (await Database.open(url)).close()
print(sorted({"sqlalchemy.orm", "alembic"} & sys.modules.keys()))
"""
    assert await processes.finish(await processes.start(program, url)) == ["[]"]
