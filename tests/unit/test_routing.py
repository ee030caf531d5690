"""From a name to lanes: what it stands for, in which order it is tried, and what stays together."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gateway.catalogue import Catalogue
from gateway.errors import InvalidRequest, ModelNotFound
from gateway.neutral.generation import Generation
from gateway.routing.plan import Lane, Planner
from gateway.routing.router import Router
from gateway.sealing import Sealed, Sealer
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.upstream import Upstream
from gateway.wire.transport import FixedHeaders
from tests.unit.lanes import upstream

pytestmark = pytest.mark.anyio

KEY = "key_1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Target:
    model: str
    weight: float = 1.0


@dataclass
class Named:
    targets: list[Target] | None = None
    fallbacks: list[str] | None = None


@dataclass
class Place:
    """A router over these upstreams, and a planner whose seals a test can make."""

    upstreams: list[Upstream]
    names: dict[str, Named] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {each.name: each for each in self.upstreams}
        self.router = Router(known, Catalogue(known), self.names)
        self.sealer = Sealer(bytes(32))
        self.planner = Planner(self.sealer)

    async def steps(self, name: str, others: tuple[str, ...] = (), hint: str | None = None) -> list[list[str]]:
        return [[route.name for route in step.routes] for step in await self.router.steps(name, hint, others)]

    async def lanes(self, name: str, generation: Generation | None = None, *others: str) -> list[Lane]:
        steps = await self.router.steps(name, None, others)
        return list(self.planner.lanes(steps, generation or asks(name), KEY))

    def seal(self, lane: Lane, key: str = KEY) -> str:
        return self.sealer.seal(key, Sealed(lane.upstream.name, lane.model, {}, lane.credential.label))


def asks(model: str, *messages: dict[str, Any], **more: Any) -> Generation:
    """A request of the chat surface."""
    body: Any = {"model": model, "messages": list(messages), **more}
    return OpenAIChatSurface().read(body)


def reasoned(sealed: str, *after: dict[str, Any]) -> Generation:
    """A request of the Responses surface that sends sealed reasoning back."""
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed}
    return asks_for_response(input=[user("Hello."), reasoning, *after])


def asks_for_response(**fields: Any) -> Generation:
    """A request of the Responses surface."""
    body: Any = {"model": "shared", **fields}
    return OpenAIResponsesSurface().read(body)


def user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": text}


def named(lane: Lane) -> str:
    return f"{lane.upstream.name}/{lane.model}"


async def test_a_name_of_the_operators_stands_for_its_targets_then_its_fallbacks() -> None:
    names = {"fast": Named([Target("a/small", 3), Target("b/small")], ["c/large", "c/small"])}
    place = Place([upstream("a"), upstream("b"), upstream("c")], names)
    assert await place.steps("fast") == [["a/small", "b/small"], ["c/large"], ["c/small"]]
    first = Counter([named((await place.lanes("fast"))[0]) for _ in range(8)])
    assert first == {"a/small": 6, "b/small": 2}


async def test_a_name_without_targets_is_its_own() -> None:
    place = Place([upstream("a"), upstream("b")], {"a/small": Named(None, ["b/small"])})
    assert await place.steps("a/small") == [["a/small"], ["b/small"]]


async def test_a_target_may_be_another_name_whose_share_is_split() -> None:
    names = {"all": Named([Target("ab", 2), Target("c/small", 2)]), "ab": Named([Target("a/small"), Target("b/small")])}
    place = Place([upstream("a"), upstream("b"), upstream("c")], names)
    first = Counter([named((await place.lanes("all"))[0]) for _ in range(8)])
    assert first == {"a/small": 2, "b/small": 2, "c/small": 4}


async def test_names_may_step_in_for_each_other() -> None:
    names = {"a/small": Named(None, ["b/small"]), "b/small": Named(None, ["a/small"])}
    place = Place([upstream("a"), upstream("b")], names)
    assert await place.steps("a/small") == [["a/small"], ["b/small"]]
    assert await place.steps("b/small") == [["b/small"], ["a/small"]]


async def test_what_the_client_names_beside_comes_last_and_each_lane_once() -> None:
    names = {"fast": Named([Target("a/small")], ["b/small"])}
    place = Place([upstream("a"), upstream("b")], names)
    assert [named(lane) for lane in await place.lanes("fast", None, "b/large", "fast")] == [
        "a/small",
        "b/small",
        "b/large",
    ]


async def test_what_cannot_be_resolved_is_left_out_while_there_is_more() -> None:
    names = {"fast": Named([Target("a/none"), Target("b/small")]), "none": Named([Target("a/none")], ["b/none"])}
    place = Place([upstream("a"), upstream("b")], names)
    assert await place.steps("fast") == [["b/small"]]
    with pytest.raises(ModelNotFound):
        await place.steps("none")


async def test_a_hint_is_for_the_first_model_alone() -> None:
    place = Place([upstream("a"), upstream("b")])
    assert await place.steps("small", ("b/small",), "a") == [["a/small"], ["b/small"]]


@pytest.mark.parametrize(("other", "code"), [("a/none", "model_not_found"), ("small", "ambiguous_model")])
async def test_another_model_that_is_none_is_told_by_its_place(other: str, code: str) -> None:
    place = Place([upstream("a"), upstream("b")])
    with pytest.raises(InvalidRequest) as refused:
        await place.steps("a/small", ("b/small", other))
    assert (refused.value.param, refused.value.code) == ("models[1]", code)


async def test_instances_of_one_provider_share_a_bare_name() -> None:
    place = Place([upstream("openai", row="openai", weight=2), upstream("openai-eu", row="openai")])
    first = Counter([named((await place.lanes("small"))[0]) for _ in range(9)])
    assert first == {"openai/small": 6, "openai-eu/small": 3}


async def test_a_bare_name_of_several_providers_is_ambiguous() -> None:
    with pytest.raises(InvalidRequest, match="a/small, b/small"):
        await Place([upstream("a", row="one"), upstream("b", row="two")]).steps("small")
    with pytest.raises(InvalidRequest):
        await Place([upstream("a"), upstream("b")]).steps("small")


async def test_keys_go_in_turn() -> None:
    place = Place([upstream("a", keys=3)])
    first = Counter([(await place.lanes("a/small"))[0].credential.label for _ in range(9)])
    assert list(first.values()) == [3, 3, 3]


SHARED = {"shared": Named([Target("a/small"), Target("b/small"), Target("c/small")], ["d/small"])}


OUTPUT: dict[str, Any] = {"type": "function_call_output", "call_id": "call_1", "output": "5"}


def fleet() -> Place:
    return Place([upstream(name, keys=2) for name in "abcd"], SHARED)


async def test_sealed_reasoning_goes_back_to_the_instance_and_key_that_sealed_it() -> None:
    place = fleet()
    for author in await place.lanes("shared"):
        for _ in range(4):
            lanes = await place.lanes("shared", reasoned(place.seal(author), OUTPUT))
            assert (named(lanes[0]), lanes[0].credential.label) == (named(author), author.credential.label)
            assert named(lanes[1]) == named(author)
            assert len(lanes) == 8


async def test_a_new_question_goes_back_to_the_first_choice() -> None:
    place = fleet()
    author = (await place.lanes("d/small"))[0]
    lanes = await place.lanes("shared", reasoned(place.seal(author), user("And now?")))
    assert named(lanes[0]) != "d/small"


async def test_within_one_step_reasoning_stays_with_its_author_from_turn_to_turn() -> None:
    place = fleet()
    author = (await place.lanes("b/small"))[0]
    lanes = [await place.lanes("shared", reasoned(place.seal(author), user("And now?"))) for _ in range(4)]
    assert {named(each[0]) for each in lanes} == {"b/small"}


async def test_another_keys_seal_holds_nothing_together() -> None:
    place = fleet()
    author = (await place.lanes("d/small"))[0]
    lanes = await place.lanes("shared", reasoned(place.seal(author, "key_2"), OUTPUT))
    assert named(lanes[0]) != "d/small"


async def test_reasoning_that_a_chat_client_carries_counts_as_well() -> None:
    place = fleet()
    author = (await place.lanes("d/small"))[0]
    detail = {"type": "reasoning.encrypted", "data": place.seal(author), "format": "waystone-v1", "index": 0}
    answer: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [], "reasoning_details": [detail]}
    messages = [{"role": "user", "content": "Hello."}, answer, {"role": "tool", "tool_call_id": "1", "content": "5"}]
    assert named((await place.lanes("shared", asks("shared", *messages)))[0]) == "d/small"


MARK: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
SYSTEM: dict[str, Any] = {"role": "system", "content": [{"type": "text", "text": "Long.", **MARK}]}
PLAIN: dict[str, Any] = {"role": "user", "content": "Hello."}


@pytest.mark.parametrize(
    "generation",
    [
        asks("shared", PLAIN, prompt_cache_key="talk-7"),
        asks("shared", SYSTEM, PLAIN),
        asks("shared", PLAIN, tools=[{"type": "function", "function": {"name": "look"}, **MARK}]),
        asks_for_response(input="Hello.", prompt_cache_key="talk-7"),
        asks_for_response(input=[{"role": "user", "content": [{"type": "input_text", "text": "Long.", **MARK}]}]),
    ],
)
async def test_a_cached_prompt_always_goes_the_same_way(generation: Generation) -> None:
    place = fleet()
    ways = [[lane.author for lane in await place.lanes("shared", generation)] for _ in range(6)]
    assert ways == [ways[0]] * 6


async def test_cached_prompts_spread_over_the_lanes() -> None:
    place = fleet()
    first: Counter[str] = Counter()
    for number in range(300):
        first[named((await place.lanes("shared", asks("shared", PLAIN, prompt_cache_key=f"talk-{number}")))[0])] += 1
    assert set(first) == {"a/small", "b/small", "c/small"}
    assert min(first.values()) > 60


async def test_a_conversation_keeps_its_way_while_it_grows() -> None:
    place = fleet()
    messages = [SYSTEM, PLAIN]
    ways = []
    for _ in range(6):
        ways.append(named((await place.lanes("shared", asks("shared", *messages)))[0]))
        messages += [{"role": "assistant", "content": "Yes."}, {"role": "user", "content": "Go on."}]
    assert len(set(ways)) == 1


async def test_prompts_without_a_cache_go_in_turn() -> None:
    place = fleet()
    first = Counter([named((await place.lanes("shared", asks("shared", PLAIN)))[0]) for _ in range(6)])
    assert first == {"a/small": 2, "b/small": 2, "c/small": 2}


async def test_steps_are_kept_while_the_lists_of_models_stay_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place([upstream("one")])
    fixed, bare = await place.router.steps("one/small"), await place.router.steps("small")
    assert await place.router.steps("one/small") is fixed
    assert await place.router.steps("small") is bare

    # A list has become another one, or is to be asked for again: a name that begins with a provider's needs none.
    monkeypatch.setattr(Catalogue, "version", 1)
    assert await place.router.steps("one/small") is fixed
    assert await place.router.steps("small") is not bare


async def test_names_that_are_kept_are_bounded() -> None:
    place = Place([replace(upstream("one"), models=None)])
    for number in range(1500):
        await place.router.steps(f"one/{number}")
    assert 0 < len(place.router._fixed) <= 1000
    kept = len(place.router._fixed)
    await place.router.steps("one/" + "x" * 500)
    assert len(place.router._fixed) == kept


async def test_candidates_that_are_kept_are_bounded_in_number_and_in_size() -> None:
    place = Place([replace(upstream("one"), models=None)])
    for number in range(1500):
        await place.lanes(f"one/{number}")
    assert 0 < len(place.planner._kept) <= 1000
    kept = len(place.planner._kept)
    (lane,) = await place.lanes("one/" + "x" * 500)
    assert lane.model == "x" * 500
    assert len(place.planner._kept) == kept


async def test_an_upstream_that_is_derived_has_headers_of_its_own() -> None:
    first = upstream("one")
    first._headers[("a label",)] = FixedHeaders({"authorization": "Bearer first"})
    assert not replace(first, name="two")._headers
