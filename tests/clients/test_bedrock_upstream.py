"""The real gateway in front of a strict Bedrock: signatures, frames, tool loops with reasoning, forms, failures."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.clients.asking import answered, function, items, output, plain, text
from tests.clients.contract import PATHS, check_error, request
from tests.servers.bedrock_upstream import ACCESS_KEY, REGION, SECRET_KEY, THOUGHT, BedrockUpstream
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.thread import serving

V1 = "/v1/responses"
CLAUDE = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = f"arn:aws:bedrock:{REGION}:123456789012:inference-profile/{CLAUDE}"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 1}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
FORM = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA}}


@pytest.fixture(scope="module")
def upstream() -> BedrockUpstream:
    return BedrockUpstream()


@pytest.fixture(scope="module")
def gateway(upstream: BedrockUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with serving(upstream.app) as url:
        place = {"provider": "bedrock", "base_url": url, "region": REGION}
        keys = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
        config = {
            "retries": {"attempts": 1},
            "breaker": {"failures": 10_000},
            "embedded": {"enabled": False},
            "providers": {
                "bedrock": {**place, **keys},
                "keyed": {**place, "api_key": UPSTREAM_KEY},
                "wrong": {**place, **keys, "secret_access_key": "not-the-secret-key"},
                "nobody": {**place, "profile": "nobody-has-it"},
            },
        }
        with running_gateway(tmp_path_factory.mktemp("bedrock"), config) as running:
            yield running


@pytest.fixture
def client(gateway: RunningGateway, upstream: BedrockUpstream) -> Iterator[httpx.Client]:
    upstream.forget()
    with gateway.client() as client:
        yield client


def asked(path: str, model: str, *, is_stream: bool = False) -> dict[str, Any]:
    said = {"input": "Hello."} if path == V1 else request(path, text="Hello.")
    return {**said, "model": model, "stream": is_stream}


@pytest.mark.parametrize("path", [*PATHS, V1])
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("provider", ["bedrock", "keyed"])
def test_every_surface_is_answered(client: httpx.Client, path: str, is_stream: bool, provider: str) -> None:
    reply = client.post(path, json=asked(path, f"{provider}/echo", is_stream=is_stream))
    assert reply.status_code == 200, reply.text
    assert "I was" in reply.text
    assert reply.headers.get("x-waystone-provider") == provider


@pytest.mark.parametrize("is_stream", [False, True])
def test_name_of_a_model_may_be_an_arn(client: httpx.Client, upstream: BedrockUpstream, is_stream: bool) -> None:
    answer = answered(client, is_stream, "Hello.", f"bedrock/{ARN}.echo")
    assert text(answer) == "I was given Hello.."
    path = upstream.requests[-1]["path"]
    assert "%3A123456789012%3Ainference-profile%2Feu.anthropic" in path
    assert path.endswith("/converse-stream" if is_stream else "/converse")


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("model", [f"bedrock/{CLAUDE}.think", "bedrock/us.amazon.nova-2-lite-v1:0.think"])
def test_tool_loop_keeps_its_reasoning(client: httpx.Client, is_stream: bool, model: str) -> None:
    more: dict[str, Any] = {"tools": [function("weather", "city")], "reasoning": {"effort": "low"}}
    first = answered(client, is_stream, "Weather in Paris?", model, **more)
    (reasoning,), (call,) = items(first, "reasoning"), items(first, "function_call")
    assert reasoning["content"][0]["text"] == THOUGHT
    assert json.loads(call["arguments"]) == {"city": "Paris"}
    asked = {"role": "user", "content": "Weather in Paris?"}
    second = answered(client, is_stream, [asked, *first["output"], output(call, "Sunny.")], model, **more)
    assert text(second) == "Sunny."
    chained = answered(client, is_stream, [output(call, "Rain.")], model, previous_response_id=first["id"], **more)
    assert text(chained) == "Rain."


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    "model", [f"{CLAUDE}.echo", "amazon.nova-pro-v1:0.echo", "meta.llama3-3-70b-instruct-v1:0.echo"]
)
def test_answer_has_the_form_that_was_asked_for(client: httpx.Client, is_stream: bool, model: str) -> None:
    answer = answered(client, is_stream, "A place.", f"bedrock/{model}", text=FORM)
    assert json.loads(text(answer)) == {"city": "Paris", "people": 7}
    assert answer["status"] == "completed"
    assert not items(answer, "function_call")


def test_usage_has_openais_meaning(client: httpx.Client) -> None:
    usage = plain(client, "Hello.", "bedrock/echo")["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (11, 7, 18)
    assert usage["input_tokens_details"]["cached_tokens"] == 2


def test_image_by_its_address_is_refused_and_says_what_to_do(client: httpx.Client, upstream: BedrockUpstream) -> None:
    parts = [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]
    body = {"model": "bedrock/echo", "messages": [{"role": "user", "content": parts}]}
    reply = client.post("/v1/chat/completions", json=body)
    assert reply.status_code == 400
    assert "data: URL" in check_error(reply.json())["message"]
    assert not upstream.requests


FAILURES = [
    ("bedrock/throttle", 429, "rate_limit_exceeded"),
    ("bedrock/overloaded", 503, "overloaded"),
    ("bedrock/no-such-model", 404, "model_not_found"),
    ("wrong/echo", 502, "upstream_auth"),
    ("nobody/echo", 502, "upstream_auth"),
]


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(("model", "status", "code"), FAILURES, ids=[row[0] for row in FAILURES])
def test_refusal_keeps_its_meaning(client: httpx.Client, model: str, status: int, code: str, is_stream: bool) -> None:
    reply = client.post(V1, json=asked(V1, model, is_stream=is_stream))
    assert reply.status_code == status, reply.text
    assert check_error(reply.json())["code"] == code
    assert SECRET_KEY not in reply.text


def test_profile_that_does_not_exist_is_named(client: httpx.Client) -> None:
    reply = client.post(V1, json=asked(V1, "nobody/echo"))
    assert "'nobody-has-it'" in reply.json()["error"]["message"]


@pytest.mark.parametrize("model", ["cut", "damaged", "late-error"])
def test_stream_that_breaks_off_ends_as_a_failure(client: httpx.Client, model: str) -> None:
    answer = answered(client, True, "Hello.", f"bedrock/{model}")
    assert answer["status"] == "failed"
    assert answer["error"]["code"]
    assert text(answer).startswith("I was")


def test_client_that_goes_ends_the_upstreams_work(client: httpx.Client, upstream: BedrockUpstream) -> None:
    with client.stream("POST", V1, json=asked(V1, "bedrock/stall", is_stream=True)) as reply:
        next(reply.iter_bytes())
    assert upstream.went.wait(10)


def test_its_models_are_listed(client: httpx.Client) -> None:
    names = {model["id"] for model in client.get("/v1/models").json()["data"]}
    assert {"bedrock/echo", "keyed/think"} <= names
    assert "bedrock/embed" not in names
