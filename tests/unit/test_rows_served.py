"""Every row whose provider speaks chat, behind the real gateway, with an upstream as strict as that provider."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import ROWS
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.row_rules import rules_of
from tests.servers.row_upstream import THOUGHT, RowUpstream
from tests.servers.thread import serving

_Object = dict[str, Any]
NAMES = sorted(name for name, row in ROWS.items() if row.dialects[0] == "openai-chat")
CALLING = [name for name in NAMES if ROWS[name].profile(ChatProfile).takes_tools]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORM = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
each = pytest.mark.parametrize("name", NAMES)
each_calling = pytest.mark.parametrize("name", CALLING)
plain_and_streamed = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])


@pytest.fixture(scope="module")
def upstream() -> RowUpstream:
    return RowUpstream()


@pytest.fixture(scope="module")
def gateway(upstream: RowUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with serving(upstream.app) as url:
        providers = {
            name: {"base_url": f"{url}/{name}", "api_key": "sk-row-0123456789", "dialect": "openai-chat"}
            for name in NAMES
        }
        config = {"embedded": {"enabled": False}, "retries": {"attempts": 1}, "providers": providers}
        with running_gateway(tmp_path_factory.mktemp("rows"), config) as running:
            yield running


@pytest.fixture(scope="module")
def client(gateway: RunningGateway) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client


def chat(client: httpx.Client, is_stream: bool, **body: Any) -> _Object:
    """The message that chat is answered with, its usage and its finish reason beside it."""
    if not is_stream:
        reply = client.post("/v1/chat/completions", json=body)
        assert reply.status_code == 200, reply.text
        document = reply.json()
        choice = document["choices"][0]
        return {**choice["message"], "finish": choice["finish_reason"], "usage": document["usage"]}
    options = {"stream": True, "stream_options": {"include_usage": True}}
    reply = client.post("/v1/chat/completions", json={**body, **options})
    assert reply.status_code == 200, reply.text
    return _folded(reply.text)


def _folded(text: str) -> _Object:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    assert lines.pop() == "[DONE]", text
    told: _Object = {"role": "assistant", "content": "", "reasoning_content": "", "finish": None, "usage": None}
    for chunk in map(json.loads, lines):
        told["usage"] = chunk.get("usage") or told["usage"]
        for choice in chunk["choices"]:
            delta = choice["delta"]
            told["content"] += delta.get("content") or ""
            told["reasoning_content"] += delta.get("reasoning_content") or ""
            told["finish"] = choice["finish_reason"] or told["finish"]
            for call in delta.get("tool_calls") or ():
                told.setdefault("tool_calls", []).append({k: v for k, v in call.items() if k != "index"})
            if delta.get("reasoning_details"):
                told.setdefault("reasoning_details", []).extend(delta["reasoning_details"])
    return told


def respond(client: httpx.Client, **body: Any) -> _Object:
    reply = client.post("/v1/responses", json={**body, "store": False})
    assert reply.status_code == 200, reply.text
    document: _Object = reply.json()
    return document


def words_of(response: _Object) -> str:
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part["text"] for part in parts)


def chat_tool() -> _Object:
    return {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}


@each
@plain_and_streamed
def test_answer_comes_through_with_its_usage(client: httpx.Client, name: str, is_stream: bool) -> None:
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Good day"}]
    told = chat(client, is_stream, model=f"{name}/echo", messages=messages, max_tokens=50, temperature=0.5)
    assert (told["content"], told["finish"]) == ("I was given Good day.", "stop")
    assert [told["usage"][count] for count in ("prompt_tokens", "completion_tokens", "total_tokens")] == [12, 8, 20]
    response = respond(client, model=f"{name}/echo", input="Good day", instructions="Be brief.", max_output_tokens=50)
    assert (words_of(response), response["usage"]["total_tokens"]) == ("I was given Good day.", 20)


@each_calling
@plain_and_streamed
def test_tool_loop_keeps_calls_and_reasoning(client: httpx.Client, name: str, is_stream: bool) -> None:
    model = "magistral-think" if rules_of(name).reasoning == "content" else "think"
    asked = {"role": "user", "content": "Look."}
    body: _Object = {"model": f"{name}/{model}", "tools": [chat_tool()]}
    told = chat(client, is_stream, **body, messages=[asked])
    assert told["finish"] == "tool_calls"
    if rules_of(name).reasoning:
        assert told["reasoning_content"] == THOUGHT
    (call,) = told["tool_calls"]
    answer = {key: value for key, value in told.items() if key not in ("finish", "usage")}
    output = {"role": "tool", "tool_call_id": call["id"], "content": "Sunny"}
    last = chat(client, is_stream, **body, messages=[asked, {**answer, "content": None}, output])
    assert (last["content"], last["finish"]) == ("I was given Sunny.", "stop")


@each_calling
def test_tool_loop_of_responses_keeps_calls_and_reasoning(client: httpx.Client, name: str) -> None:
    tool = {"type": "function", "name": "look", "parameters": SCHEMA}
    model = f"{name}/{'magistral-think' if rules_of(name).reasoning == 'content' else 'think'}"
    first = respond(client, model=model, input="Look.", tools=[tool])
    (call,) = [item for item in first["output"] if item["type"] == "function_call"]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny"}
    items = [{"type": "message", "role": "user", "content": "Look."}, *first["output"], output]
    second = respond(client, model=model, input=items, tools=[tool])
    assert words_of(second) == "I was given Sunny."
    reasoned = [item for item in first["output"] if item["type"] == "reasoning"]
    assert bool(reasoned) == bool(rules_of(name).reasoning)


@each_calling
@plain_and_streamed
def test_calls_of_another_provider_are_taken_into_a_conversation(
    client: httpx.Client, name: str, is_stream: bool
) -> None:
    call = {"id": "toolu_01ABCdef", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "Somebody's thoughts."},
        {"role": "tool", "tool_call_id": call["id"], "content": "Sunny"},
        {"role": "user", "content": "And now?"},
    ]
    told = chat(client, is_stream, model=f"{name}/echo", messages=messages, tools=[chat_tool()])
    assert told["content"] == "I was given And now?."


@each
@plain_and_streamed
def test_answer_has_the_form_that_was_asked_for(client: httpx.Client, name: str, is_stream: bool) -> None:
    messages = [{"role": "user", "content": '{"city":"Paris"}'}]
    body = {"model": f"{name}/echo", "messages": messages, "response_format": FORM}
    told = chat(client, is_stream, **body)
    assert json.loads(told["content"]) == {"city": "Paris"}


@pytest.mark.parametrize(
    "name", [name for name in NAMES if "json_schema" not in ROWS[name].profile(ChatProfile).formats]
)
@plain_and_streamed
def test_answer_of_another_form_is_an_error(client: httpx.Client, name: str, is_stream: bool) -> None:
    schema = {**SCHEMA, "properties": {"city": {"type": "integer"}}}
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    body = {"model": f"{name}/echo", "messages": [{"role": "user", "content": "Hi"}], "response_format": form}
    reply = client.post("/v1/chat/completions", json={**body, "stream": is_stream})
    if is_stream:
        assert "upstream_bad_reply" in reply.text
    else:
        assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_bad_reply")


@each_calling
def test_call_that_was_required_is_there_or_an_error(client: httpx.Client, name: str) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}], "tools": [chat_tool()], "tool_choice": "required"}
    told = chat(client, False, model=f"{name}/tool", **body)
    assert told["finish"] == "tool_calls"
    if "required" not in ROWS[name].profile(ChatProfile).tool_choices:
        reply = client.post("/v1/chat/completions", json={"model": f"{name}/echo", **body})
        assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_bad_reply")
