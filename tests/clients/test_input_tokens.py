"""`/v1/responses/input_tokens`: whose count it is on each kind of upstream, and what becomes of it where that fails."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import BadRequestError, OpenAI

from tests.servers.bedrock_upstream import ACCESS_KEY, REGION, SECRET_KEY
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.counting_upstream import CountingUpstream, length
from tests.servers.gateway import KEY, RunningGateway, running_gateway
from tests.servers.gemini_upstream import KEY as GEMINI_KEY
from tests.servers.gemini_upstream import TOKEN
from tests.servers.thread import serving

_Object = dict[str, Any]
PATH = "/v1/responses/input_tokens"
HEADER = "x-waystone-token-count"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TOOL = {
    "type": "function",
    "name": "weather",
    "description": "Tells it.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAA+gAAAPoCAIAAADCwUOz"
"""The first bytes of one of 1000 by 1000 pixels."""
RICH: _Object = {
    "instructions": "Be kind.",
    "tools": [TOOL],
    "tool_choice": "auto",
    "reasoning": {"effort": "low"},
    "input": [
        {"role": "user", "content": "How is it in Oslo?"},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city": "Oslo"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "12 degrees"},
        {"role": "user", "content": [{"type": "input_text", "text": "And in Bonn?"}]},
    ],
}
COUNTED = {
    "openai": "openai/gpt-4o",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "gemini": "gemini/gemini-3-flash",
    "vertex": "vertex/gemini-3-flash",
    "bedrock": f"bedrock/{CLAUDE}",
}
"""A model of each provider that counts a whole request."""


@pytest.fixture(scope="module")
def counting() -> CountingUpstream:
    return CountingUpstream()


@pytest.fixture(scope="module")
def gateway(counting: CountingUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    chat = ChatUpstream()
    with serving(counting.app) as url, serving(chat.app) as chat_url:
        project = f"{url}/vertex/projects/p-1/locations/global/publishers/google"
        providers = {
            "openai": {"base_url": f"{url}/openai", "api_key": UPSTREAM_KEY},
            "anthropic": {"base_url": f"{url}/anthropic", "api_key": UPSTREAM_KEY},
            "gemini": {"base_url": f"{url}/gemini", "api_key": GEMINI_KEY},
            "vertex": {"base_url": project, "api_key": "unused", "headers": {"authorization": f"Bearer {TOKEN}"}},
            "bedrock": {
                "base_url": f"{url}/bedrock",
                "region": REGION,
                "access_key_id": ACCESS_KEY,
                "secret_access_key": SECRET_KEY,
            },
            "cohere": {"base_url": f"{url}/cohere", "api_key": UPSTREAM_KEY},
            "chat": {"dialect": "openai-chat", "base_url": f"{chat_url}/v1", "api_key": UPSTREAM_KEY},
            # OpenAI's models, counted here: nobody answers there.
            "local": {"provider": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key": "any"},
        }
        config = {"providers": providers, "breaker": {"failures": 10_000}}
        with running_gateway(tmp_path_factory.mktemp("counting"), config) as running:
            yield running


@pytest.fixture
def client(gateway: RunningGateway, counting: CountingUpstream) -> Iterator[httpx.Client]:
    counting.forget()
    with gateway.client() as client:
        yield client


def count(client: httpx.Client, model: str, **body: Any) -> tuple[int, str]:
    """The tokens, and whose count they are."""
    answer = client.post(PATH, json={"model": model, **body})
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document == {"object": "response.input_tokens", "input_tokens": document["input_tokens"]}
    return document["input_tokens"], answer.headers[HEADER]


@pytest.mark.parametrize("model", COUNTED.values(), ids=COUNTED)
@pytest.mark.parametrize("body", [{"input": "Hello."}, RICH], ids=["text", "rich"])
def test_provider_counts_what_it_would_be_sent(
    client: httpx.Client, counting: CountingUpstream, model: str, body: _Object
) -> None:
    tokens, source = count(client, model, **body)
    assert source == "provider"
    assert tokens == length(counting.requests[-1]["raw"])
    assert (b"12 degrees" if body is RICH else b"Hello.") in counting.requests[-1]["raw"]


def test_bedrock_counts_for_the_model_behind_a_geography(client: httpx.Client, counting: CountingUpstream) -> None:
    count(client, f"bedrock/{CLAUDE}", input="Hello.")
    assert counting.requests[-1]["path"] == f"/bedrock/model/{CLAUDE.removeprefix('us.')}/count-tokens"


def test_cohere_counts_texts_in_parts_and_a_few_tokens_are_added(
    client: httpx.Client, counting: CountingUpstream
) -> None:
    text = "word " * 20_000
    tokens, source = count(client, "cohere/command-a-plus", input=text)
    parts = [request["body"]["text"] for request in counting.requests]
    assert "".join(parts) == text
    assert (tokens, source) == (sum(map(length, parts)) + 4, "tokenizer")


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ("cohere/command-a-plus", RICH),
        ("cohere/command-a-plus", {"input": "word " * 200_000}),
        ("anthropic/claude-sonnet-4-5", {"input": "Hello.", "tools": [{"type": "web_search"}]}),
        ("bedrock/arn:aws:bedrock:eu-central-1:1:inference-profile/us.anthropic.claude-sonnet-4-5", {"input": "Hi"}),
        ("bedrock/amazon.nova-lite-v1:0", {"input": "Hello."}),
        ("anthropic/claude-sonnet-4-5", {"instructions": "Be kind."}),
        ("chat/echo", RICH),
    ],
)
def test_what_a_provider_does_not_count_is_estimated_and_it_is_not_called(
    client: httpx.Client, counting: CountingUpstream, model: str, body: _Object
) -> None:
    tokens, source = count(client, model, **body)
    assert source == "estimate"
    assert tokens > 0
    assert counting.requests == []


@pytest.mark.parametrize("script", ["throttle", "broken", "absent", "page"])
def test_count_is_made_here_where_the_provider_has_none(
    client: httpx.Client, counting: CountingUpstream, script: str
) -> None:
    assert count(client, f"anthropic/{script}", input="Hello there, all of you.") == (16, "estimate")
    assert len(counting.requests) == 1


def test_model_that_bedrock_does_not_count_is_counted_here(client: httpx.Client, counting: CountingUpstream) -> None:
    # Its 400 is about the model, and not about the request.
    assert count(client, "bedrock/anthropic.claude-opus-4-refuse", input="Hello.")[1] == "estimate"
    assert len(counting.requests) == 1


def test_providers_complaint_is_the_clients_error(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"model": "anthropic/refuse", "input": "Hello."})
    assert answer.status_code == 400
    assert "So the script has it" in answer.json()["error"]["message"]


# Counted with tiktoken by OpenAI's own recipe: 3 and a role for each message, 3 for the beginning of the answer.
EXACT: list[tuple[str, _Object, int]] = [
    ("local/gpt-4o", {"input": "hello world"}, 4 + 2 + 3),
    ("local/gpt-4", {"input": "hello world"}, 4 + 2 + 3),
    ("local/gpt-4o", {"instructions": "hello world"}, 4 + 2 + 3),
    ("local/gpt-4o", {"input": ""}, 4 + 3),
    ("local/gpt-4o", {"input": "<|endoftext|>"}, 4 + 7 + 3),
    ("local/gpt-4o", {"input": [{"role": "user", "content": "hello world"}] * 3}, 3 * 6 + 3),
]


@pytest.mark.parametrize(("model", "body", "tokens"), EXACT)
def test_openais_models_are_counted_with_their_own_tokenizer(
    client: httpx.Client, model: str, body: _Object, tokens: int
) -> None:
    assert count(client, model, **body) == (tokens, "tokenizer")


def test_image_takes_what_openai_has_published(client: httpx.Client) -> None:
    content = [{"type": "input_text", "text": "hello world"}, {"type": "input_image", "image_url": PNG}]
    tokens, source = count(client, "local/gpt-4o", input=[{"role": "user", "content": content}])
    # 1000 by 1000 pixels become 768 by 768: 4 tiles.
    assert (tokens, source) == (4 + 2 + 3 + 85 + 4 * 170, "estimate")


def test_tools_alone_are_counted(client: httpx.Client) -> None:
    tokens, source = count(client, "chat/echo", tools=[TOOL])
    assert 20 < tokens < 60
    assert source == "estimate"


def test_earlier_turns_are_counted_and_nothing_is_kept(client: httpx.Client) -> None:
    first = client.post("/v1/responses", json={"model": "chat/echo", "input": "hello " * 100}).json()
    alone, _ = count(client, "local/gpt-4o", input="And?")
    both, _ = count(client, "local/gpt-4o", input="And?", previous_response_id=first["id"])
    assert both > alone + 100
    made = client.post("/v1/conversations", json={"items": [{"role": "user", "content": "hello " * 100}]}).json()
    joined, _ = count(client, "local/gpt-4o", input="And?", conversation=made["id"])
    assert joined > alone + 100
    items = client.get(f"/v1/conversations/{made['id']}/items").json()["data"]
    assert len(items) == 1
    referenced, _ = count(client, "local/gpt-4o", input=[{"type": "item_reference", "id": items[0]["id"]}])
    assert referenced == joined - alone + 3
    assert [response["id"] for response in client.get("/v1/responses").json()["data"]] == [first["id"]]


def test_another_keys_response_is_not_found(gateway: RunningGateway, client: httpx.Client) -> None:
    first = client.post("/v1/responses", json={"model": "chat/echo", "input": "Mine."}).json()
    with gateway.client(gateway.command("keys", "create", "--name", "other").strip()) as other:
        body = {"model": "local/gpt-4o", "input": "And?", "previous_response_id": first["id"]}
        assert other.post(PATH, json=body).json()["error"]["code"] == "previous_response_not_found"
        assert count(other, "local/gpt-4o", input="hello world") == (9, "tokenizer")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": "x"},
        {"model": "nobody/has-it", "input": "x"},
        {"model": "local/gpt-4o", "input": "x", "tools": 5},
        {"model": "local/gpt-4o", "input": "x", "previous_response_id": "resp_none"},
        {"model": "local/gpt-4o", "input": "x", "conversation": "conv_none"},
        {"model": "local/gpt-4o", "previous_response_id": "a", "conversation": "b"},
        {"model": "anthropic/m", "input": [{"type": "item_reference", "id": "msg_none"}]},
        {"model": "local/gpt-4o", "input": "x", "models": [""]},
    ],
)
def test_what_cannot_be_counted_is_refused_as_on_create(client: httpx.Client, body: _Object) -> None:
    counted, created = client.post(PATH, json=body), client.post("/v1/responses", json=body)
    assert counted.status_code in (400, 404)
    assert (counted.status_code, counted.json()) == (created.status_code, created.json())


def test_fields_of_create_that_are_no_part_of_the_input_change_nothing(client: httpx.Client) -> None:
    more = {"store": True, "background": True, "stream": True, "metadata": 5, "max_output_tokens": "x", "extra": [1]}
    assert count(client, "local/gpt-4o", input="hello world", **more) == (9, "tokenizer")


def test_counting_leaves_no_usage(gateway: RunningGateway, client: httpx.Client) -> None:
    count(client, "openai/counted-only", input="Hello.")
    assert "counted-only" not in gateway.command("usage", "--by", "model")


def test_tokenizer_that_is_killed_is_started_again(gateway: RunningGateway, client: httpx.Client) -> None:
    count(client, "local/gpt-4o", input="hello world")
    os.kill(_tokenizer_of(gateway), signal.SIGKILL)
    # Whether its end is seen before the next request, is left to chance; an answer there is.
    assert count(client, "local/gpt-4o", input="hello world")[0] > 0
    assert count(client, "local/gpt-4o", input="hello world") == (9, "tokenizer")


def test_twenty_megabytes_of_one_letter_are_extrapolated(client: httpx.Client) -> None:
    tokens, source = count(client, "local/gpt-4o", input="a" * 20_000_000)
    assert (tokens, source) == (2_500_007, "estimate")


def test_with_the_official_sdk(gateway: RunningGateway) -> None:
    with OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0, timeout=30) as sdk:
        counted = sdk.responses.input_tokens.count(model="local/gpt-4o", input="hello world")
        assert (counted.object, counted.input_tokens) == ("response.input_tokens", 9)
        raw = sdk.responses.input_tokens.with_raw_response.count(model="local/gpt-4o", input="hello world")
        assert raw.headers[HEADER] == "tokenizer"
        with pytest.raises(BadRequestError):
            sdk.responses.input_tokens.count(input="hello world")


def _tokenizer_of(gateway: RunningGateway) -> int:
    """The id of the process that counts for a gateway: a child of it."""
    pid = gateway.process.pid
    children = [int(word) for word in _read(f"/proc/{pid}/task/{pid}/children").split()]
    return next(child for child in children if "tokens/process.py" in _read(f"/proc/{child}/cmdline"))


def _read(path: str) -> str:
    with open(path) as file:  # noqa: PTH123
        return file.read()
