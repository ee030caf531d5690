"""Models of OpenAI's that take some requests, or all, over the Responses API only: chat clients need not know."""

from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import KEY, RunningGateway, running_gateway
from tests.servers.responses_upstream import ResponsesUpstream

CHAT = "/v1/chat/completions"
TOOL: Any = {
    "type": "function",
    "function": {"name": "f0", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
Apis = tuple[ResponsesUpstream, ChatUpstream]
ASKED: Any = [{"role": "user", "content": "How is it in Paris?"}]


_MODELS = ("gpt-4.1", "gpt-5-pro", "gpt-5.4", "gpt-5.5", "gpt-5.6", "gpt-6", "gpt-6.2-mini", "gpt-6-pro")
_LATER = ("gpt-5.4-thinking", "GPT-5.4", "gpt-5.6-sol-mini", "gpt-6-0613", "ft:gpt-6:acme", "gpt-5-search-api")


@pytest.fixture(scope="module")
def gateway(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway whose OpenAI is the scripted upstream, in both of its dialects; so is `chat`, in one only."""
    names = {**dict.fromkeys((*_MODELS, *_LATER), "tools"), "gpt-5.6-sol": "reasoning"}
    openai = {"api_key": UPSTREAM_KEY, "base_url": f"{upstream_url}/both", "deployments": names}
    providers = {"openai": openai, "chat": {**openai, "provider": "openai", "dialect": "openai-chat"}}
    config = {"providers": providers, "embedded": {"enabled": False}, "retries": {"attempts": 1}}
    with running_gateway(tmp_path_factory.mktemp("detours"), config) as running:
        yield running


@pytest.fixture
def apis(native: ResponsesUpstream, upstream: ChatUpstream) -> Apis:
    """The upstream's two APIs; their memory is empty."""
    native.forget()
    upstream.forget()
    return native, upstream


@pytest.mark.parametrize(
    ("model", "more", "is_detour"),
    [
        ("openai/gpt-4.1", {"tools": [TOOL]}, False),
        ("openai/gpt-5.4", {"tools": [TOOL]}, False),
        ("openai/gpt-5.4", {"reasoning_effort": "low"}, False),
        ("openai/gpt-5.4", {"tools": [TOOL], "reasoning_effort": "low"}, True),
        ("openai/gpt-5.6", {"tools": [TOOL]}, True),
        ("openai/gpt-5.6", {"tools": [TOOL], "reasoning_effort": "none"}, False),
        ("openai/gpt-5.6", {"tools": []}, False),
        ("openai/gpt-5.5", {"tools": [TOOL]}, False),
        ("openai/gpt-5.5", {"tools": [TOOL], "reasoning_effort": "low"}, True),
        ("openai/gpt-5.5", {"tools": [TOOL], "reasoning_effort": "none"}, False),
        ("openai/gpt-5.6", {"functions": [TOOL["function"]]}, True),
        ("openai/gpt-6", {}, False),
        ("openai/gpt-6", {"tools": [TOOL]}, True),
        ("openai/gpt-6", {"tools": [TOOL], "reasoning_effort": "none"}, True),
        ("openai/gpt-6.2-mini", {"tools": [TOOL]}, True),
        ("openai/gpt-6-pro", {}, True),
        ("openai/gpt-5-pro", {}, True),
        # Names with more behind the generation than was ever listed.
        ("openai/gpt-5.4-thinking", {"tools": [TOOL], "reasoning_effort": "low"}, True),
        ("openai/GPT-5.4", {"tools": [TOOL], "reasoning_effort": "low"}, True),
        ("openai/gpt-5.6-sol-mini", {"tools": [TOOL]}, True),
        ("openai/gpt-6-0613", {"tools": [TOOL]}, True),
        ("openai/ft:gpt-6:acme", {"tools": [TOOL]}, True),
        ("openai/gpt-5-search-api", {"tools": [TOOL], "reasoning_effort": "low"}, False),
        # Where the provider speaks chat alone, there is no other way.
        ("chat/gpt-5.6", {"tools": [TOOL]}, False),
        ("chat/gpt-5-pro", {}, False),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
def test_a_request_goes_by_the_api_that_its_model_takes_it_in(
    gateway: RunningGateway, apis: Apis, model: str, more: dict[str, Any], is_detour: bool, is_stream: bool
) -> None:
    with gateway.client() as client:
        reply = client.post(CHAT, json={"model": model, "messages": ASKED, "stream": is_stream, **more})
    assert reply.status_code == 200
    responses, chat = apis
    assert (len(responses.received), len(chat.received)) == ((1, 0) if is_detour else (0, 1))


def test_a_stock_client_goes_through_a_whole_loop_of_tools(gateway: RunningGateway, native: ResponsesUpstream) -> None:
    with OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0) as client:
        first = client.chat.completions.create(model="openai/gpt-5.6", messages=ASKED, tools=[TOOL])
        calls = first.choices[0].message.tool_calls or []
        output = {"role": "tool", "tool_call_id": calls[0].id, "content": "Sunny."}
        messages: Any = [*ASKED, first.choices[0].message, output]
        last = client.chat.completions.create(model="openai/gpt-5.6", messages=messages, tools=[TOOL])
    assert first.choices[0].finish_reason == "tool_calls"
    assert last.choices[0].message.content
    sent = native.last
    assert [item.get("type", "message") for item in sent["input"]] == [
        "message",
        "function_call",
        "function_call_output",
    ]
    assert sent["store"] is False


def test_reasoning_comes_back_by_the_same_way_and_by_no_other(gateway: RunningGateway, apis: Apis) -> None:
    native, upstream = apis
    body = {"model": "openai/gpt-5.6-sol", "tools": [TOOL]}
    with gateway.client() as client:
        told = client.post(CHAT, json={**body, "messages": ASKED}).json()["choices"][0]["message"]
        output = {"role": "tool", "tool_call_id": told["tool_calls"][0]["id"], "content": "Sunny."}
        again = {**body, "messages": [*ASKED, told, output]}
        assert client.post(CHAT, json=again).status_code == 200
        reasoning = [item for item in native.last["input"] if item["type"] == "reasoning"]
        assert [item["encrypted_content"] for item in reasoning] == [*native.issued.values()][:1]
        client.post(CHAT, json={**again, "reasoning_effort": "none"})
    # In chat the model has no field for what it was told in the other API, and the gateway's seals are nobody's.
    assert upstream.last["messages"][1].keys() == told.keys() - {"reasoning_details", "reasoning_content"}


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"model": "openai/gpt-5-pro", "n": 2}, "n", "openai (openai-responses) has no n,"),
        (
            {"model": "openai/gpt-5.6", "tools": [TOOL], "logit_bias": {"5": 1}},
            "logit_bias",
            "openai (openai-responses) has no logit_bias,",
        ),
        # What cannot be read as a conversation goes the same way, and is refused there by its place.
        ({"model": "openai/gpt-5-pro", "messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "role"),
        ({"model": "openai/gpt-5.6", "tools": [TOOL], "messages": [*ASKED, 5]}, "messages[1]", "messages[1]"),
    ],
)
@pytest.mark.parametrize("path", [CHAT, "/api/gateway/v1/chat/completions"], ids=["v1", "waystone"])
def test_a_refusal_by_that_way_names_the_api_and_nothing_is_called(
    gateway: RunningGateway, apis: Apis, path: str, fields: dict[str, Any], param: str, words: str
) -> None:
    with gateway.client() as client:
        reply = client.post(path, json={"messages": ASKED, **fields})
    error = reply.json()["error"]
    assert (reply.status_code, error["param"]) == (400, param)
    assert words in error["message"]
    assert not any(api.received for api in apis)
