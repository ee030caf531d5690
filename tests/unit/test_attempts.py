"""Which lane is tried when, how long is waited in between, and what the client hears in the end."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError, InvalidRequest, UpstreamDown, UpstreamError
from gateway.routing.attempts import backoff
from gateway.routing.plan import Lane
from tests.unit.attempt_worlds import Ready, Retries, World, locked, name, overloaded, throttled, wrong
from tests.unit.lanes import lanes

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_first_that_answers_is_the_last_that_is_tried() -> None:
    world = World(acts={"a": [overloaded()]})
    assert await world.run(lanes("a b c")) == "b"
    assert (world.tried, world.waits) == (["a", "b"], [])


async def test_the_instance_of_a_broken_lane_is_not_tried_by_another_key() -> None:
    world = World(acts={"a": [overloaded()]})
    assert await world.run(lanes("a b", keys=2)) == "b"


@pytest.mark.parametrize("failure", [throttled(), locked()])
async def test_a_key_that_is_refused_leaves_the_others_of_its_instance(failure: GatewayError) -> None:
    world = World(acts={"a": [failure]})
    assert await world.run(lanes("a b", keys=2)) == "a1"


async def test_a_wrong_request_ends_it() -> None:
    world = World(acts={"a": [wrong()]})
    with pytest.raises(UpstreamError) as refused:
        await world.run(lanes("a b"))
    assert (refused.value.status, world.tried) == (400, ["a"])


async def test_all_that_may_pass_is_tried_again_when_all_have_failed() -> None:
    world = World(Retries(2), acts={"a": [overloaded(2.0)], "b": [locked()], "c": [overloaded(1.0)]})
    assert await world.run(lanes("a b c")) == "c"
    assert world.tried == ["a", "b", "c", "c"]
    (waited,) = world.waits
    assert 1.0 <= waited <= 1.1


async def test_each_lane_is_tried_as_often_as_it_may() -> None:
    world = World(Retries(3), acts={"a": [overloaded()] * 9, "b": [overloaded(), throttled()]})
    attempts = world.attempts(lanes("a b"))
    assert (await attempts.run(world.prepare)).name == "b"
    world = World(Retries(3), acts={"a": [overloaded() for _ in range(9)], "b": [overloaded() for _ in range(9)]})
    attempts = world.attempts(lanes("a b"))
    with pytest.raises(UpstreamError):
        await attempts.run(world.prepare)
    assert attempts.count == 6
    assert sorted(world.tried) == ["a"] * 3 + ["b"] * 3


async def test_a_wait_that_is_too_long_is_not_waited_for() -> None:
    world = World(Retries(3), acts={"a": [throttled(8.1)]})
    with pytest.raises(UpstreamError) as refused:
        await world.run(lanes("a"))
    assert (world.tried, world.waits) == (["a"], [])
    assert (b"retry-after", b"9") in refused.value.headers


async def test_retry_after_is_not_said_twice() -> None:
    error = throttled(20).with_headers((b"retry-after", b"20"))
    with pytest.raises(UpstreamError) as refused:
        await World(acts={"a": [error]}).run(lanes("a"))
    assert refused.value.headers == ((b"retry-after", b"20"),)


@pytest.mark.parametrize(
    ("acts", "status", "of"),
    [
        ({"a": [throttled(20)], "b": [locked()]}, 429, "a"),
        ({"a": [overloaded()], "b": [throttled(20)]}, 429, "b"),
        ({"a": [locked()], "b": [UpstreamError(404, "No.", type="x", code="model_not_found")]}, 404, "b"),
    ],
)
async def test_the_error_of_the_latest_that_may_pass_is_told(
    acts: dict[str, list[GatewayError]], status: int, of: str
) -> None:
    world = World(acts=acts)
    attempts = world.attempts(lanes("a b"))
    with pytest.raises(UpstreamError) as refused:
        await attempts.run(world.prepare)
    assert (refused.value.status, name(attempts.lane), attempts.count) == (status, of, 2)


async def test_what_no_lane_can_express_is_told_by_the_first() -> None:
    def prepare(lane: Lane) -> Ready:
        raise InvalidRequest(f"{lane.upstream.name} cannot.")

    attempts = World().attempts(lanes("a b"))
    with pytest.raises(InvalidRequest, match="a cannot"):
        await attempts.run(prepare)
    assert attempts.count == 0


async def test_what_one_lane_cannot_express_the_next_may() -> None:
    world = World()

    def prepare(lane: Lane) -> Ready:
        if lane.upstream.name == "a":
            raise InvalidRequest("It cannot.")
        return world.prepare(lane)

    attempts = world.attempts(lanes("a b", keys=2))
    assert (await attempts.run(prepare)).name == "b"
    assert attempts.count == 1


@pytest.mark.parametrize(
    ("headers", "order"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "5s"}, ["a", "b", "b", "a"]),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "5s"}, ["a", "a", "a", "a"]),
    ],
)
async def test_a_key_whose_answer_said_that_it_is_used_up_comes_last(headers: dict[str, str], order: list[str]) -> None:
    world = World()

    def prepare(lane: Lane) -> Ready:
        return Ready(world, name(lane), headers if name(lane) == "a" else {})

    for seconds in (0, 0, 4.9, 0.1):
        world.now += seconds
        await world.attempts(lanes("a b")).run(prepare)
    assert world.tried == order


@given(st.integers(0, 100_000), st.floats(0, 600))
def test_a_wait_of_our_own_grows_and_has_an_end(tries: int, longest: float) -> None:
    seconds = backoff(tries, longest)
    assert 0 <= seconds <= longest
    assert seconds <= 0.5 * 2 ** min(tries, 20)


def test_waits_of_our_own_differ() -> None:
    waits = [backoff(3, 8.0) for _ in range(400)]
    assert max(waits) > 3.5
    assert min(waits) < 0.5


FAILURES = st.sampled_from(["overloaded", "throttled", "locked", "timeout"])
MAKE: dict[str, Callable[[], GatewayError]] = {
    "overloaded": overloaded,
    "throttled": throttled,
    "locked": locked,
    "timeout": lambda: UpstreamDown("Late.", status=504, code="upstream_timeout"),
}


@given(
    st.lists(st.lists(FAILURES, max_size=5), min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 6),
)
def test_whatever_fails_it_comes_to_an_end(acts: list[list[str]], attempts: int, keys: int, failures: int) -> None:
    names = "abcd"[: len(acts)]
    scripts = {letter: [MAKE[act]() for act in each] for letter, each in zip(names, acts, strict=True)}
    world = World(Retries(attempts), failures=failures, acts=scripts)
    among = lanes(" ".join(names), keys)
    tries = world.attempts(among)
    try:
        answered = asyncio.run(tries.run(world.prepare)).name
    except UpstreamError:
        assert tries.count <= len(among) * attempts
    else:
        assert answered == world.tried[-1]
    assert tries.count == len(world.tried)
    assert all(world.tried.count(each) <= attempts for each in world.tried)
    assert sum(world.waits) <= 8.0 * len(among) * attempts
