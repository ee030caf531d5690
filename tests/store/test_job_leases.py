"""Leases of responses in the background: who holds which, and for how long."""

import time
from functools import partial

import pytest

from gateway.store import jobs
from gateway.store.database import Database
from gateway.store.jobs import Bounds, Lease
from tests.store.stored import response

pytestmark = pytest.mark.anyio

_BOUNDS = Bounds(100, 100)
_OVER = -1.0
"""Seconds of a lease that is over at once."""


async def _claimed(database: Database, lease: Lease, *names: str) -> list[str]:
    for name in names:
        row = response(name, expires_at=time.time() + 60)
        await database.write(partial(jobs.add, response=row, request=b"sealed", events=b"", bounds=_BOUNDS))
    claimed = await database.write(partial(jobs.claim, lease=lease, most=100, most_bytes=1000))
    return [job.response_id for job in claimed]


async def test_what_its_owner_does_not_work_on_is_taken_over_though_the_owner_lives(database: Database) -> None:
    worked_on, left = await _claimed(database, Lease("one", _OVER), "a", "b")
    await database.write(partial(jobs.renew, lease=Lease("one", 60.0), ids=[worked_on]))
    taken = await database.write(partial(jobs.take_over, lease=Lease("two", 60.0), most=100))
    assert [job.response_id for job in taken] == [left]


async def test_renewing_does_not_take_back_what_another_process_has_taken_over(database: Database) -> None:
    (id_,) = await _claimed(database, Lease("one", _OVER), "a")
    await database.write(partial(jobs.take_over, lease=Lease("two", 60.0), most=100))
    await database.write(partial(jobs.renew, lease=Lease("one", 60.0), ids=[id_]))
    assert await database.read(partial(jobs.held, owner="one")) == set()
    assert await database.read(partial(jobs.held, owner="two")) == {id_}
