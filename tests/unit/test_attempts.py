"""Which lane is tried when, how long is waited in between, and what the client hears in the end."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError, InvalidRequest, UpstreamDown, UpstreamError
from gateway.routing.attempts import Attempts, Conditions, backoff
from gateway.routing.health import Health
from gateway.routing.plan import Lane
from tests.unit.lanes import lanes

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def throttled(wait: float | None = None) -> UpstreamError:
    error = UpstreamError(429, "Slow down.", type="rate_limit_error", code="rate_limit_exceeded")
    return error.replaced(wait=wait)


def overloaded(wait: float | None = None) -> UpstreamError:
    error = UpstreamError(503, "Busy.", type="server_error", code="overloaded")
    return error.replaced(wait=wait)


def wrong() -> UpstreamError:
    return UpstreamError(400, "No.", type="invalid_request_error", code=None)


def locked() -> UpstreamError:
    return UpstreamDown("Locked.", code="upstream_auth")


@dataclass
class Retries:
    attempts: int = 1
    longest_wait: float = 8.0


@dataclass
class World:
    """Time that passes only where it is waited for, and what each lane does next: an error, or nothing."""

    retries: Retries = field(default_factory=Retries)
    failures: int = 100
    acts: dict[str, list[GatewayError]] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    now: float = 0.0
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        health = Health(self.failures, 30.0, lambda: self.now)
        self.conditions = Conditions(health, self.retries, {}, self._pause, lambda: self.now)

    async def _pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def attempts(self, among: list[Lane]) -> Attempts:
        # Each is another request.
        return Attempts(among, self.conditions, next(self.numbers))

    async def run(self, among: list[Lane]) -> str:
        """The name of the lane that answered."""
        return (await self.attempts(among).run(self.prepare)).name

    def prepare(self, lane: Lane) -> "Ready":
        return Ready(self, name(lane))


@dataclass
class Ready:
    """An attempt that does what its lane does next."""

    world: World
    name: str
    headers: Mapping[str, str] = field(default_factory=dict)

    async def begin(self) -> None:
        self.world.tried.append(self.name)
        await asyncio.sleep(0)
        if acts := self.world.acts.get(self.name):
            raise acts.pop(0)


def name(lane: Lane) -> str:
    keys = list(lane.upstream.credentials)
    number = keys.index(lane.credential)
    return f"{lane.upstream.name}{number or ''}"


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


async def test_a_spared_instance_is_passed_over_while_there_are_others() -> None:
    world = World(failures=2, acts={"a": [overloaded(), overloaded()]})
    answered = [await world.run(lanes("a b")) for _ in range(4)]
    assert answered == ["b"] * 4
    assert world.tried == ["a", "b", "a", "b", "b", "b"]
    world.now += 30
    assert await world.run(lanes("a b")) == "a"


async def test_a_model_that_fails_keeps_nobody_from_the_others_of_its_instance() -> None:
    world = World(failures=2, acts={"a": [overloaded(), overloaded()]})
    (small,) = lanes("a")
    large = Lane(small.upstream, small.credential, "large")
    for _ in range(2):
        with pytest.raises(UpstreamError):
            await world.run([small])
    assert await world.run([large]) == "a"
    assert await world.run([small, *lanes("b")]) == "b"


async def test_another_model_of_the_same_instance_steps_in_for_one_that_fails() -> None:
    world = World(acts={"a": [overloaded()]})
    (small,) = lanes("a")
    large = Lane(small.upstream, small.credential, "large")
    attempts = world.attempts([small, large])
    await attempts.run(world.prepare)
    assert (attempts.lane.model, world.tried) == ("large", ["a", "a"])


async def test_an_instance_that_cannot_be_reached_is_spared_with_all_its_models() -> None:
    gone: list[GatewayError] = [UpstreamDown("Gone.", code="upstream_unreachable") for _ in range(2)]
    world = World(failures=2, acts={"a": gone})
    (small,) = lanes("a")
    for _ in range(2):
        with pytest.raises(UpstreamError):
            await world.run([small])
    assert await world.run([Lane(small.upstream, small.credential, "large"), *lanes("b")]) == "b"


async def test_where_all_are_spared_the_client_hears_for_how_long() -> None:
    world = World(failures=1, acts={"a": [overloaded()], "b": [overloaded()]})
    with pytest.raises(UpstreamError):
        await world.run(lanes("a b"))
    world.now += 10.5
    attempts = world.attempts(lanes("a b"))
    with pytest.raises(UpstreamError) as spared:
        await attempts.run(world.prepare)
    assert (spared.value.status, spared.value.code, attempts.count) == (503, "upstream_unavailable", 0)
    assert spared.value.headers == ((b"retry-after", b"20"),)


async def test_an_instance_that_is_spared_meanwhile_is_not_tried_again() -> None:
    gone: list[GatewayError] = [UpstreamDown("Gone.", code="upstream_unreachable", status=502) for _ in range(18)]
    world = World(Retries(5), failures=2, acts={"a": gone[:9], "b": gone[9:]})
    with pytest.raises(UpstreamError) as refused:
        await world.run(lanes("a b"))
    assert (refused.value.code, sorted(world.tried)) == ("upstream_unreachable", ["a", "a", "b", "b"])


async def test_the_same_request_keeps_nobody_else_away_however_often_it_fails() -> None:
    world = World(Retries(3), failures=2, acts={"a": [overloaded(0.1) for _ in range(6)]})
    for _ in range(2):
        with pytest.raises(UpstreamError):
            await Attempts(lanes("a b")[:1], world.conditions, {"model": "m"}).run(world.prepare)
    assert await world.run(lanes("a b")) == "a"


async def test_where_there_is_one_way_only_one_request_at_a_time_goes_there_and_others_hear_when_to_come() -> None:
    world = World(failures=1, acts={"a": [overloaded()]})
    (only,) = lanes("a")
    with pytest.raises(UpstreamError):
        await world.run([only])
    may_answer = asyncio.Event()

    class Slow(Ready):
        async def begin(self) -> None:
            await may_answer.wait()

    first = asyncio.ensure_future(world.attempts([only]).run(lambda lane: Slow(world, name(lane))))
    await asyncio.sleep(0)
    attempts = world.attempts([only])
    with pytest.raises(UpstreamError) as spared:
        await attempts.run(world.prepare)
    assert (spared.value.status, attempts.count) == (503, 0)
    assert spared.value.headers == ((b"retry-after", b"30"),)
    may_answer.set()
    await first
    assert await world.run([only]) == "a"


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


async def test_a_probe_whose_client_leaves_makes_room_for_the_next() -> None:
    world = World(failures=1, acts={"a": [overloaded()]})
    with pytest.raises(UpstreamError):
        await world.run(lanes("a"))
    world.now += 30
    probe = asyncio.create_task(world.run(lanes("a")))
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert await world.run(lanes("a")) == "a"


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
