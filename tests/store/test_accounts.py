"""Users, groups and their links, as requests mention them."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from gateway.neutral.end_user import EndUser, Entity
from gateway.store import accounts
from gateway.store.database import Database
from gateway.store.tables import groups, memberships, users
from tests.store import processes

pytestmark = pytest.mark.anyio


async def _mention(database: Database, *mentions: tuple[float, EndUser]) -> None:
    await database.write(partial(accounts.upsert, mentions=mentions))


async def _rows(database: Database, table: Table) -> list[dict[str, Any]]:
    def read(connection: Connection) -> list[dict[str, Any]]:
        rows = connection.execute(select(table).order_by(*table.primary_key)).mappings()
        return [dict(row) for row in rows]

    return await database.read(read)


async def _metadata(database: Database, table: Table = users) -> Any:
    return (await _rows(database, table))[0]["metadata"]


def _ann(metadata: dict[str, Any] | None = None) -> EndUser:
    return EndUser(user=Entity("ann", metadata))


async def test_user_is_known_from_the_first_mention(database: Database) -> None:
    await _mention(database, (5.0, _ann({"plan": "free"})))
    expected = {"id": "ann", "metadata": {"plan": "free"}, "first_seen": 5.0, "last_seen": 5.0}
    assert await _rows(database, users) == [expected]
    assert await _rows(database, groups) == []


async def test_times_span_all_mentions_even_out_of_order(database: Database) -> None:
    await _mention(database, (5.0, _ann()), (3.0, _ann()))
    await _mention(database, (9.0, _ann()))
    await _mention(database, (4.0, _ann()))
    row = (await _rows(database, users))[0]
    assert (row["first_seen"], row["last_seen"]) == (3.0, 9.0)


async def test_given_metadata_replaces_key_by_key(database: Database) -> None:
    await _mention(database, (1.0, _ann({"plan": "free", "region": "eu", "limits": {"day": 1, "month": 2}})))
    await _mention(database, (2.0, _ann({"plan": "pro", "limits": {"day": 5}})))
    assert await _metadata(database) == {"plan": "pro", "region": "eu", "limits": {"day": 5}}


async def test_metadata_merges_within_one_batch_in_order(database: Database) -> None:
    await _mention(database, (1.0, _ann({"a": 1, "b": 1})), (2.0, _ann()), (3.0, _ann({"b": 2, "c": 3})))
    assert await _metadata(database) == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("given", [None, {}])
async def test_request_without_metadata_leaves_what_is_stored(database: Database, given: dict[str, Any] | None) -> None:
    await _mention(database, (1.0, _ann({"vip": True})))
    await _mention(database, (2.0, _ann(given)))
    assert await _metadata(database) == {"vip": True}


async def test_metadata_comes_back_as_it_was_given(database: Database) -> None:
    given: dict[str, Any] = {
        "null": None,
        "yes": True,
        "one": 1,
        "half": 0.5,
        "big": 2**60,
        "": "ü\U0001f600\x00",
        "list": [{}],
    }
    await _mention(database, (1.0, EndUser(group=Entity("acme", given))))
    stored = await _metadata(database, groups)
    assert stored == given
    assert stored["yes"] is True


async def test_naming_user_and_group_links_them(database: Database) -> None:
    await _mention(database, (1.0, EndUser(Entity("ann"), Entity("acme"))))
    await _mention(database, (4.0, EndUser(Entity("ann"), Entity("acme"))))
    link = {"user_id": "ann", "group_id": "acme", "first_seen": 1.0, "last_seen": 4.0}
    assert await _rows(database, memberships) == [link]


async def test_naming_only_the_user_implies_no_group(database: Database) -> None:
    await _mention(database, (1.0, EndUser(Entity("ann"), Entity("acme"))), (2.0, _ann()))
    assert [row["last_seen"] for row in await _rows(database, memberships)] == [1.0]
    assert [row["last_seen"] for row in await _rows(database, groups)] == [1.0]


async def test_more_entities_than_one_statement_holds(database: Database) -> None:
    mentions = [(1.0, EndUser(Entity(f"u{number}", {"n": number}), Entity("acme"))) for number in range(1_200)]
    await _mention(database, *mentions)
    rows = await _rows(database, users)
    assert {row["id"]: row["metadata"]["n"] for row in rows} == {f"u{n}": n for n in range(1_200)}
    assert len(await _rows(database, memberships)) == 1_200


async def test_workers_that_name_the_same_people_in_other_orders_do_not_deadlock(url: str) -> None:
    program = """
import random
from gateway.store import accounts
database = await Database.open(url)
await signal("ready")
dice = random.Random(name)
for step in range(25):
    people = [(Entity(f"u{n}", {f"{name}-{step}": 1}), Entity(f"g{n % 7}", {name: step})) for n in range(40)]
    dice.shuffle(people)
    mentions = [(time.time(), EndUser(*pair)) for pair in people]
    await database.write(partial(accounts.upsert, mentions=mentions))
await database.close()
"""
    await (await Database.open(url)).close()
    workers = [await processes.start(program, url, f"w{number}") for number in range(3)]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    await asyncio.gather(*map(processes.finish, workers))
    database = await Database.open(url)
    rows = await _rows(database, users)
    await database.close()
    assert [len(row["metadata"]) for row in rows] == [75] * 40
