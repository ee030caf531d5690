"""Usage rows and the totals over them."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select

from gateway.auth import KeyRing
from gateway.store.database import Database
from gateway.store.tables import usage as table
from gateway.store.usage import Subject, Total, UsageRow, record, totals

pytestmark = pytest.mark.anyio


def _row(**fields: Any) -> UsageRow:
    return UsageRow(**{"request_id": "r", "time": 10.0, "key_id": "env", "operation": "chat", **fields})


async def _record(database: Database, *rows: UsageRow) -> None:
    batch = [(f"id{number}", row, None) for number, row in enumerate(rows)]
    await database.write(partial(record, batch=batch))


async def _totals(
    database: Database, by: Subject, since: float | None = None, until: float | None = None
) -> list[Total]:
    return await database.read(partial(totals, by=by, since=since, until=until))


async def _stored(database: Database) -> list[dict[str, Any]]:
    def read(connection: Connection) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(select(table).order_by(table.c.id)).mappings()]

    return await database.read(read)


async def test_row_comes_back_as_it_was_given(database: Database) -> None:
    fields: dict[str, Any] = {
        "request_id": "req_1",
        "time": 1_900_000_000.125,
        "key_id": "key_1",
        "user_id": "ann",
        "group_id": "acme",
        "operation": "chat.completions.create",
        "provider": "openai",
        "model": "small",
        "is_stream": True,
        "status": 429,
        "prompt_tokens": 2**40,
        "completion_tokens": 2,
        "cached_tokens": 3,
        "reasoning_tokens": 4,
        "first_event_ms": 1.5,
        "duration_ms": 2.5,
        "estimated": True,
        "given_up": True,
        "outcome": "stopped",
    }
    await _record(database, UsageRow(**fields))
    assert await _stored(database) == [{"id": "id0", **fields}]


async def test_row_that_comes_again_is_stored_once(database: Database) -> None:
    await _record(database, _row())
    await _record(database, _row(), _row())
    assert [row["id"] for row in await _stored(database)] == ["id0", "id1"]


async def test_more_rows_than_one_statement_holds(database: Database) -> None:
    await _record(database, *(_row() for _ in range(1_001)))
    assert len(await _stored(database)) == 1_001


async def test_endless_model_name_is_cut(database: Database) -> None:
    await _record(database, _row(model="m" * 1_000_000))
    assert (await _stored(database))[0]["model"] == "m" * 512


async def test_totals_sum_requests_errors_and_tokens(database: Database) -> None:
    await _record(
        database,
        _row(user_id="ann", prompt_tokens=1, completion_tokens=2, cached_tokens=3, reasoning_tokens=4),
        _row(user_id="ann", prompt_tokens=10, completion_tokens=20, status=400),
        _row(user_id="bob", status=502),
        _row(prompt_tokens=7),
        _row(user_id="bob", prompt_tokens=5, completion_tokens=1, estimated=True),
        _row(user_id="bob", prompt_tokens=30, estimated=True, given_up=True, status=504),
    )
    assert await _totals(database, "user") == [
        Total("ann", None, 2, 1, 11, 22, 3, 4, 0),
        Total("bob", None, 2, 1, 35, 1, 0, 0, 36),
        Total(None, None, 1, 0, 7, 0, 0, 0, 0),
    ]


async def test_totals_by_group_and_model(database: Database) -> None:
    await _record(
        database,
        _row(group_id="acme", provider="openai", model="small"),
        _row(group_id="acme", provider="lab", model="small"),
        _row(group_id="acme", provider="lab", model="small"),
    )
    assert [(total.id, total.requests) for total in await _totals(database, "group")] == [("acme", 3)]
    by_model = [(total.id, total.requests) for total in await _totals(database, "model")]
    assert by_model == [("lab/small", 2), ("openai/small", 1)]


async def test_totals_by_key_show_the_name(database: Database) -> None:
    key = (await KeyRing(database, None).create("laptop")).key
    await _record(database, _row(key_id=key.id), _row(key_id=key.id), _row(key_id="env"))
    by_key = [(total.id, total.name, total.requests) for total in await _totals(database, "key")]
    assert by_key == [(key.id, "laptop", 2), ("env", None, 1)]


async def test_since_is_included_and_until_is_not(database: Database) -> None:
    await _record(database, *(_row(time=float(time), user_id=f"at{time}") for time in (1, 2, 3)))
    assert [total.id for total in await _totals(database, "user", 2.0, 3.0)] == ["at2"]
    assert {total.id for total in await _totals(database, "user", 2.0)} == {"at2", "at3"}
    assert {total.id for total in await _totals(database, "user", until=2.0)} == {"at1"}
