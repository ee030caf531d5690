"""The tables, the migrations that lead to them, and who runs those."""

import asyncio
from functools import partial
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text

from gateway.store import migrate, schema
from gateway.store.database import Database
from gateway.store.errors import StoreError
from gateway.store.location import locate
from gateway.store.tables import HEAD, metadata, users
from tests.store import processes

pytestmark = pytest.mark.anyio


def _description(connection: Connection) -> dict[str, Any]:
    inspector = inspect(connection)
    return {
        name: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            ],
            "primary": inspector.get_pk_constraint(name)["constrained_columns"],
            "foreign": inspector.get_foreign_keys(name),
            "unique": [constraint["column_names"] for constraint in inspector.get_unique_constraints(name)],
            "indexes": sorted(map(_index, inspector.get_indexes(name))),
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def _index(index: Any) -> str:
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return f"{index['name']} {index['column_names']} {index['unique']} {options}"


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(migrate.configuration()).get_current_head() == HEAD


async def test_migrations_lead_to_the_tables_that_a_new_database_gets(url: str) -> None:
    database = Database(locate(url))
    await database.write(migrate.upgrade)
    migrated = await database.read(_description)
    assert await database.read(schema.revision) == HEAD

    def empty(connection: Connection) -> None:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))

    await database.write(empty)
    await database.close()
    database = await Database.open(url)
    assert await database.read(_description) == migrated
    assert migrated.keys() == metadata.tables.keys()
    await database.close()


async def test_processes_that_start_at_once_make_the_tables_once(url: str) -> None:
    program = """
await signal("ready")
database = await Database.open(url)
print(type(database).__name__)
await database.close()
"""
    workers = [await processes.start(program, url) for _ in range(3)]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    assert await asyncio.gather(*map(processes.finish, workers)) == [["Database"]] * 3


async def test_processes_that_start_at_once_on_an_older_database_migrate_it_once(url: str) -> None:
    program = """
await signal("ready")
database = await Database.open(url)
print(await database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM responses").scalar()))
await database.close()
"""
    database = Database(locate(url))
    await database.write(partial(migrate.upgrade, target="0001"))
    assert await database.read(schema.revision) == "0001"
    await database.write(
        lambda c: c.execute(insert(users).values(id="ann", metadata={"a": 1}, first_seen=1.0, last_seen=2.0))
    )
    workers = [await processes.start(program, url) for _ in range(3)]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    # The first to come may write that it has closed the file to other users.
    assert [lines[-1] for lines in await asyncio.gather(*map(processes.finish, workers))] == ["0"] * 3
    assert await database.read(schema.revision) == HEAD
    assert await database.read(lambda c: c.execute(select(users)).all()) == [("ann", {"a": 1}, 1.0, 2.0)]
    await database.close()


async def test_missing_migrations_run_in_another_process(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spawned: list[str] = []
    spawn = asyncio.create_subprocess_exec

    async def watch(*arguments: Any, **options: Any) -> Any:
        spawned.append(f"{arguments} {options}")
        return await spawn(*arguments, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watch)
    location = locate(url)
    await asyncio.gather(*(schema.upgrade(location) for _ in range(2)))
    database = await Database.open(url)
    assert await database.read(schema.revision) == HEAD
    assert await database.read(lambda c: c.execute(text("SELECT count(*) FROM alembic_version")).scalar()) == 1
    await database.close()
    assert len(spawned) == 2
    assert not any("correct-horse" in call or url in call for call in spawned), "others can read argv"


async def test_database_of_a_newer_waystone_is_left_alone(url: str) -> None:
    database = await Database.open(url)
    await database.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await database.close()
    with pytest.raises(StoreError, match=r"not Waystone's, or a newer Waystone wrote it .*'9999'") as caught:
        await Database.open(url)
    assert "correct-horse" not in str(caught.value)


async def test_tables_of_another_application_are_left_alone(url: str) -> None:
    database = Database(locate(url))
    await database.write(lambda c: c.execute(text("CREATE TABLE users (email text)")))
    with pytest.raises(StoreError, match="tables called users that Waystone did not make"):
        await Database.open(url)
    assert await database.read(lambda c: inspect(c).get_table_names()) == ["users"]
    await database.close()
