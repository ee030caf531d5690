"""One conversation is the same conversation at every door of the gateway and behind every provider's wire."""

from collections.abc import Callable, Iterator
from dataclasses import replace
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
    responses_by_http,
    responses_by_sdk,
)
from tests.servers.gateway import KEY, RunningGateway, running_gateway
from tests.servers.mind_upstream import MODELS, MindUpstream, mind_config
from tests.servers.one_mind import Call, Scribe, Tool, Transcript, answer, image_at, thought_at
from tests.servers.thread import serving

_Object = dict[str, Any]
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
GIF = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
SYSTEM = "Be kind to Grüezi."
# OpenAI does not tell by chat what its models think.
_SILENT = "openai"
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


def run(talk: Talk) -> list[Answered]:
    """The whole course, turn by turn."""
    answers = []
    for parts, outputs in COURSE:
        answers.append(talk.ask(parts))
        if outputs:
            answers.append(talk.give(outputs))
    return answers


class Unheard:
    """The same conversation with the mind itself, and nothing in between."""

    def __init__(self, author: str) -> None:
        self._author = author
        self._scribe = Scribe()
        self._scribe.say("system", [SYSTEM])
        self._calls: tuple[Call, ...] = ()

    def ask(self, parts: Parts, **more: Any) -> Answered:
        self._scribe.say("user", _told(parts))
        return self._answer()

    def give(self, outputs: list[Parts], **more: Any) -> Answered:
        for call, output in zip(self._calls, outputs, strict=True):
            self._scribe.output(call.id, _told(output))
        return self._answer()

    def _answer(self) -> Answered:
        said = answer(Transcript(self._scribe.turns, TOOLS, may_think=self._author != _SILENT), self._author)
        tokens = (said.prompt, said.cached, said.completion, said.prompt + said.completion)
        self._calls = said.calls
        self._scribe.answered([said.text], said.calls, None)
        calls = tuple((call.name, call.given) for call in said.calls)
        return Answered(said.text, calls, said.finish, tokens, said.reasoning, said.thought)


def _told(parts: Parts) -> list[str]:
    return [part if isinstance(part, str) else image_at(part.url) for part in parts]


def expected(author: str) -> list[Answered]:
    """What the mind says on this wire. Bedrock does not tell how many of the tokens were reasoning."""
    answers = run(Unheard(author))
    return [replace(one, reasoning_tokens=0) for one in answers] if author == "bedrock" else answers


Begin = Callable[[str, OpenAI, httpx.Client], Talk]


def by_chat(way: str, *, is_stream: bool) -> Begin:
    def begin(author: str, sdk: OpenAI, client: httpx.Client) -> Talk:
        post = chat_by_sdk(sdk, is_stream=is_stream) if way == "sdk" else chat_by_http(client, is_stream=is_stream)
        tools = [{"type": "function", "function": {**vars(tool)}} for tool in TOOLS]
        asked = {"model": MODELS[author], "tools": tools, "reasoning_effort": "low"}
        return ChatTalk(post, asked, [{"role": "system", "content": SYSTEM}])

    return begin


def by_responses(way: str, kept: str, *, is_stream: bool) -> Begin:
    def begin(author: str, sdk: OpenAI, client: httpx.Client) -> Talk:
        post = (responses_by_sdk if way == "sdk" else _by_http)(sdk if way == "sdk" else client, is_stream=is_stream)
        tools = [{"type": "function", **vars(tool)} for tool in TOOLS]
        reasoning = {"effort": "low", "summary": "auto"}
        asked: _Object = {"model": MODELS[author], "tools": tools, "reasoning": reasoning}
        if kept == "conversation":
            system: Any = {"type": "message", "role": "system", "content": SYSTEM}
            asked["conversation"] = sdk.conversations.create(items=[system]).id
        else:
            asked["instructions"] = SYSTEM
        return ResponsesTalk(post, asked, kept)

    return begin


_by_http: Any = responses_by_http
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
    answers = run(DOORS[door](author, sdk, client))
    for number, (got, wanted) in enumerate(zip(answers, expected(author), strict=True)):
        assert got == wanted, f"answer {number}"
    assert {heard.author for heard in mind.heard} == {author}
    # Two loops were gone through, and the reasoning of both came back in the last request.
    assert len(mind.heard[-1].proofs) >= (0 if author == _SILENT else 2)
