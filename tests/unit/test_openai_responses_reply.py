"""Plain Responses: an answer or one failure, whatever comes."""

import re
from typing import Any

import pytest

from gateway.dialects.base import Refused
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.neutral.events import (
    AnswerMetadata,
    Done,
    Failed,
    Finished,
    ItemBegan,
    ItemEnded,
    PartBegan,
    Reasoning,
    ReasoningState,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from tests.unit.responses_streams import DIALECT, call, check_order, failure, message, plain, response, said, stream

REASONING: dict[str, Any] = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two"}],
    "content": [{"type": "reasoning_text", "text": "deep"}],
    "encrypted_content": "gAAA=",
}


def test_reply_is_told_item_by_item() -> None:
    public = {name: value for name, value in REASONING.items() if name != "encrypted_content"}
    answer = message("Hello.", phase="commentary", acme=1)
    custom: dict[str, Any] = {
        "type": "custom_tool_call",
        "id": "ctc_1",
        "call_id": "c",
        "name": "patch",
        "input": "",
        "status": "completed",
    }
    events = plain(response(REASONING, answer, call(namespace="space"), custom))
    check_order(events)
    assert events == [
        ItemBegan({**public, "summary": [], "content": []}),
        PartBegan("summary_text"),
        Summary("one"),
        PartBegan("summary_text"),
        Summary("two"),
        PartBegan("reasoning_text"),
        Reasoning("deep"),
        ReasoningState({"id": "rs_1", "encrypted_content": "gAAA="}),
        ItemEnded(public),
        ItemBegan({**answer, "content": [], "status": "in_progress"}),
        PartBegan("output_text"),
        Text("Hello."),
        ItemEnded(answer),
        ToolCallBegan(0, "call_0", "f0", namespace="space"),
        ToolArguments(0, '{"a":1}'),
        ItemEnded(call(namespace="space")),
        ToolCallBegan(1, "c", "patch", kind="custom"),
        ItemEnded(custom),
        Finished("tool_calls"),
        Done(),
    ]


def test_what_the_upstream_says_of_the_answer_is_told_and_what_is_not_its_own_is_not() -> None:
    told: dict[str, Any] = {"service_tier": "flex", "tool_usage": {"web_search": {"num_requests": 1}}, "x_future": 1}
    told["model"] = "m-2026"
    echoed = {
        "tools": [],
        "temperature": 1,
        "metadata": {},
        "store": False,
        "provider": "other",
        "billing": {"payer": "developer"},
        "moderation": None,
        "incomplete_details": None,
    }
    assert [event for event in plain(response(message(), **told, **echoed)) if isinstance(event, AnswerMetadata)] == [
        AnswerMetadata(told)
    ]
    assert not [event for event in plain(response(message())) if isinstance(event, AnswerMetadata)]


def test_usage_never_exceeds_what_it_is_part_of() -> None:
    raw: dict[str, Any] = {
        "input_tokens": 3,
        "output_tokens": 2.0,
        "input_tokens_details": {"cached_tokens": 9, "cache_write_tokens": 9},
        "output_tokens_details": {"reasoning_tokens": 9},
        "cost": 0.1,
    }
    (usage,) = [event for event in plain(response(message(), usage=raw)) if isinstance(event, Usage)]
    assert usage == Usage(prompt=3, completion=2, cached=3, cache_write=3, reasoning=2, raw=raw)


@pytest.mark.parametrize("raw", [{}, None, [], "x"])
def test_usage_that_is_none_is_not_told(raw: Any) -> None:
    assert not [event for event in plain(response(message(), usage=raw)) if isinstance(event, Usage)]


def test_part_of_a_kind_yet_to_be_invented_stays_in_its_item() -> None:
    odd = {"type": "hologram", "data": 1}
    item = message(content=[odd, {"type": "output_text", "text": "Hello."}, "x"])
    events = plain(response(item))
    assert said(events) == [("output_text", "Hello.")]
    (ended,) = [event.item for event in events if isinstance(event, ItemEnded)]
    assert ended["content"] == item["content"]


