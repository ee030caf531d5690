"""Group commit: what waits together is committed together, and nobody pays for another's mistake."""

import asyncio
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.util import await_only

from gateway.store import checkpoints, conversations, group_commit, responses
from gateway.store.conversations import Conversation
from gateway.store.database import Database
from gateway.store.errors import Refused, Unreachable
from gateway.store.journal import Append, Journal
from gateway.store.tables import responses as table
from gateway.store.tables import users
from tests.store import processes
from tests.store.stored import response
from tests.store.waiting import until

pytestmark = pytest.mark.anyio


class _Counted(Database):
    """A database that counts its transactions, and can be away."""

    transactions = 0
    is_away = False

    def submit(
        self, work: Callable[[Connection], Any], done: Callable[[Any], object], *, durable: bool = False
    ) -> None:
        self.transactions += 1
        if self.is_away:
            failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            failed.add_done_callback(done)
            failed.set_exception(Unreachable("away"))
        else:
            super().submit(work, done, durable=durable)


async def _ids(database: Database) -> list[str]:
    return await database.read(lambda c: list(c.execute(select(table.c.id).order_by(table.c.id)).scalars()))


def _add_user(connection: Connection, name: str) -> str:
    connection.execute(insert(users).values(id=name, metadata={}, first_seen=1.0, last_seen=1.0))
    return name


@pytest.fixture
async def counted(url: str, database: Database) -> Any:
    opened = await _Counted.open(url)
    opened.transactions = 0
    yield opened
    await opened.close()


