"""Candidates with an open circuit are skipped; where all have one, one request at a time probes."""

import asyncio
from collections.abc import Mapping

import pytest

from gateway.errors import GatewayError, InvalidRequest, UpstreamDown, UpstreamError
from gateway.routing.attempts import Attempts
from gateway.routing.plan import Lane
from tests.unit.attempt_worlds import Ready, Retries, World, gone, name, overloaded
from tests.unit.lanes import lanes

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


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


class Slow:
    """An attempt that answers when it may."""

    headers: Mapping[str, str] = {}

    def __init__(self, may_answer: asyncio.Event) -> None:
        self._may_answer = may_answer

    async def begin(self) -> None:
        await self._may_answer.wait()


def _large(lane: Lane) -> Lane:
    return Lane(lane.upstream, lane.credential, "large")


@pytest.mark.parametrize(
    ("among", "acts"),
    [
        (lanes("a"), {"a": [overloaded()]}),
        # Keys of one provider stand behind one breaker.
        (lanes("a", keys=2), {"a": [overloaded()]}),
        (lanes("a", keys=3), {"a": [gone()]}),
        ([*lanes("a"), *map(_large, lanes("a"))], {"a": [gone()]}),
    ],
    ids=["only candidate", "keys, model", "keys, instance", "models"],
)
async def test_where_all_stand_behind_one_circuit_one_request_at_a_time_goes_there_and_others_hear_when_to_come(
    among: list[Lane], acts: dict[str, list[GatewayError]]
) -> None:
    world = World(failures=1, acts=acts)
    with pytest.raises(UpstreamError):
        await world.run(among)
    world.now += 9.5
    may_answer = asyncio.Event()
    first = asyncio.ensure_future(world.attempts(among).run(lambda lane: Slow(may_answer)))
    await asyncio.sleep(0)
    attempts = world.attempts(among)
    with pytest.raises(UpstreamError) as spared:
        await attempts.run(world.prepare)
    assert (spared.value.status, spared.value.code, attempts.count) == (503, "upstream_unavailable", 0)
    assert spared.value.headers == ((b"retry-after", b"21"),)
    may_answer.set()
    await first
    world.acts.clear()
    assert await world.run(among) in ("a", "a1")


async def test_where_the_circuits_of_several_providers_are_open_each_takes_one_request_at_a_time() -> None:
    world = World(failures=1, acts={"a": [overloaded()], "b": [overloaded()]})
    among = lanes("a b")
    with pytest.raises(UpstreamError):
        await world.run(among)
    may_answer = asyncio.Event()
    tried: list[str] = []

    def prepare(lane: Lane) -> Slow:
        tried.append(name(lane))
        return Slow(may_answer)

    probes = []
    for _ in range(2):
        probes.append(asyncio.ensure_future(world.attempts(among).run(prepare)))
        await asyncio.sleep(0)
    assert tried == ["a", "b"]
    with pytest.raises(UpstreamError, match="again soon"):
        await world.run(among)
    may_answer.set()
    await asyncio.gather(*probes)


async def test_a_probe_that_fails_is_the_only_one_of_its_request() -> None:
    world = World(Retries(3), failures=1, acts={"a": [overloaded(), overloaded()], "b": [overloaded(), overloaded()]})
    for tried in (["a", "b"], ["a"]):
        world.tried.clear()
        with pytest.raises(UpstreamError, match="Busy"):
            await world.run(lanes("a b"))
        assert world.tried == tried


async def test_what_another_candidate_cannot_express_leaves_the_skipped_one_to_be_probed() -> None:
    world = World(failures=1, acts={"b": [overloaded()]})

    def prepare(lane: Lane) -> Ready:
        if name(lane) == "a":
            raise InvalidRequest("No audio.", param="messages[0]")
        return Ready(world, name(lane))

    with pytest.raises(UpstreamError):
        await world.attempts(lanes("a b")).run(prepare)
    assert (await world.attempts(lanes("a b")).run(prepare)).name == "b"


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
