"""Deadlines: noticed in time, moved at no cost, and all by one timer."""

import asyncio
import math
from statistics import median

import pytest

from gateway.wire.clock import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": bool(request.param)}


class Counting(Clock):
    """Counts how often its timer is set."""

    timers = 0

    def _fire_at(self, when: float) -> None:
        self.timers += 1
        super()._fire_at(when)


class Awaited:
    """Something with a deadline so many seconds away."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self.due = self.deadline = clock.now() + seconds
        self.expired: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        clock.watch(self)

    def expire(self) -> None:
        self.deadline = math.inf
        self.expired.set_result(self.clock.now() - self.due)


@pytest.fixture
async def clock() -> Counting:
    return Counting()


@pytest.mark.parametrize("order", [1, -1])
async def test_deadlines_below_a_second_are_exact(clock: Counting, order: int) -> None:
    watched = [Awaited(clock, seconds) for seconds in (0.02, 0.05, 0.1, 0.15, 0.3)[::order]]
    late = await asyncio.wait_for(asyncio.gather(*(one.expired for one in watched)), 5)
    assert min(late) > -0.002
    # The median: a collection of garbage may hold up one or two.
    assert median(late) < 0.05, late
    clock.close()


async def test_a_deadline_that_moved_away_has_not_passed(clock: Counting) -> None:
    moved, other = Awaited(clock, 0.02), Awaited(clock, 0.1)
    moved.deadline = clock.now() + 100
    await asyncio.wait_for(other.expired, 5)
    assert not moved.expired.done()
    clock.close()


async def test_a_deadline_that_came_nearer_is_noticed(clock: Counting) -> None:
    late = []
    for _ in range(5):
        moved = Awaited(clock, 100)
        moved.due = moved.deadline = clock.now() + 0.02
        clock.notice(moved.deadline)
        late.append(await asyncio.wait_for(moved.expired, 5))
    assert median(late) < 0.05, late
    clock.close()


async def test_what_is_forgotten_does_not_expire(clock: Counting) -> None:
    forgotten, other = Awaited(clock, 0.02), Awaited(clock, 0.04)
    clock.forget(forgotten)
    await asyncio.wait_for(other.expired, 5)
    assert not forgotten.expired.done()
    clock.close()


async def test_one_timer_serves_thousands_of_deadlines(clock: Counting) -> None:
    watched = [Awaited(clock, 100 + number / 1000) for number in range(5000)]
    for one in watched:
        one.deadline = clock.now() + 200
        clock.notice(one.deadline)
        clock.forget(one)
    assert clock.timers == 1
    clock.close()


async def test_deadlines_that_lie_close_together_share_a_look(clock: Counting) -> None:
    watched = [Awaited(clock, 0.02 + number / 20_000) for number in range(5000)]
    await asyncio.wait_for(asyncio.gather(*(one.expired for one in watched)), 5)
    assert clock.timers <= 60
    clock.close()
