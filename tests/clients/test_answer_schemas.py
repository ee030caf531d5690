"""Response formats whose schema the gateway itself holds answers to: refused beyond its bounds, held within them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import USAGE, ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway

_Object = dict[str, Any]
NUMBER = {"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}}
PATTERNS = [rf"^(\p{{L}}{{1,40}}|\d{{1,40}}){number}$" for number in range(1000)]
PATTERNED: _Object = {"type": "object", "properties": {f"p{n}": {"pattern": text} for n, text in enumerate(PATTERNS)}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
# Those that do not enforce a schema themselves, and with which tools they do not.
HOLDING = {
    "deepseek/echo": False,
    "zai/echo": False,
    "groq/echo": False,
    "anthropic/claude-sonnet-4-0": False,
    "bedrock/amazon.nova-lite-v1:0": False,
    "cohere/command-a-03-2025": True,
    "gemini/gemini-2.5-flash": True,
}
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
ENDS = {CHAT: '"finish_reason":"stop"', RESPONSES: "event: response.completed"}
FAILURES = {CHAT: "upstream_bad_reply", RESPONSES: "event: response.failed"}
PLACES = {CHAT: "response_format.json_schema.schema", RESPONSES: "text.format.schema"}


@pytest.fixture(scope="module")
def holding(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway in front of the scripted chat upstream, and of providers that only a request too many would reach."""
    known = {"base_url": upstream_url, "api_key": UPSTREAM_KEY}
    config = {
        "retries": {"attempts": 1},
        "bounds": {"answer_schema": {"cpu_seconds": 0.5}},
        "providers": {name.partition("/")[0]: known for name in HOLDING},
    }
    with running_gateway(tmp_path_factory.mktemp("holding"), config) as running:
        yield running


@pytest.fixture
def holder(holding: RunningGateway, upstream: ChatUpstream) -> Iterator[httpx.Client]:
    upstream.forget()
    with holding.client() as client:
        yield client


def asked(path: str, model: str, schema: _Object, said: str = "{}", **more: Any) -> _Object:
    """A request of this path for an answer in form; the model `echo` answers with what is said."""
    if path == CHAT:
        form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
        return {"model": model, "messages": [{"role": "user", "content": said}], "response_format": form, **more}
    form = {"type": "json_schema", "name": "a", "schema": schema}
    if "tools" in more:
        more["tools"] = [{"type": "function", **tool["function"]} for tool in more["tools"]]
    return {"model": model, "input": said, "text": {"format": form}, "store": False, **more}


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
@pytest.mark.parametrize(("model", "with_tools"), HOLDING.items())
@pytest.mark.parametrize("stream", [False, True])
def test_thousand_patterns_are_refused_before_anybody_is_asked(
    holder: httpx.Client, upstream: ChatUpstream, path: str, model: str, with_tools: bool, stream: bool
) -> None:
    tools: _Object = {"tools": [TOOL]} if with_tools else {}
    body = asked(path, model, PATTERNED, stream=stream, **tools)
    answer = holder.post(path, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_json_schema"), error
    assert error["param"] == f"{PLACES[path]}.properties.p50.pattern"
    assert "at most 50 patterns" in error["message"]
    assert upstream.received == []


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
@pytest.mark.parametrize("schema", [{"type": "objekt"}, {"type": "object", "properties": {"a": {"pattern": "("}}}])
def test_schema_that_is_none_is_refused_before_anybody_is_asked(
    holder: httpx.Client, upstream: ChatUpstream, path: str, schema: _Object
) -> None:
    answer = holder.post(path, json=asked(path, "deepseek/echo", schema))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json_schema")
    assert answer.json()["error"]["param"].startswith(PLACES[path])
    assert upstream.received == []


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_answer_is_held_to_the_schema(holder: httpx.Client, path: str) -> None:
    kept = holder.post(path, json=asked(path, "deepseek/echo", NUMBER, '{"a": 1.5}'))
    assert kept.status_code == 200
    assert '{\\"a\\": 1.5}' in kept.text
    for said in ('{"a": "x"}', "No.", "[]"):
        broken = holder.post(path, json=asked(path, "deepseek/echo", NUMBER, said))
        assert (broken.status_code, broken.json()["error"]["code"]) == (502, "upstream_bad_reply"), said


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_streamed_answer_is_held_to_the_schema_at_its_end(holder: httpx.Client, path: str) -> None:
    kept = holder.post(path, json=asked(path, "zai/echo", NUMBER, '{"a": 1.5}', stream=True)).text
    assert ENDS[path] in kept
    broken = holder.post(path, json=asked(path, "zai/echo", NUMBER, '{"a": "x"}', stream=True)).text
    assert FAILURES[path] in broken
    assert ENDS[path] not in broken


def test_usage_of_a_wrong_answer_counts_though_it_comes_last(holding: RunningGateway, holder: httpx.Client) -> None:
    def tokens() -> int:
        rows = orjson.loads(holding.command("usage", "--by", "model", "--json"))
        return sum(row["completion_tokens"] for row in rows if row["id"] == "zai/echo")

    before = tokens()
    with holder.stream("POST", CHAT, json=asked(CHAT, "zai/echo", NUMBER, "No.", stream=True)) as broken:
        assert FAILURES[CHAT] in broken.read().decode()
    # Rows are written five times a second; the command itself takes longer.
    assert tokens() - before == USAGE["completion_tokens"]


def test_schemas_that_take_for_ever_harm_nobody_else(holding: RunningGateway, holder: httpx.Client) -> None:
    twice = {f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(40)}
    schema = {"$ref": "#/$defs/a0", "type": "object", "$defs": {**twice, "a40": {"type": "object"}}}
    before = _resident_bytes(holding)
    with ThreadPoolExecutor(4) as pool:
        body = asked(CHAT, "deepseek/echo", schema)
        endless = [pool.submit(holder.post, CHAT, json=body) for _ in range(4)]
        while not all(answer.done() for answer in endless):
            assert holder.get("/health/live").status_code == 200
    assert {answer.result().status_code for answer in endless} == {502}
    assert "too long to validate" in endless[0].result().json()["error"]["message"]
    assert holder.post(CHAT, json=asked(CHAT, "deepseek/echo", NUMBER, '{"a": 1}')).status_code == 200
    assert _resident_bytes(holding) - before < 64 * 2**20


def _resident_bytes(gateway: RunningGateway) -> int:
    status = Path(f"/proc/{gateway.process.pid}/statm").read_text()
    return int(status.split()[1]) * 4096