class _Gate:
    """A work that is under way until it is let go on: in SQLite's thread, or in a greenlet on PostgreSQL."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._may_end, self._may_end_in_thread = asyncio.Event(), threading.Event()
        self.has_begun = asyncio.Event()

    def work(self, connection: Connection) -> None:
        self._loop.call_soon_threadsafe(self.has_begun.set)
        if connection.dialect.name == "sqlite":
            assert self._may_end_in_thread.wait(20)
        else:
            await_only(self._may_end.wait())

    def open(self) -> None:
        self._may_end.set()
        self._may_end_in_thread.set()


async def test_what_waits_together_is_one_transaction(counted: _Counted, tmp_path: Path) -> None:
    journal = Journal(counted, tmp_path)
    await asyncio.gather(*(journal.add(response(f"{number:02}")) for number in range(20)))
    assert counted.transactions == 1
    gate = _Gate()
    first = asyncio.create_task(journal.write(gate.work))
    await gate.has_begun.wait()
    others = [asyncio.create_task(journal.add(response(name))) for name in "abcd"]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(first, *others)
    assert counted.transactions == 3
    assert len(await _ids(counted)) == 24


async def test_works_run_in_order_and_return_their_own(counted: _Counted, tmp_path: Path) -> None:
    journal = Journal(counted, tmp_path)
    said = await asyncio.gather(
        journal.write(lambda connection: connection.execute(select(table.c.id)).scalars().all()),
        journal.add(response("a")),
        journal.write(lambda connection: connection.execute(select(table.c.id)).scalars().all()),
        journal.write(partial(_add_user, name="ann")),
    )
    assert said == [[], [], ["resp_a"], "ann"]
    assert counted.transactions == 1


async def test_only_the_guilty_one_gets_the_error(database: Database, journal: Journal) -> None:
    def fail(_: Connection) -> None:
        raise LookupError("mine")

    said = await asyncio.gather(
        journal.add(response("a")),
        journal.write(fail),
        journal.add(response("b", size=2**70)),
        journal.write(partial(_add_user, name="ann")),
        journal.write(partial(_add_user, name="ann")),
        journal.add(response("c")),
        return_exceptions=True,
    )
    assert [type(one) for one in said] == [list, LookupError, Refused, str, Refused, list]
    assert await _ids(database) == ["resp_a", "resp_c"]


async def test_database_that_is_away_is_everybodys_error(counted: _Counted, tmp_path: Path) -> None:
    journal = Journal(counted, tmp_path)
    counted.is_away = True
    said = await asyncio.gather(*(journal.add(response(name)) for name in "abc"), return_exceptions=True)
    assert [type(one) for one in said] == [Unreachable] * 3
    assert counted.transactions == 1, "tried again one by one, that would take three times as long"
    with pytest.raises(Unreachable):
        journal.raise_if_away()
    counted.is_away = False
    await journal.add(response("d"))
    assert await _ids(counted) == ["resp_d"]


async def test_works_behind_a_batch_that_found_the_database_away_fail_with_it(
    counted: _Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_BATCH", 2)
    counted.is_away = True
    journal = Journal(counted, tmp_path)
    outcomes = await asyncio.gather(*(journal.add(response(name)) for name in "abcde"), return_exceptions=True)
    assert [type(one) for one in outcomes] == [Unreachable] * 5
    assert counted.transactions == 1, "each would wait as long again"


async def test_batches_that_wait_for_each_other_are_done_one_by_one(postgres_url: str, tmp_path: Path) -> None:
    databases = [await Database.open(postgres_url) for _ in range(2)]
    for id_ in ("conv_1", "conv_2"):
        await _conversation(databases[0], id_)

    def touch(connection: Connection, id_: str) -> str:
        conversations.find(connection, "ann", id_, lock=True)
        connection.exec_driver_sql("SELECT pg_sleep(0.1)")
        return id_

    said = await asyncio.gather(
        *(
            journal.write(partial(touch, id_=id_))
            for journal, order in zip((Journal(one, tmp_path) for one in databases), ("12", "21"), strict=True)
            for id_ in (f"conv_{number}" for number in order)
        )
    )
    assert said == ["conv_1", "conv_2", "conv_2", "conv_1"]
    for database in databases:
        await database.close()


async def test_cancelled_caller_leaves_its_work_and_its_neighbours_alone(database: Database, journal: Journal) -> None:
    tasks = [asyncio.create_task(journal.add(response(name))) for name in "abc"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    said = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in said] == [list, asyncio.CancelledError, list]
    assert await _ids(database) == ["resp_a", "resp_b", "resp_c"]


async def test_log_is_emptied_beside_the_commits(
    database: Database, monkeypatch: pytest.MonkeyPatch, journal: Journal
) -> None:
    emptied: list[int] = []
    may_end = asyncio.Event()

    async def checkpoint() -> None:
        emptied.append(len(await _ids(database)))
        await may_end.wait()
        raise Unreachable("disk full")

    monkeypatch.setattr(database, "checkpoint", checkpoint)
    monkeypatch.setattr(checkpoints, "_LOG_BYTES", 100_000)
    await journal.add(response("a", size=50_000))
    for name in "bcde":
        await journal.add(response(name, size=70_000))
    await until(lambda: bool(emptied))
    may_end.set()
    await journal.close()
    assert len(emptied) == 1, "one at a time"
    for name in "fg":
        await journal.add(response(name, size=70_000))
    await journal.close()
    assert len(emptied) == 2


async def test_close_waits_for_what_was_handed_over(database: Database, journal: Journal) -> None:
    gate = _Gate()
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(journal.write(gate.work))]
    await gate.has_begun.wait()
    tasks += [asyncio.create_task(journal.add(response(f"{number:03}"))) for number in range(150)]
    closing = asyncio.create_task(journal.close())
    for _ in range(100):
        await asyncio.sleep(0)
    assert not closing.done()
    gate.open()
    await closing
    assert len(await _ids(database)) == 150
    await asyncio.gather(*tasks)


async def test_every_response_that_was_told_survives_kill_9(url: str, tmp_path: Path) -> None:
    program = """
from tests.store.stored import response
from tests.store.waiting import until
journal = Journal(await Database.open(url), folder)
async def caller(caller):
    for number in range(10_000):
        await journal.add(response(f"{caller}-{number}", document=b"x" * 20_000))
        print(f"resp_{caller}-{number}", flush=True)