def test_call_without_an_id_gets_one() -> None:
    item = call()
    del item["call_id"], item["id"]
    (begun,) = [event for event in plain(response(item)) if isinstance(event, ToolCallBegan)]
    assert begun.id.startswith("call_")


def test_empty_answer_is_one() -> None:
    assert plain(response()) == [Finished("stop"), Done()]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<html>", (502, "upstream_bad_reply")),
        (b"[]", (502, "upstream_bad_reply")),
        ({}, (502, "upstream_bad_reply")),
        ({"choices": []}, (502, "upstream_bad_reply")),
        ({"object": "response", "status": "completed"}, (502, "upstream_bad_reply")),
        (response(status="in_progress"), (502, "upstream_bad_reply")),
        (response(status="queued"), (502, "upstream_bad_reply")),
        (response({"type": None}), (502, "upstream_bad_reply")),
        (response({"type": "function_call", "arguments": "{}"}), (502, "upstream_bad_reply")),
        (response(status="cancelled"), (503, "overloaded")),
        (response(status="failed"), (503, "overloaded")),
        (response(message(), error={"code": "rate_limit_exceeded", "message": "Slow."}), (429, "rate_limit_exceeded")),
        (response(status="failed", error={"code": "invalid_prompt", "message": "No."}), (400, "invalid_prompt")),
        (response(status="failed", error={"code": "vector_store_timeout"}), (503, "overloaded")),
        ({"error": {"message": "No.", "type": "invalid_request_error"}}, (400, None)),
        ({"error": "down"}, (503, "overloaded")),
        ({"detail": "down"}, (503, "overloaded")),
        ({"object": "error", "message": "No.", "code": 404}, (404, "model_not_found")),
    ],
)
def test_what_is_no_answer_is_a_failure(body: Any, expected: tuple[int, str | None]) -> None:
    assert failure(plain(body)) == expected


def test_failed_answer_keeps_its_usage() -> None:
    events = plain(response(status="failed", usage={"input_tokens": 2, "output_tokens": 1}))
    assert isinstance(events[0], Usage)
    assert isinstance(events[1], Failed)


def test_damaged_answer_keeps_its_usage() -> None:
    damaged = response({"type": "function_call"}, usage={"input_tokens": 2, "output_tokens": 1})
    for events in (plain(damaged), stream([{"type": "response.completed", "response": damaged}])):
        usage, failed = events
        assert isinstance(usage, Usage)
        assert failure([failed]) == (502, "upstream_bad_reply")


def test_failure_that_is_the_callers_says_what_the_upstream_said() -> None:
    (failed,) = plain(response(status="failed", error={"code": "invalid_prompt", "message": "Too rude."}))
    assert isinstance(failed, Failed)
    assert (failed.error.message, failed.error.code) == ("lab: Too rude.", "invalid_prompt")


@pytest.mark.parametrize("message", ["Incorrect API key provided. See x.ai.", "Other."])
def test_key_that_is_refused_in_prose_is_the_operators_fault(message: str) -> None:
    body = b'{"code": "invalid-argument", "error": "%s"}' % message.encode()
    facts = ResponsesProfile(refused_key=re.compile("Incorrect API key"))
    error = DIALECT.decode_error(Refused("lab", 400, {}, body), facts)
    assert (error.status == 502) == message.startswith("Incorrect")
    assert DIALECT.decode_error(Refused("lab", 400, {}, body), ResponsesProfile()).status == 400


def test_context_that_is_too_long_is_about_the_input() -> None:
    body = b'{"error": {"code": "context_length_exceeded", "message": "Long.", "type": "invalid_request_error"}}'
    error = DIALECT.decode_error(Refused("lab", 400, {}, body), ResponsesProfile())
    assert (error.status, error.code, error.param) == (400, "context_length_exceeded", "input")


def test_list_of_models_is_read() -> None:
    assert [model.name for model in DIALECT.decode_models(b'{"data": [{"id": "a"}, {"id": 1}, 2]}')] == ["a"]
    with pytest.raises(ValueError, match="no data"):
        DIALECT.decode_models(b"{}")
