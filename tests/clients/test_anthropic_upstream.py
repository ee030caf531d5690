"""Clients of both surfaces, answered by an upstream that speaks Anthropic's Messages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.anthropic_upstream import CITED, THOUGHT, AnthropicUpstream
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.thread import serving

_Object = dict[str, Any]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "name": "weather", "parameters": PARAMETERS}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}


@pytest.fixture(scope="module")
def upstream() -> AnthropicUpstream:
    return AnthropicUpstream()


@pytest.fixture(autouse=True)
def fresh(upstream: AnthropicUpstream) -> None:
    upstream.forget()


@pytest.fixture(scope="module")
def gateway(upstream: AnthropicUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder: Path = tmp_path_factory.mktemp("anthropic")
    with (
        serving(upstream.app) as url,
        running_gateway(folder, {}, {"ANTHROPIC_API_KEY": UPSTREAM_KEY, "ANTHROPIC_BASE_URL": url}) as running,
    ):
        yield running


def ask(gateway: RunningGateway, path: str, **body: Any) -> _Object:
    """The plain answer."""
    with gateway.client() as client:
        reply = client.post(path, json={**body, "model": f"anthropic/{body['model']}"})
    assert reply.status_code == 200, reply.text
    document: _Object = reply.json()
    return document


def stream(gateway: RunningGateway, path: str, **body: Any) -> list[_Object]:
    """The events of the streamed answer."""
    asked = {**body, "model": f"anthropic/{body['model']}", "stream": True}
    with gateway.client() as client, client.stream("POST", path, json=asked) as reply:
        assert reply.status_code == 200, reply.read()
        lines = [line.removeprefix("data: ") for line in reply.iter_lines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def output_text(response: _Object) -> str:
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part.get("text", "") for part in parts)


def test_key_and_base_url_of_the_environment_are_all_it_takes(
    gateway: RunningGateway, upstream: AnthropicUpstream
) -> None:
    answer = ask(gateway, "/v1/chat/completions", model="echo", messages=[{"role": "user", "content": "Grüße"}])
    assert answer["choices"][0]["message"]["content"] == "I was given Grüße."
    assert answer["usage"]["prompt_tokens"] == 11
    assert upstream.requests[-1]["headers"]["anthropic-version"] == "2023-06-01"


def test_models_are_those_of_the_upstreams_list(gateway: RunningGateway) -> None:
    with gateway.client() as client:
        listed = [entry["id"] for entry in client.get("/v1/models").json()["data"]]
    assert "anthropic/echo" in listed


@pytest.mark.parametrize("model", ["echo", "claude-opus-4-8:echo"])
def test_stream_says_what_the_plain_answer_says(gateway: RunningGateway, model: str) -> None:
    plain = ask(gateway, "/v1/responses", model=model, input="Grüße ✓")
    events = stream(gateway, "/v1/responses", model=model, input="Grüße ✓")
    assert output_text(events[-1]["response"]) == output_text(plain) == "I was given Grüße ✓."
    chunks = stream(gateway, "/v1/chat/completions", model=model, messages=[{"role": "user", "content": "Grüße ✓"}])
    said = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    assert said == "I was given Grüße ✓."


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", ["think", "claude-opus-4-8:think"])
def test_thinking_is_kept_in_a_loop_of_tools(gateway: RunningGateway, model: str, streamed: bool) -> None:
    """The client sends back what it got; the upstream refuses thinking that came to harm on the way."""
    asked: _Object = {"model": model, "tools": [TOOL], "store": False, "reasoning": {"effort": "high"}}
    items: list[_Object] = [{"role": "user", "content": "What is the weather?"}]

    def answered() -> _Object:
        if streamed:
            response: _Object = stream(gateway, "/v1/responses", input=items, **asked)[-1]["response"]
            return response
        return ask(gateway, "/v1/responses", input=items, **asked)

    first = answered()
    assert [item["type"] for item in first["output"]] == ["reasoning", "function_call"]
    assert first["output"][0]["content"][0]["text"] == THOUGHT
    assert "signature" not in json.dumps(first)
    result = {"type": "function_call_output", "call_id": first["output"][1]["call_id"], "output": "Sunny."}
    items += [*first["output"], result]
    assert output_text(answered()) == "Sunny."


def test_thinking_is_kept_by_the_gateways_own_memory(gateway: RunningGateway) -> None:
    first = ask(gateway, "/v1/responses", model="think", tools=[TOOL], input="What is the weather?")
    result = {"type": "function_call_output", "call_id": first["output"][1]["call_id"], "output": "Sunny."}
    asked = {"model": "think", "tools": [TOOL], "previous_response_id": first["id"]}
    assert output_text(ask(gateway, "/v1/responses", input=[result], **asked)) == "Sunny."


def test_loop_of_tools_works_for_chat(gateway: RunningGateway) -> None:
    messages: list[_Object] = [{"role": "user", "content": "What is the weather?"}]
    asked: _Object = {"model": "tool", "tools": [CHAT_TOOL]}
    message = ask(gateway, "/v1/chat/completions", messages=messages, **asked)["choices"][0]["message"]
    (call,) = message["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}
    messages += [message, {"role": "tool", "tool_call_id": call["id"], "content": "Sunny."}]
    answer = ask(gateway, "/v1/chat/completions", messages=messages, **asked)
    assert answer["choices"][0]["message"]["content"] == "Sunny."


def test_parallel_calls_are_answered_together(gateway: RunningGateway) -> None:
    tools = [TOOL, {**TOOL, "name": "time"}]
    first = ask(gateway, "/v1/responses", model="parallel", tools=tools, input="What is there?")
    calls = [item for item in first["output"] if item["type"] == "function_call"]
    results = [{"type": "function_call_output", "call_id": c["call_id"], "output": c["name"]} for c in reversed(calls)]
    asked = {"model": "parallel", "tools": tools, "previous_response_id": first["id"]}
    assert output_text(ask(gateway, "/v1/responses", input=results, **asked)) == "weather; time"


def test_search_is_told_and_cited_and_goes_back(gateway: RunningGateway, upstream: AnthropicUpstream) -> None:
    tools = [{"type": "web_search"}]
    first = ask(gateway, "/v1/responses", model="search", tools=tools, input="Is it so?")
    kinds = [item["type"] for item in first["output"]]
    assert kinds == ["message", "web_search_call", "reasoning", "message"]
    (part,) = first["output"][-1]["content"]
    (citation,) = part["annotations"]
    assert part["text"][citation["start_index"] : citation["end_index"]] == CITED
    asked = {"model": "search", "tools": tools, "previous_response_id": first["id"]}
    ask(gateway, "/v1/responses", input="Sure?", **asked)
    sent = [block["type"] for block in upstream.last["messages"][1]["content"]]
    assert sent == ["text", "server_tool_use", "web_search_tool_result", "text"]


@pytest.mark.parametrize("model", ["claude-haiku-4-5:form", "claude-sonnet-4-0:form", "claude-3-haiku:form"])
def test_form_is_kept_by_every_model(gateway: RunningGateway, model: str) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": PARAMETERS, "strict": False}}
    messages = [{"role": "user", "content": "Where?"}]
    answer = ask(gateway, "/v1/chat/completions", model=model, messages=messages, response_format=form)
    (choice,) = answer["choices"]
    assert json.loads(choice["message"]["content"]) == {"city": "Paris"}
    assert (choice["finish_reason"], choice["message"].get("tool_calls")) == ("stop", None)


@pytest.mark.parametrize(("model", "finish"), [("length", "length"), ("refusal", "content_filter")])
def test_finish_reason_has_openais_name(gateway: RunningGateway, model: str, finish: str) -> None:
    answer = ask(gateway, "/v1/chat/completions", model=model, messages=[{"role": "user", "content": "Hi"}])
    assert answer["choices"][0]["finish_reason"] == finish


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("throttle", 429, "rate_limit_exceeded"),
        ("overloaded", 503, "overloaded"),
        ("refuse-400", 400, None),
        ("refuse-403", 502, "upstream_auth"),
        ("refuse-404", 404, "model_not_found"),
        ("refuse-413", 400, None),
        ("no-credit", 502, "insufficient_quota"),
        ("billing", 502, "insufficient_quota"),
        ("too-long", 400, "context_length_exceeded"),
    ],
)
def test_refusal_keeps_its_meaning(gateway: RunningGateway, model: str, status: int, code: str | None) -> None:
    body = {"model": f"anthropic/{model}", "messages": [{"role": "user", "content": "Hi"}]}
    with gateway.client() as client:
        reply = client.post("/v1/chat/completions", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert UPSTREAM_KEY not in reply.text


@pytest.mark.parametrize(("model", "code"), [("late-error", "overloaded"), ("cut", "upstream_cut_off")])
def test_stream_that_breaks_ends_as_a_failure(gateway: RunningGateway, model: str, code: str) -> None:
    last = stream(gateway, "/v1/responses", model=model, input="Hello there")[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["error"]["code"] in (code, "server_error", "upstream_unavailable")


def test_client_that_leaves_ends_the_upstreams_answer(gateway: RunningGateway, upstream: AnthropicUpstream) -> None:
    body = {"model": "anthropic/stall", "messages": [{"role": "user", "content": "Hi"}]}
    with gateway.client(timeout=0.5) as client, pytest.raises(Exception, match="timed out"):
        client.post("/v1/chat/completions", json=body)
    assert upstream.went.wait(10)


def test_what_was_left_out_is_said(gateway: RunningGateway) -> None:
    body = {"model": "anthropic/echo", "messages": [{"role": "user", "content": "Hi"}], "seed": 1}
    with gateway.client() as client:
        reply = client.post("/v1/chat/completions", json=body)
    assert "seed" in reply.headers["x-waystone-dropped"]
