"""Responses in the background as rows: whatever processes do at the same time, one end, and events in their order."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from sqlalchemy import Connection, create_engine, select

from gateway.store import jobs
from gateway.store.database import Database
from gateway.store.jobs import ACTIVE, ANNOUNCED, CANCELLING, IN_PROGRESS, Batch, Bounds, Ending, Job, Lease, TooMany
from gateway.store.tables import job_events, metadata, responses
from gateway.store.tables import jobs as table
from gateway.store.turns import Append
from tests.store.stored import response, usage_row

BOUNDS = Bounds(in_all=1000, per_key=1000)
HEAD = b"event: response.created\n\nevent: response.queued\n\n"
OWNERS = st.sampled_from(("one", "two", "three"))
LEASE = 10.0


def queued(connection: Connection, name: str, bounds: Bounds = BOUNDS, **fields: Any) -> TooMany | None:
    """A job for the response of that name."""
    row = replace(response(name, expires_at=9e9, status="queued", output=b"[]", background=True), **fields)
    return jobs.add(connection, row, b"sealed", HEAD, bounds)


def ending(job: Job, owner: str | None, status: str, state: str = IN_PROGRESS, **more: Any) -> Ending:
    """The end of a job as its author knows it."""
    fields: dict[str, Any] = {
        "response_id": job.response_id,
        "owner": owner,
        "state": state,
        "next_sequence": job.next_sequence,
        "status": status,
        "document": f'{{"status":"{status}","output":'.encode(),
        "output": b"[1]",
        "keep_seconds": 60.0,
    }
    return Ending(**fields | more)


def batch(first: int, events: int = 1) -> Batch:
    return Batch(first, first + events - 1, b"event: x\n\n" * events)


pytestmark = pytest.mark.anyio


async def test_of_many_that_claim_at_once_each_gets_others(database: Database) -> None:
    for number in range(6):
        await database.write(partial(queued, name=str(number)))
    claimed = [
        job.response_id
        for owner in ("one", "two")
        for job in await database.write(partial(jobs.claim, lease=Lease(owner, LEASE), most=3, most_bytes=1000))
    ]
    assert claimed == [f"resp_{number}" for number in range(6)]
    assert await database.write(partial(jobs.claim, lease=Lease("one", LEASE), most=3, most_bytes=1000)) == []
    assert await database.read(partial(jobs.held, owner="two")) == {"resp_3", "resp_4", "resp_5"}


async def test_no_more_is_claimed_than_there_is_room_for(database: Database) -> None:
    for number in range(3):
        await database.write(partial(queued, name=str(number)))
    lease, size = Lease("one", LEASE), len(b"sealed")
    for room, expected in ((size - 1, ["resp_0"]), (2 * size, ["resp_1", "resp_2"]), (2 * size, [])):
        claimed = await database.write(partial(jobs.claim, lease=lease, most=9, most_bytes=room))
        assert [job.response_id for job in claimed] == expected


async def test_bounds_count_what_is_not_over(database: Database) -> None:
    bounds = Bounds(in_all=3, per_key=2)
    await database.write(partial(queued, name="a", bounds=bounds))
    await database.write(partial(queued, name="b", bounds=bounds))
    own = await database.write(partial(queued, name="c", bounds=bounds))
    assert await database.write(partial(queued, name="d", bounds=bounds, key_id="bob")) is None
    in_all = await database.write(partial(queued, name="e", bounds=bounds, key_id="eve"))
    assert own is not None
    assert in_all is not None
    assert (own.is_own, in_all.is_own) == (True, False)
    (job, *_) = await database.write(partial(jobs.claim, lease=Lease("one", LEASE), most=3, most_bytes=1000))
    assert await database.write(partial(jobs.finish, ending=ending(job, "one", "completed")))
    await database.write(partial(queued, name="c", bounds=bounds))


async def test_first_end_wins_with_all_that_belongs_to_it(database: Database) -> None:
    await database.write(partial(queued, name="a"))
    (job,) = await database.write(partial(jobs.claim, lease=Lease("one", LEASE), most=1, most_bytes=1000))
    row = usage_row("a", id="row-1")
    end = ending(job, "one", "completed", events=batch(ANNOUNCED), usage=[row])
    assert await database.write(partial(jobs.finish, ending=end))
    assert not await database.write(partial(jobs.finish, ending=ending(job, "one", "failed")))
    assert await database.write(partial(jobs.cancel, key_id="ann", response_id="resp_a", lease=Lease("two", 1))) is None
    stored = await database.read(partial(jobs.response, job=job))
    assert stored is not None
    assert (stored.status, stored.output, stored.document) == ("completed", b"[1]", end.document)
    assert stored.size == response("a").size + len(b"[1]") - len(b"[]")
    progress = await database.read(partial(jobs.progress, key_id="ann", response_id="resp_a"))
    assert progress is not None
    assert (progress.state, progress.next_sequence, progress.is_over) == ("completed", ANNOUNCED + 1, True)


async def test_events_come_in_batches_behind_a_number(database: Database) -> None:
    await database.write(partial(queued, name="a"))
    await database.write(partial(jobs.claim, lease=Lease("one", LEASE), most=1, most_bytes=1000))
    for first in range(ANNOUNCED, ANNOUNCED + 40, 2):
        assert await database.write(partial(jobs.append, response_id="resp_a", owner="one", batch=batch(first, 2)))
    assert not await database.write(partial(jobs.append, response_id="resp_a", owner="one", batch=batch(2)))
    assert not await database.write(partial(jobs.append, response_id="resp_a", owner="two", batch=batch(42)))
    found = await database.read(partial(jobs.events, response_id="resp_a", after=6))
    assert (found[0].first, found[0].last) == (6, 7)
    everything = await database.read(partial(jobs.all_events, response_id="resp_a"))
    assert [one.first for one in everything] == [0, *range(ANNOUNCED, ANNOUNCED + 40, 2)]


async def test_deleted_response_takes_its_events_along(database: Database) -> None:
    await database.write(partial(queued, name="a"))
    await database.write(partial(jobs.discard, key_id="bob", response_id="resp_a"))
    assert await database.read(partial(jobs.all_events, response_id="resp_a"))
    await database.write(partial(jobs.discard, key_id="ann", response_id="resp_a"))
    assert await database.read(partial(jobs.all_events, response_id="resp_a")) == []


class Interleavings(RuleBasedStateMachine):
    """Processes that claim, add, end, cancel, die and take over, in any order, on a clock of the test's own."""

    names: Bundle[str] = Bundle("names")

    @initialize()
    def begin(self) -> None:
        self.now = 1000.0
        self.numbers = itertools.count()
        self.engine = create_engine("sqlite://")
        metadata.create_all(self.engine)
        self.ends: dict[str, tuple[Any, ...]] = {}
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(jobs, "clock", lambda _: self.now)

    def teardown(self) -> None:
        self.patch.undo()
        self.engine.dispose()

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    def job(self, connection: Connection, name: str) -> Job:
        (found,) = jobs._read(connection, table.c.response_id == f"resp_{name}")
        return found

    @rule(target=names)
    def add(self) -> str:
        name = str(next(self.numbers))
        with self.connected() as connection:
            queued(connection, name)
        return name

    @rule(owner=OWNERS, most=st.integers(1, 3))
    def claim(self, owner: str, most: int) -> None:
        with self.connected() as connection:
            for job in jobs.claim(connection, Lease(owner, LEASE), most, 1000):
                assert job.state == IN_PROGRESS
                assert job.request == b"sealed"

    @rule(name=names, owner=OWNERS, events=st.integers(1, 3))
    def append(self, name: str, owner: str, events: int) -> None:
        with self.connected() as connection:
            job = self.job(connection, name)
            is_held = job.response_id in jobs.held(connection, owner)
            assert jobs.append(connection, job.response_id, owner, batch(job.next_sequence, events)) == is_held

    @rule(
        name=names, owner=OWNERS, status=st.sampled_from(("completed", "incomplete", "failed")), is_late=st.booleans()
    )
    def end(self, name: str, owner: str, status: str, is_late: bool) -> None:
        with self.connected() as connection:
            job = self.job(connection, name)
            known = job._replace(next_sequence=job.next_sequence - 1) if is_late else job
            is_held = job.response_id in jobs.held(connection, owner)
            append = Append(conversation_id="conv_none", key_id="ann", items=[])
            end = ending(known, owner, status, events=batch(job.next_sequence), append=append)
            assert jobs.finish(connection, end) == (is_held and not is_late)

    @rule(name=names, owner=OWNERS, key_id=st.sampled_from(("ann", "bob")))
    def cancel(self, name: str, owner: str, key_id: str) -> None:
        with self.connected() as connection:
            before = self.job(connection, name)
            found = jobs.cancel(connection, key_id, before.response_id, Lease(owner, LEASE))
            may = key_id == "ann" and before.state in ACTIVE and before.state != CANCELLING
            assert (found is not None) == may

    @rule(name=names, owner=OWNERS)
    def end_cancelled(self, name: str, owner: str) -> None:
        with self.connected() as connection:
            job = self.job(connection, name)
            jobs.finish(connection, ending(job, owner, "cancelled", CANCELLING))

    @rule(owner=OWNERS)
    def take_over(self, owner: str) -> None:
        with self.connected() as connection:
            for job in jobs.take_over(connection, Lease(owner, LEASE), 2):
                assert job.state in (IN_PROGRESS, CANCELLING)
                if job.state == IN_PROGRESS and job.next_sequence == ANNOUNCED:
                    assert jobs.queue_again(connection, job.response_id, owner)
                else:
                    assert not jobs.queue_again(connection, job.response_id, owner)

    @rule(name=names, owner=OWNERS)
    def release(self, name: str, owner: str) -> None:
        with self.connected() as connection:
            job = self.job(connection, name)
            may = job.response_id in jobs.held(connection, owner) and job.next_sequence == ANNOUNCED
            assert jobs.release(connection, job.response_id, owner) == may
            # What was begun and given back has a usage row of its own.
            assert (self.job(connection, name).run > job.run) == may

    @rule(owner=OWNERS)
    def renew(self, owner: str) -> None:
        with self.connected() as connection:
            jobs.renew(connection, Lease(owner, LEASE), [*jobs.held(connection, owner)])

    @rule(seconds=st.floats(1, 15))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.floats(1, 30))
    def expire(self, seconds: float) -> None:
        with self.connected() as connection:
            for job in jobs.overdue(connection, seconds, 10):
                assert jobs.finish(connection, ending(job, None, "failed", job.state))

    @rule(name=consumes(names))
    def delete(self, name: str) -> None:
        with self.connected() as connection:
            jobs.discard(connection, "ann", f"resp_{name}")
            self.ends.pop(f"resp_{name}", None)

    @invariant()
    def ends_stay_and_events_follow_each_other(self) -> None:
        with self.connected() as connection:
            rows = connection.execute(
                select(table, responses.c.status, responses.c.output).join(
                    responses, responses.c.id == table.c.response_id
                )
            ).all()
            for row in rows:
                stored = connection.execute(
                    select(job_events.c.first, job_events.c.last, job_events.c.data)
                    .where(job_events.c.response_id == row.response_id)
                    .order_by(job_events.c.first)
                ).all()
                numbers = [number for first, last, _ in stored for number in range(first, last + 1)]
                assert numbers == list(range(row.next_sequence))
                if row.state in ACTIVE:
                    assert row.response_id not in self.ends
                    assert row.request is not None
                    assert row.state == CANCELLING or row.status == row.state
                    continue
                assert (row.request, row.owner, row.lease_until) == (None, None, None)
                end = (
                    row.state,
                    row.status,
                    bytes(row.output),
                    row.next_sequence,
                    b"".join(data for *_, data in stored),
                )
                assert row.state == row.status
                assert self.ends.setdefault(row.response_id, end) == end


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
