"""One conversation is the same conversation at every door of the gateway and behind every provider's wire."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.clients.talks import (
    Answered,
    ChatTalk,
    Parts,
    Picture,
    ResponsesTalk,
    Talk,
    chat_by_http,
    chat_by_sdk,
    of_chat,
    of_response,
    responses_by_http,
    responses_by_sdk,
)
from tests.clients.unheard import SILENT, Unheard
from tests.servers.gateway import KEY, RunningGateway, running_gateway
from tests.servers.gemini_scripts import PIXEL
from tests.servers.mind_upstream import FOLLOWERS, MODELS, OTHERS, MindUpstream, mind_config
from tests.servers.one_mind import Tool
from tests.servers.thread import serving

_Object = dict[str, Any]
PNG = f"data:image/png;base64,{PIXEL}"
GIF = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
_ALL = MODELS | FOLLOWERS
SYSTEM = "Be kind to Grüezi."
_TEXT = {"type": "string"}


def _closed(**properties: Any) -> _Object:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


TOOLS = (
    Tool("look", "Look at a place.", _closed(place=_TEXT, days={"type": "integer"})),
    Tool("weigh", "Weigh a thing.", _closed(thing=_closed(name=_TEXT, words={"type": "array", "items": _TEXT}))),
)
# What the user says, and what the tools give back to the calls that this leads to.
COURSE: list[tuple[Parts, list[Parts]]] = [
    (
        ["Look at this ☃:", Picture(PNG), 'How is "Oslo in spring" and "a mouse"?'],
        [["12 degrees, “mild”", Picture(GIF)], ['{"grams": 30, "alive": true}']],
    ),
    (['And "Bonn"?'], [[Picture(PNG)]]),
    (["Tell me of it."], []),
    (["And at length…"], []),
]


@pytest.fixture(scope="module")
def mind() -> MindUpstream:
    return MindUpstream()


@pytest.fixture(scope="module")
def gateway(mind: MindUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with serving(mind.app) as url, running_gateway(tmp_path_factory.mktemp("mind"), mind_config(url)) as running:
        yield running


@pytest.fixture(scope="module")
def client(gateway: RunningGateway) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client


@pytest.fixture(scope="module")
def sdk(gateway: RunningGateway) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0, timeout=30) as sdk:
        yield sdk


@pytest.fixture(autouse=True)
def fresh(mind: MindUpstream) -> None:
    mind.forget()


def run(talk: Talk | Unheard, course: Sequence[tuple[Parts, list[Parts]]] = COURSE) -> list[Answered]:
    """The whole course, turn by turn."""
    answers = []
    for parts, outputs in course:
        answers.append(talk.ask(parts))
        if outputs:
            answers.append(talk.give(outputs))
    return answers


Begin = Callable[[str, OpenAI, httpx.Client], Talk]


def by_chat(way: str, *, is_stream: bool) -> Begin:
    def begin(author: str, sdk: OpenAI, client: httpx.Client) -> Talk:
        post = chat_by_sdk(sdk, is_stream=is_stream) if way == "sdk" else chat_by_http(client, is_stream=is_stream)
        tools = [{"type": "function", "function": {**vars(tool)}} for tool in TOOLS]
        asked = {"model": _ALL[author], "tools": tools, "reasoning_effort": "low"}
        return ChatTalk(post, asked, [{"role": "system", "content": SYSTEM}])

    return begin


def by_responses(way: str, kept: str, *, is_stream: bool) -> Begin:
    def begin(author: str, sdk: OpenAI, client: httpx.Client) -> Talk:
        by_sdk, by_http = responses_by_sdk(sdk, is_stream=is_stream), responses_by_http(client, is_stream=is_stream)
        tools = [{"type": "function", **vars(tool)} for tool in TOOLS]
        reasoning = {"effort": "low", "summary": "auto"}
        asked: _Object = {"model": _ALL[author], "tools": tools, "reasoning": reasoning}
        if kept == "conversation":
            system: Any = {"type": "message", "role": "system", "content": SYSTEM}
            asked["conversation"] = sdk.conversations.create(items=[system]).id
        else:
            asked["instructions"] = SYSTEM
        return ResponsesTalk(by_sdk if way == "sdk" else by_http, asked, kept)

    return begin


DOORS: dict[str, Begin] = {
    "chat-sdk-plain": by_chat("sdk", is_stream=False),
    "chat-sdk-streamed": by_chat("sdk", is_stream=True),
    "chat-http-plain": by_chat("http", is_stream=False),
    "chat-http-streamed": by_chat("http", is_stream=True),
    "input-sdk-plain": by_responses("sdk", "input", is_stream=False),
    "input-http-streamed": by_responses("http", "input", is_stream=True),
    "previous-sdk-streamed": by_responses("sdk", "previous", is_stream=True),
    "previous-http-plain": by_responses("http", "previous", is_stream=False),
    "conversation-sdk-plain": by_responses("sdk", "conversation", is_stream=False),
    "conversation-http-streamed": by_responses("http", "conversation", is_stream=True),
}


@pytest.mark.parametrize("author", MODELS)
@pytest.mark.parametrize("door", DOORS)
def test_conversation_is_the_same_at_every_door(
    door: str, author: str, sdk: OpenAI, client: httpx.Client, mind: MindUpstream
) -> None:
    answers, wanted = run(DOORS[door](author, sdk, client)), run(Unheard(author, SYSTEM, TOOLS))
    for number, (got, said) in enumerate(zip(answers, wanted, strict=True)):
        assert got == said, f"answer {number}"
    assert {heard.author for heard in mind.heard} == {author}
    # Two loops were gone through, and the reasoning of both came back in the last request.
    assert len(mind.heard[-1].proofs) >= (0 if author == SILENT else 2)


@pytest.mark.parametrize(("author", "model"), [(author, model) for author in OTHERS for model in OTHERS[author]])
@pytest.mark.parametrize("door", ["chat-http-streamed", "previous-http-plain"])
def test_conversation_is_the_same_with_other_models(
    door: str, author: str, model: str, sdk: OpenAI, client: httpx.Client, mind: MindUpstream
) -> None:
    talk = DOORS[door](author, sdk, client)
    talk.asked["model"] = f"{author}/{model}"
    answers, wanted = run(talk), run(Unheard(author, SYSTEM, TOOLS))
    for number, (got, said) in enumerate(zip(answers, wanted, strict=True)):
        # Not all of them think.
        assert (got.text, got.calls, got.finish) == (said.text, said.calls, said.finish), f"answer {number}"
        assert got.tokens[:2] == said.tokens[:2]
    thoughtful = [heard for heard in mind.heard if heard.said.thought]
    assert not thoughtful or len(mind.heard[-1].proofs) >= 2


@pytest.mark.parametrize("author", FOLLOWERS)
@pytest.mark.parametrize("door", ["chat-http-plain", "previous-sdk-streamed"])
def test_conversation_is_the_same_with_everybody_who_follows_openai(
    door: str, author: str, sdk: OpenAI, client: httpx.Client, mind: MindUpstream
) -> None:
    """In words alone: some of them see no images."""
    course: list[tuple[Parts, list[Parts]]] = [
        ([_words(parts)], [[_words(output) or "Nothing."] for output in outputs]) for parts, outputs in COURSE
    ]
    wanted = run(Unheard(author, SYSTEM, TOOLS), course)
    for number, (got, said) in enumerate(zip(run(DOORS[door](author, sdk, client), course), wanted, strict=True)):
        assert got == said, f"answer {number}"
    assert {heard.author for heard in mind.heard} == {author}


def _words(parts: Parts) -> str:
    return " ".join(part for part in parts if isinstance(part, str))


@pytest.mark.parametrize("author", MODELS)
@pytest.mark.parametrize("is_stream", [False, True])
def test_text_is_the_same_through_waystones_own_operations(
    author: str, is_stream: bool, client: httpx.Client, mind: MindUpstream
) -> None:
    said = "Whatever “you” like, Grüezi ☃."
    wanted = Unheard(author, SYSTEM).ask([said])
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": said}]
    asked: _Object = {"model": MODELS[author]}
    for path in ("/v1/chat/completions", "/api/gateway/v1/chat/completions"):
        post = chat_by_http(client, is_stream=is_stream, path=path)
        assert of_chat(post({**asked, "messages": messages, "reasoning_effort": "low"})) == wanted, path
    thinking = {"reasoning": {"effort": "low", "summary": "auto"}}
    for path in ("/v1/responses", "/api/gateway/v1/responses"):
        post = responses_by_http(client, is_stream=is_stream, path=path)
        assert of_response(post({**asked, "input": said, "instructions": SYSTEM, **thinking})) == wanted, path
    assert len({str(heard.transcript) for heard in mind.heard}) == 1
