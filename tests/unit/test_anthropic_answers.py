"""Anthropic's answers: blocks, ends, forms, and errors in mid-stream."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from gateway.dialects.structured_output import FORMAT_TOOL
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Event,
    Failed,
    Finished,
    ReasoningState,
    Refusal,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject
from tests.replay.decoded import fed
from tests.replay.rendering import on_chat, on_responses
from tests.servers.anthropic_upstream import USAGE, _event, _events
from tests.unit.anthropic_requests import DIALECT, HAIKU, SONNET_4, origin
from tests.unit.generations import generation_of
from tests.unit.validating import validated

ASKED = generation_of("m")
DOG = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
FORMED = generation_of("m", fields={"response_format": {"type": "json_schema", "json_schema": {"schema": DOG}}})


def message(*content: dict[str, Any], reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    head = {"type": "message", "content": list(content), "stop_reason": reason, "stop_sequence": None}
    return {**head, "stop_details": None, "usage": USAGE, **more}


def told(document: dict[str, Any], asked: Generation = ASKED, model: str = HAIKU) -> Sequence[Event]:
    """The events of a message, which are the same streamed and plain, but for how texts are cut."""
    answer = DIALECT.decode_reply(orjson.dumps(document), asked, origin(model), is_native=False)
    plain = validated(answer, DIALECT, asked, origin(model))
    decoder = DIALECT.decoder(asked, origin(model), is_native=False)
    pieces = fed(decoder, b"".join(map(_event, _events(document))), 100)
    streamed = validated(pieces, DIALECT, asked, origin(model))
    if not isinstance(plain[-1], Failed):
        assert [event for event in streamed if isinstance(event, Usage)] == [e for e in plain if isinstance(e, Usage)]
        assert [type(event) for event in joined(streamed)] == [type(event) for event in joined(plain)]
    assert type(streamed[-1]) is type(plain[-1])
    return plain


def joined(events: Sequence[Event]) -> list[Event]:
    """The events without the pieces that only say more of the same."""
    return [event for i, event in enumerate(events) if i == 0 or type(event) is not type(events[i - 1])]


def say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def use(name: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": given}


def failure(events: Sequence[Event]) -> tuple[int, str | None]:
    failed = events[-1]
    assert isinstance(failed, Failed)
    return failed.error.status, failed.error.code


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("yet_to_come", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
    ],
)
def test_finish_reason_has_openais_name(reason: str, expected: str) -> None:
    assert [e.reason for e in told(message(say("Hi"), reason=reason)) if isinstance(e, Finished)] == [expected]


def test_refusal_says_why() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "I will not."}
    events = told(message(say("We"), reason="refusal", stop_details=details))
    assert Refusal("I will not.") in events
    assert on_chat(events).refusal == "I will not."


def test_tokens_are_counted_in_openais_meaning() -> None:
    (usage,) = [event for event in told(message(say("Hi"))) if isinstance(event, Usage)]
    counts = (usage.prompt, usage.completion, usage.cached, usage.cache_write, usage.reasoning)
    assert counts == (11, 7, 3, 1, 2)
    assert usage.raw == USAGE


def test_tier_and_container_are_told() -> None:
    container: JsonObject = {"id": "container_1", "expires_at": "2026-01-01T00:00:00Z"}
    events = DIALECT.decode_reply(
        orjson.dumps(message(say("Hi"), container=container)), ASKED, origin(), is_native=False
    )
    assert AnswerMetadata({"service_tier": "default", "container": container}) in events
    assert on_responses(events).document["service_tier"] == "default"


def test_call_without_arguments_is_given_an_empty_object() -> None:
    events = told(message(use("look", {}), reason="tool_use"))
    assert [event for event in events if isinstance(event, ToolCallBegan | ToolArguments)] == [
        ToolCallBegan(0, "toolu_1", "look"),
        ToolArguments(0, "{}"),
    ]


def test_thinking_without_a_signature_is_shown_and_does_not_go_back() -> None:
    events = told(message({"type": "thinking", "thinking": "Hm.", "signature": ""}, say("So.")))
    assert on_chat(events).reasoning == "Hm."
    assert not [event for event in events if isinstance(event, ReasoningState)]


def test_pieces_of_thinking_are_parts_of_one_item_and_one_state() -> None:
    thoughts = [{"type": "thinking", "thinking": text, "signature": text} for text in ("One.", "Two.")]
    events = told(message(*thoughts, say("So.")))
    assert [event.state for event in events if isinstance(event, ReasoningState)] == [{"blocks": thoughts}]
    reasoning, _ = on_responses(events).document["output"]
    assert [part["text"] for part in reasoning["content"]] == ["One.", "Two."]
    assert on_chat(events).reasoning == "One.\n\nTwo."


def test_state_of_thinking_is_attached_to_it_though_a_tool_ran_in_between() -> None:
    ran = {"type": "server_tool_use", "id": "s", "name": "web_fetch", "input": {"url": "https://a/"}}
    found = {"type": "web_fetch_tool_result", "tool_use_id": "s", "content": {}}
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
    output = on_responses(told(message(thought, ran, found, say("So.")))).document["output"]
    assert [item["type"] for item in output] == ["reasoning", "web_search_call", "reasoning", "message"]
    assert orjson.loads(output[0]["encrypted_content"]) == {"blocks": [thought]}
    assert orjson.loads(output[2]["encrypted_content"]) == {"blocks": [ran, found]}
    assert output[1]["action"] == {"type": "open_page", "url": "https://a/"}


def test_search_that_failed_is_an_item_that_failed() -> None:
    ran = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "so"}}
    error = {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": error}
    output = on_responses(told(message(ran, found, say("So.")))).document["output"]
    assert output[0]["status"] == "failed"


def test_call_of_a_server_of_its_own_is_an_item() -> None:
    ran = {"type": "mcp_tool_use", "id": "s", "name": "look", "server_name": "lab", "input": {"a": 1}}
    found = {"type": "mcp_tool_result", "tool_use_id": "s", "is_error": False, "content": [say("done")]}
    item = on_responses(told(message(ran, found))).document["output"][0]
    assert (item["type"], item["server_label"], item["arguments"]) == ("mcp_call", "lab", '{"a":1}')
    assert item["output"] == "done"


def test_places_of_citations_count_from_their_part() -> None:
    cited = {"type": "web_search_result_location", "url": "https://a/", "title": None, "cited_text": "x"}
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
    events = told(message(say("One. "), say("Two."), thought, say("So "), {**say("it is."), "citations": [cited]}))
    (citation,) = on_responses(events).citations
    assert (citation["start_index"], citation["end_index"], citation["title"]) == (3, 9, "")
    (nested,) = on_chat(events).citations
    place = nested["url_citation"]
    assert on_chat(events).text[place["start_index"] : place["end_index"]] == "it is."


_FOUND = {"type": "search_result_location", "search_result_index": 2, "start_block_index": 0, "cited_text": "x"}
_FILE = {"type": "file_citation", "file_id": "document_2", "index": 9, "cited_text": "x"}
_IN_FILE = {"start_block_index": 0, "search_result_index": 2}


@pytest.mark.parametrize(
    ("cited", "expected"),
    [
        (
            {**_FOUND, "source": "https://a/", "title": "T"},
            {"type": "url_citation", "url": "https://a/", "title": "T", "start_index": 3, "end_index": 9},
        ),
        (
            {**_FOUND, "source": "kb/12", "title": "T"},
            {**_FILE, **_IN_FILE, "source": "kb/12", "filename": "T"},
        ),
        ({**_FOUND, "source": "kb", "title": None}, {**_FILE, **_IN_FILE, "source": "kb", "filename": "kb"}),
    ],
)
def test_a_search_result_is_a_page_where_it_has_an_address_and_a_file_elsewhere(cited: Any, expected: Any) -> None:
    events = told(message(say("So "), {**say("it is."), "citations": [cited]}))
    (found,) = (event.annotation for event in events if isinstance(event, Annotation))
    assert found == {"cited_text": "x", **expected}


def test_tool_that_stands_in_for_the_form_is_the_answer() -> None:
    events = told(message(use(FORMAT_TOOL, {"name": "Rex"}), reason="tool_use"), FORMED, SONNET_4)
    assert on_chat(events).says()[0] == '{"name":"Rex"}'
    assert on_chat(events).finish == "stop"


def test_words_before_the_form_are_no_part_of_it() -> None:
    events = told(message(say("Here it is."), use(FORMAT_TOOL, {"name": "Rex"}), reason="tool_use"), FORMED, SONNET_4)
    assert on_chat(events).text == '{"name":"Rex"}'


def test_words_that_have_the_form_are_the_answer() -> None:
    assert on_chat(told(message(say('{"name": "Rex"}')), FORMED, SONNET_4)).text == '{"name": "Rex"}'


@pytest.mark.parametrize("content", [say("Rex"), use(FORMAT_TOOL, {"age": 3}), use(FORMAT_TOOL, {})])
def test_answer_without_the_form_is_a_failure(content: dict[str, Any]) -> None:
    assert failure(told(message(content), FORMED, SONNET_4)) == (502, "upstream_bad_reply")


def test_form_that_anthropic_keeps_is_not_held_back() -> None:
    assert Text('{"name": "Rex"}') in told(message(say('{"name": "Rex"}')), FORMED)


def test_words_around_calls_are_told_though_a_form_was_asked_for() -> None:
    events = told(message(say("I look."), use("look", {}), reason="tool_use"), FORMED, SONNET_4)
    assert (on_chat(events).text, on_chat(events).finish) == ("I look.", "tool_calls")


def test_forbidden_call_is_a_failure() -> None:
    asked = generation_of("m", tools=[{"type": "function", "name": "look"}], tool_choice="none")
    assert failure(told(message(use("look", {})), asked)) == (502, "upstream_bad_reply")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("overloaded_error", (503, "overloaded")),
        ("api_error", (503, "overloaded")),
        ("rate_limit_error", (429, "rate_limit_exceeded")),
        ("authentication_error", (502, "upstream_auth")),
        ("billing_error", (502, "insufficient_quota")),
        ("invalid_request_error", (400, None)),
        ("yet_to_come", (503, "overloaded")),
    ],
)
def test_error_in_mid_stream_has_its_meaning(kind: str, expected: tuple[int, str | None]) -> None:
    error = {"type": "error", "error": {"type": kind, "message": "no"}}
    decoder = DIALECT.decoder(ASKED, origin(), is_native=False)
    first = b"".join(map(_event, list(_events(message(say("Hello"))))[:4]))
    events = fed(decoder, first + _event(error), 1 << 16)
    assert failure(events) == expected
    assert [event for event in events if isinstance(event, Usage)]
    assert failure(DIALECT.decode_reply(orjson.dumps(error), ASKED, origin(), is_native=False)) == expected


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"content": "Hi"}', b'{"content": [1]}'])
def test_what_is_no_message_is_a_failure(body: bytes) -> None:
    assert failure(DIALECT.decode_reply(body, ASKED, origin(), is_native=False)) == (502, "upstream_bad_reply")


def test_stream_that_ends_after_its_reason_is_whole() -> None:
    events = list(_events(message(say("Hello"))))[:-1]
    decoder = DIALECT.decoder(ASKED, origin(), is_native=False)
    assert on_chat(fed(decoder, b"".join(map(_event, events)), 1 << 16)).finish == "stop"


def test_call_that_was_broken_off_ends_for_its_length() -> None:
    events = [*_events(message(use("look", {"a": "b"}), reason="max_tokens"))]
    del events[4:5]
    decoder = DIALECT.decoder(ASKED, origin(), is_native=False)
    told_in_pieces = fed(decoder, b"".join(map(_event, events)), 1 << 16)
    assert [event.reason for event in told_in_pieces if isinstance(event, Finished)] == ["length"]