await asyncio.gather(*(caller(number) for number in range(8)))
"""
    worker = await processes.start(program, url, folder=tmp_path)
    told = [await processes.hear(worker) for _ in range(300)]
    worker.send_signal(signal.SIGKILL)
    assert worker.stdout is not None
    told += (await worker.stdout.read()).decode().split("\n")[:-1]
    await worker.wait()
    database = await Database.open(url)
    for id_ in told:
        row = await database.read(partial(responses.find, key_id="ann", id_=id_, now=1_500.0))
        assert row is not None, id_
        assert row.document == b"x" * 20_000
    await database.close()


def _items(prefix: str, count: int) -> list[tuple[str, bytes]]:
    return [
        (f"{prefix}_{number}", b'{"id":"%s_%d","type":"message"}' % (prefix.encode(), number))
        for number in range(count)
    ]


async def _conversation(database: Database, id_: str, key_id: str = "ann") -> None:
    await database.write(partial(conversations.create, key_id=key_id, conversation=Conversation(id_, 1.0, {})))


async def _contents(database: Database, id_: str) -> list[bytes]:
    return await database.read(partial(conversations.items, key_id="ann", id_=id_, limit=2**30))


async def test_turn_appends_its_items_with_its_response(database: Database, journal: Journal) -> None:
    await _conversation(database, "conv_1")
    items = _items("msg", 3)
    append = Append(conversation_id="conv_1", key_id="ann", items=items)
    assert await journal.add(response("a", conversation_id="conv_1"), append) == items
    assert await _contents(database, "conv_1") == [item for _, item in items]
    found = await database.read(partial(conversations.find, key_id="ann", id_="conv_1"))
    assert found.size == sum(len(item) for _, item in items)
    assert await _ids(database) == ["resp_a"]


@pytest.mark.parametrize("key_id", ["ann", "bob"], ids=["unknown", "another key's"])
async def test_response_is_stored_though_its_conversation_is_not_there(
    database: Database, key_id: str, journal: Journal
) -> None:
    await _conversation(database, "conv_1", "ann")
    target = "conv_1" if key_id == "bob" else "conv_2"
    append = Append(conversation_id=target, key_id=key_id, items=_items("msg", 1))
    assert await journal.add(response("a"), append) is None
    assert await _ids(database) == ["resp_a"]
    assert await _contents(database, "conv_1") == []


async def test_ids_that_the_conversation_has_are_replaced_in_the_items_too(
    database: Database, journal: Journal
) -> None:
    await _conversation(database, "conv_1")
    await _conversation(database, "conv_2")
    given = [("msg_1", b'{"type":"message","id":"msg_1","n":%d}' % number) for number in range(3)]
    append = Append(conversation_id="conv_1", key_id="ann", items=given)
    stored = [*(await journal.add(response("a"), append) or []), *(await journal.add(response("b"), append) or [])]
    ids = [id_ for id_, _ in stored]
    assert len(set(ids)) == 6
    assert ids[0] == "msg_1"
    assert all(id_.startswith("msg_") for id_ in ids)
    assert [item for _, item in stored] == [
        b'{"type":"message","id":"%s","n":%d}' % (id_.encode(), number % 3) for number, id_ in enumerate(ids)
    ]
    assert await _contents(database, "conv_1") == [item for _, item in stored]
    elsewhere = Append(conversation_id="conv_2", key_id="ann", items=given[:1])
    assert await journal.add(response("c"), elsewhere) == given[:1]


async def test_turns_of_several_workers_do_not_interleave(url: str, tmp_path: Path) -> None:
    program = """
from tests.store.stored import response
from tests.store.waiting import until
database = await Database.open(url)
journal = Journal(database, folder)
await signal("ready")
async def turn(number, conversation):
    items = [(f"msg_{name}{number}x{n}", f'{{"turn":"{name}{number}"}}'.encode()) for n in range(4)]
    append = Append(conversation_id=conversation, key_id="ann", items=items)
    assert await journal.add(response(f"{name}{conversation}{number}"), append) == items
for step in range(10):
    turns = [(step * 8 + n, "conv_%d" % (n % 2)) for n in range(8)]
    await asyncio.gather(*(turn(*one) for one in (turns if name == "a" else reversed(turns))))
await journal.close()
await database.close()
"""
    database = await Database.open(url)
    await _conversation(database, "conv_0")
    await _conversation(database, "conv_1")
    workers = [await processes.start(program, url, name, tmp_path) for name in ("a", "b", "c")]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    await asyncio.gather(*map(processes.finish, workers))
    for id_ in ("conv_0", "conv_1"):
        items = await _contents(database, id_)
        assert len(items) == 3 * 40 * 4
        turns = [items[start : start + 4] for start in range(0, len(items), 4)]
        assert all(len(set(turn)) == 1 for turn in turns)
        assert len({turn[0] for turn in turns}) == 120
    await database.close()
