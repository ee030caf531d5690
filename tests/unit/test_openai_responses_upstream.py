"""The dialect `openai-responses` against a strict upstream, over a socket."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.dialects.base import Origin, Refused
from gateway.dialects.openai_responses import OpenAIResponses
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    ItemEnded,
    ItemProgress,
    ReasoningState,
    Refusal,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.neutral.generation import Generation
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.wire import sse
from tests.servers.chat_upstream import KEY
from tests.servers.responses_upstream import CITATION, SUMMARY, ResponsesUpstream
from tests.servers.thread import serving
from tests.unit.generations import translated

DIALECT, SURFACE = OpenAIResponses(), OpenAIResponsesSurface()
HELLO = {"type": "message", "role": "user", "content": "Hello there."}
TOOL = {"type": "function", "name": "f0", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture(scope="module")
def script() -> ResponsesUpstream:
    return ResponsesUpstream()


@pytest.fixture(scope="module")
def url(script: ResponsesUpstream) -> Iterator[str]:
    with serving(script.app) as url:
        yield f"{url}/v1"


@pytest.fixture(params=[False, True], ids=["plain", "stream"])
def is_stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def asked(model: str, *, is_stream: bool, items: list[dict[str, Any]] | None = None, **more: Any) -> Generation:
    """A request as the Responses surface reads it."""
    body: Any = {"model": f"lab/{model}", "input": items or [HELLO], "stream": is_stream, **more}
    return SURFACE.read(body)


def answer(url: str, generation: Generation) -> list[Event]:
    """What the upstream answers; a refusal fails the test."""
    origin = Origin("lab", generation.model.removeprefix("lab/"), ResponsesProfile(dropped=frozenset({"top_k"})))
    outbound = DIALECT.encode(generation, origin)
    headers = {**DIALECT.authorize(KEY), "content-type": "application/json"}
    with httpx.stream("POST", url + outbound.path, content=outbound.body, headers=headers) as reply:
        if reply.status_code != 200 or not generation.is_stream:
            body = reply.read()
            assert reply.status_code == 200, body.decode()
            return DIALECT.decode_reply(body, generation, origin, is_native=True)
        decoder, reader = DIALECT.decoder(generation, origin, is_native=True), sse.Reader()
        events: list[Event] = []
        try:
            for chunk in reply.iter_bytes():
                for payload in reader.feed(chunk):
                    events += decoder.feed(payload)
        except httpx.RemoteProtocolError:
            pass
        return [*events, *decoder.end()]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def only(events: list[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_text_arrives_with_usage_and_what_the_upstream_says_of_the_answer(url: str, is_stream: bool) -> None:
    events = answer(url, asked("echo", is_stream=is_stream))
    assert text_of(events) == "Hello there."
    (usage,) = only(events, Usage)
    assert (usage.prompt, usage.completion, usage.cached, usage.cache_write, usage.reasoning) == (11, 7, 3, 1, 2)
    told = AnswerMetadata({"model": "echo-2026-01-01", "service_tier": "flex", "x_unknown": {"kept": True}})
    first = [AnswerMetadata({"model": "echo-2026-01-01"})] if is_stream else []
    assert only(events, AnswerMetadata) == [*first, told]
    assert only(events, Finished) == [Finished("stop")]
    assert events[-1] == Done()


def test_body_of_the_client_passes_a_strict_upstream(url: str, script: ResponsesUpstream) -> None:
    generation = asked(
        "echo",
        is_stream=True,
        store=True,
        provider="lab",
        conversation="conv_1",
        stream_options={"include_usage": True, "include_obfuscation": False},
        top_k=3,
        x_vendor=[1],
    )
    answer(url, replace(generation, metadata={"trace": "7"}))
    assert script.last["metadata"] == {"trace": "7"}
    assert script.last["stream_options"] == {"include_obfuscation": False}
    assert script.last["x_vendor"] == [1]


@pytest.mark.parametrize(("model", "count"), [("tools", 1), ("parallel-tools", 2), ("interleaved", 2)])
def test_calls_are_told_one_after_the_other(url: str, is_stream: bool, model: str, count: int) -> None:
    events = answer(url, asked(model, is_stream=is_stream))
    assert only(events, ToolCallBegan) == [ToolCallBegan(i, f"call_{i}", f"f{i}") for i in range(count)]
    for i in range(count):
        pieces = [event.text for event in only(events, ToolArguments) if event.index == i]
        assert "".join(pieces) == '{"city":"Paris"}'
    numbers = [event.index for event in events if isinstance(event, ToolCallBegan | ToolArguments)]
    assert numbers == sorted(numbers)
    assert only(events, Finished) == [Finished("tool_calls")]


def test_custom_call_takes_text(url: str, is_stream: bool) -> None:
    events = answer(url, asked("custom-tool", is_stream=is_stream))
    assert only(events, ToolCallBegan) == [ToolCallBegan(0, "call_0", "patch", kind="custom")]
    assert "".join(event.text for event in only(events, ToolArguments)) == "*** a\n+b"


def test_reasoning_goes_back_to_its_author_as_it_came(url: str, script: ResponsesUpstream, is_stream: bool) -> None:
    script.forget()
    events = answer(url, asked("reasoning", is_stream=is_stream, tools=[TOOL]))
    assert "".join(event.text for event in only(events, Summary)) == SUMMARY
    (state,) = only(events, ReasoningState)
    assert {state.state["id"]: state.state["encrypted_content"]} == script.issued
    ours = f"rs_{'0a' * 20}0000"
    history: list[dict[str, Any]] = [
        HELLO,
        {
            "type": "reasoning",
            "id": ours,
            "summary": [{"type": "summary_text", "text": SUMMARY}],
            "content": [],
            "encrypted_content": "sealed",
            "status": "completed",
        },
        {"type": "function_call", "id": f"fc_{'0a' * 20}0001", "call_id": "call_0", "name": "f0", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_0", "output": "Rain."},
    ]
    generation = asked("reasoning", is_stream=is_stream, items=history, tools=[TOOL])
    events = answer(url, SURFACE.restore(generation, {"sealed": state.state}.get))
    assert text_of(events) == "Rain."
    assert [item["id"] for item in script.last["input"] if item["type"] == "reasoning"] == [state.state["id"]]


def test_reasoning_is_refused_where_its_state_is_missing(url: str) -> None:
    lost = {"type": "reasoning", "id": "rs_test0", "summary": [], "encrypted_content": "else"}
    with pytest.raises(AssertionError, match="could not be verified"):
        answer(url, asked("reasoning", is_stream=False, items=[lost, HELLO]))


def test_refusal_is_told_as_one(url: str, is_stream: bool) -> None:
    events = answer(url, asked("refusal", is_stream=is_stream))
    assert "".join(event.text for event in only(events, Refusal)) == "I will not."
    assert not text_of(events)


def test_token_limit_ends_the_answer_as_incomplete(url: str, is_stream: bool) -> None:
    events = answer(url, asked("length", is_stream=is_stream))
    assert only(events, Finished) == [Finished("length")]
    assert only(events, ItemEnded)[-1].item["status"] == "incomplete"


def test_search_of_the_provider_passes_with_its_steps_and_citations(url: str, is_stream: bool) -> None:
    events = answer(url, asked("web-search", is_stream=is_stream))
    steps = [event.event["type"].rpartition(".")[2] for event in only(events, ItemProgress)]
    assert steps == (["in_progress", "searching", "completed"] if is_stream else [])
    assert only(events, ItemEnded)[0].item["action"]["query"] == "weather"
    assert only(events, Annotation) == [Annotation(CITATION)]


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("failed-in-stream", 503, "overloaded"),
        ("error-in-stream", 429, "rate_limit_exceeded"),
        ("cut", 502, "upstream_cut_off"),
        ("end-early", 502, "upstream_cut_off"),
    ],
)
def test_answer_that_breaks_off_has_failed(url: str, model: str, status: int, code: str) -> None:
    failed = answer(url, asked(model, is_stream=True))[-1]
    assert isinstance(failed, Failed)
    assert (failed.error.status, failed.error.code) == (status, code)


def test_chat_request_passes_a_strict_upstream(url: str, script: ResponsesUpstream, is_stream: bool) -> None:
    script.forget()
    script.wants_strict = True
    function = {"name": "f0", "parameters": {"type": "object", "properties": {}}}
    body = {
        "model": "lab/tools",
        "stream": is_stream,
        "messages": [{"role": "user", "content": "Hello there."}],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": "f0"}},
        "max_tokens": 5,
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}},
        "reasoning_effort": "low",
        "logprobs": True,
        "top_logprobs": 2,
    }
    assert only(answer(url, translated(OpenAIChatSurface(), body)), ToolCallBegan)
    script.forget()


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("refuse-400", (400, "invalid_request_error", "invalid_value", "input[0].content[0]")),
        ("refuse-429", (429, "rate_limit_error", "rate_limit_exceeded", None)),
    ],
)
def test_refusal_of_the_request_keeps_its_meaning(url: str, model: str, expected: tuple[Any, ...]) -> None:
    outbound = DIALECT.encode(asked(model, is_stream=False), Origin("lab", model))
    headers = {**DIALECT.authorize(KEY), "content-type": "application/json"}
    reply = httpx.post(url + outbound.path, content=outbound.body, headers=headers)
    error = DIALECT.decode_error(Refused("lab", reply.status_code, reply.headers, reply.content), ResponsesProfile())
    assert (error.status, error.type, error.code, error.param) == expected


def test_models_are_listed_by_name(url: str) -> None:
    body = httpx.get(url + DIALECT.models_path).content
    assert "web-search" in [model.name for model in DIALECT.decode_models(body)]
