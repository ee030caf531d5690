"""One conversation is carried through Anthropic, Gemini and a chat-only upstream in turn, and nothing of it is lost."""

import re
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import httpx
import pytest

from tests.clients.show_conversation import LOOK, STEPS, SYSTEM, carry, chat_talk, responses_talk, strangers
from tests.clients.talks import Answered, Talk
from tests.clients.unheard import Unheard
from tests.servers.gateway import running_gateway
from tests.servers.mind_upstream import MODELS, MindUpstream, mind_config
from tests.servers.thread import serving

Begin = Callable[..., Talk]
DOORS: dict[str, Begin] = {"chat messages": chat_talk, "previous_response_id": responses_talk}


@pytest.fixture(scope="module")
def mind() -> MindUpstream:
    return MindUpstream()


@pytest.fixture(scope="module")
def client(mind: MindUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        serving(mind.app) as url,
        running_gateway(tmp_path_factory.mktemp("carried"), mind_config(url)) as gateway,
        gateway.client() as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def fresh(mind: MindUpstream) -> None:
    mind.forget()


def expected() -> list[Answered]:
    """What the mind says, step by step, without anything in between."""
    talk = Unheard("", SYSTEM, [LOOK])
    answers = []
    for author, act, parts in STEPS:
        talk.author = author
        answers.append(talk.ask(parts) if act == "ask" else talk.give([parts]))
    return answers


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("is_stream", [False, True])
def test_nothing_is_lost_on_the_way_through_three_providers(
    door: str, is_stream: bool, client: httpx.Client, mind: MindUpstream
) -> None:
    steps = list(carry(DOORS[door](client, is_stream=is_stream), mind))
    assert [step.answered for step in steps] == expected()
    assert [step.heard.author for step in steps] == [author for author, _, _ in STEPS]


@pytest.mark.parametrize("door", DOORS)
def test_reasoning_goes_back_to_its_author_only(door: str, client: httpx.Client, mind: MindUpstream) -> None:
    steps = list(carry(DOORS[door](client, is_stream=False), mind))
    for number, step in enumerate(steps):
        assert strangers(step, steps[:number]) == []
        own = [before for before in steps[:number] if before.author == step.author]
        # The upstream itself looks whether each is unharmed and at its place.
        assert len(step.heard.proofs) == len(own)


def test_reasoning_of_others_is_said_to_be_left_out(client: httpx.Client, mind: MindUpstream) -> None:
    talk = responses_talk(client, is_stream=False)
    told: list[Any] = []
    for _ in carry(talk, mind):
        told.append([one["reason"] for one in talk.last.get("input_transformations") or ()])
    assert told[:2] == [[], []]
    assert told[2] == ["model_mismatch"] * 2


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("first", "second"), [*permutations(MODELS, 2)])
def test_loop_that_one_begins_another_ends(
    first: str, second: str, door: str, client: httpx.Client, mind: MindUpstream
) -> None:
    talk, wanted = DOORS[door](client, is_stream=False), Unheard(first, SYSTEM, [LOOK])
    for question in ('How is "Oslo"?', 'And "Bonn" and "Bern"?'):
        outputs = [f"{place} is fine." for place in re.findall(r'"(.*?)"', question)]
        got = [talk.ask([question], model=MODELS[first]), talk.give([[one] for one in outputs], model=MODELS[second])]
        said = [wanted.ask([question]), wanted.give([[one] for one in outputs])]
        # Who ends a loop that somebody else began may not be able to think about it.
        assert [_spoken(answered) for answered in got] == [_spoken(answered) for answered in said]
    assert [heard.author for heard in mind.heard] == [first, second] * 2


def _spoken(answered: Answered) -> tuple[Any, ...]:
    return answered.text, answered.calls, answered.finish, answered.tokens[:2]
