"""What Cohere answers, in neutral events: plain and streamed alike, wherever the stream was cut."""

from typing import Any

import orjson
import pytest

from gateway.dialects.base import Refused
from gateway.dialects.profiles.base import Profile
from gateway.neutral.events import (
    Annotation,
    Done,
    Event,
    Failed,
    Finished,
    PartBegan,
    Reasoning,
    ReasoningState,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.neutral.generation import Generation
from gateway.wire import sse
from tests.replay.decoded import fed
from tests.servers.cohere_upstream import stream_of
from tests.unit.cohere_requests import DIALECT, FACTS, asked, origin, tool
from tests.unit.generations import generation_of
from tests.unit.validating import validated

USAGE: dict[str, Any] = {"tokens": {"input_tokens": 11, "output_tokens": 7, "reasoning_tokens": 2}, "cached_tokens": 3}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FORM = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
_Object = dict[str, Any]


def answer(reason: str = "COMPLETE", **message: Any) -> _Object:
    return {"id": "a", "message": {"role": "assistant", **message}, "finish_reason": reason, "usage": USAGE}


def text(words: str) -> _Object:
    return {"type": "text", "text": words}


def thinking(words: str) -> _Object:
    return {"type": "thinking", "thinking": words}


def call(number: int = 0, arguments: str | None = '{"at":1}', name: str = "look") -> _Object:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


def plain(document: _Object, generation: Generation | None = None) -> list[Event]:
    generation = generation or generation_of("m")
    events = DIALECT.decode_reply(orjson.dumps(document), generation, origin(), is_native=False)
    return validated(events, DIALECT, generation, origin())


def streamed(*documents: _Object, generation: Generation | None = None, size: int = 1 << 20) -> list[Event]:
    body = b"".join(sse.event(orjson.dumps(document)) for document in documents)
    generation = generation or generation_of("m")
    events = fed(DIALECT.decoder(generation, origin(), is_native=False), body, size)
    return validated(events, DIALECT, generation, origin())


def folded(events: list[Event]) -> list[Event]:
    """The events with their pieces put together."""
    whole: list[Any] = []
    for event in events:
        last = whole[-1] if whole else None
        if isinstance(event, ToolArguments) and isinstance(last, ToolArguments) and last.index == event.index:
            whole[-1] = ToolArguments(event.index, last.text + event.text)
        elif isinstance(event, Text | Reasoning) and type(last) is type(event):
            whole[-1] = type(event)(last.text + event.text)
        else:
            whole.append(event)
    return whole


def told(document: _Object, generation: Generation | None = None) -> list[Event]:
    """The events of an answer, which are the same when it is streamed."""
    events = plain(document, generation)
    assert folded(streamed(*stream_of(document), generation=generation)) == folded(events)
    return events


def failure(events: list[Event]) -> tuple[int, str | None]:
    assert isinstance(events[-1], Failed)
    return events[-1].error.status, events[-1].error.code


def test_text_usage_and_end() -> None:
    usage = Usage(11, 7, 3, 0, 2, USAGE)
    assert told(answer(content=[text("Yes.")])) == [Text("Yes."), Finished("stop"), usage, Done()]
    assert plain(answer(content="Yes."))[0] == Text("Yes.")


def test_reasoning_is_told_with_its_state_before_what_follows() -> None:
    document = answer("TOOL_CALL", content=[thinking("Hm."), text("So.")], tool_plan="I look.", tool_calls=[call()])
    assert told(document)[:-3] == [
        Reasoning("Hm."),
        ReasoningState({"thinking": "Hm."}),
        Text("So."),
        Reasoning("I look."),
        ReasoningState({"tool_plan": "I look."}),
        ToolCallBegan(0, "call_0", "look"),
        ToolArguments(0, '{"at":1}'),
    ]


def test_plan_is_complete_when_other_reasoning_begins() -> None:
    plan = {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I look."}}}
    *_, begun, piece, end, _ = stream_of(answer(content=[thinking("Hm.")]))
    assert streamed(plan, begun, piece, end)[:4] == [
        Reasoning("I look."),
        ReasoningState({"tool_plan": "I look."}),
        Reasoning("Hm."),
        ReasoningState({"thinking": "Hm."}),
    ]


def test_reasoning_alone_keeps_its_state() -> None:
    assert told(answer(content=[thinking("Hm.")]))[:2] == [Reasoning("Hm."), ReasoningState({"thinking": "Hm."})]


@pytest.mark.parametrize("arguments", ["", "null", " null", None, "{}"])
def test_call_that_is_given_nothing_has_empty_arguments(arguments: str | None) -> None:
    document = answer("TOOL_CALL", tool_calls=[call(0, arguments), call(1, '{"at":1}')])
    events = plain(document)
    assert [event.text for event in events if isinstance(event, ToolArguments) and event.index == 0] == ["{}"]
    if arguments is not None:
        pieces = [event for event in streamed(*stream_of(document)) if isinstance(event, ToolArguments)]
        assert "".join(event.text for event in pieces if event.index == 0) == "{}"


def test_arguments_that_begin_like_none_are_told_whole() -> None:
    begun = {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": call(0, "n")}}}
    goes_on = {"type": "tool-call-delta", "delta": {"message": {"tool_calls": {"function": {"arguments": "o"}}}}}
    ended = {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}}
    assert ToolArguments(0, "no") in streamed(begun, goes_on, ended)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("COMPLETE", "stop"), ("STOP_SEQUENCE", "stop"), ("MAX_TOKENS", "length"), ("OF_TOMORROW", "stop"), (5, "stop")],
)
def test_finish_reasons(reason: Any, expected: str) -> None:
    assert [event.reason for event in told(answer(reason, content=[text("a")])) if isinstance(event, Finished)] == [
        expected
    ]


def test_calls_finish_as_calls_whatever_the_reason() -> None:
    assert Finished("tool_calls") in told(answer("COMPLETE", tool_calls=[call()]))
    assert Finished("length") in told(answer("MAX_TOKENS", tool_calls=[call()]))


def test_citations_have_their_sources_and_count_from_their_own_part() -> None:
    page = {"type": "tool", "id": "t:0", "tool_output": {"title": "A page", "url": "https://example.org/"}}
    named = {"type": "document", "id": "https://example.com/a", "document": {"text": "…"}}
    file = {"type": "document", "id": "doc:1", "document": {"title": "A file"}}
    cited = {"start": 0, "end": 2, "text": "It", "type": "TEXT_CONTENT", "content_index": 1}
    document = answer(
        content=[text("One."), text("It is.")],
        citations=[
            {**cited, "sources": [page, named]},
            {**cited, "sources": [file]},
            {**cited, "type": "PLAN", "sources": [page]},
        ],
    )
    place = {"start_index": 0, "end_index": 2}
    assert told(document)[:-3] == [
        Text("One."),
        PartBegan("output_text"),
        Text("It is."),
        Annotation({"type": "url_citation", "url": "https://example.org/", "title": "A page", **place}),
        Annotation({"type": "url_citation", "url": "https://example.com/a", "title": "", **place}),
        Annotation({"type": "file_citation", "file_id": "doc:1", "filename": "A file", "index": 1, **place}),
    ]


def test_log_probabilities_are_those_of_pieces_of_text() -> None:
    entries = [
        {"token_ids": [1], "text": "Ä", "logprobs": [-0.5]},
        {"token_ids": [2, 3], "text": "b", "logprobs": [-1, -2]},
    ]
    found: list[dict[str, Any]] = [
        {"token": "Ä", "logprob": -0.5, "bytes": [195, 132]},
        {"token": "b", "logprob": -3.0, "bytes": [98]},
    ]
    assert plain({**answer(content=[text("Äb")]), "logprobs": entries})[0] == Text("Äb", 0, found)
    delta = {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Ä"}}}}
    assert streamed({**delta, "logprobs": entries[0]})[0] == Text("Ä", 0, found[:1])


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ({"finish_reason": "ERROR", "error": "invalid tool generation"}, (502, "upstream_error")),
        ({"finish_reason": "TIMEOUT"}, (503, "overloaded")),
        ({"finish_reason": "ERROR", "error": "x", "error_type": "TOO_MANY_TOKENS"}, (400, "context_length_exceeded")),
    ],
)
def test_failure_with_a_status_of_success(ended: _Object, expected: tuple[int, str]) -> None:
    assert failure(plain({**answer(content=[text("a")]), **ended})) == expected
    events = streamed(*stream_of(answer(content=[text("a")])))[:1] + streamed({"type": "message-end", "delta": ended})
    assert failure(events) == expected
    if "error" in ended:
        assert str(ended["error"]) in str(events[-1])


def test_error_in_the_place_of_an_answer() -> None:
    assert failure(plain({"id": "a", "message": "It went wrong."})) == (503, "overloaded")
    assert failure(streamed({"id": "a", "message": "It went wrong."})) == (503, "overloaded")


def test_stream_that_ends_too_early_is_cut_off() -> None:
    *most, _ = stream_of(answer(content=[text("a")]))
    assert failure(streamed(*most)) == (502, "upstream_cut_off")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"message":{"tool_calls":[{}]}}'])
def test_what_is_no_answer_fails(body: bytes) -> None:
    assert failure(DIALECT.decode_reply(body, generation_of("m"), origin(), is_native=False)) == (
        502,
        "upstream_bad_reply",
    )


def test_events_of_tomorrow_are_passed_over() -> None:
    assert streamed({"type": "debug", "prompt": "x"}, *stream_of(answer(content=[text("a")])))[0] == Text("a")


def test_form_by_a_tool_is_the_text_of_the_answer() -> None:
    generation = asked(tools=[tool()], response_format=FORM)
    given = '{"city":"Oslo"}'
    events = told(answer("TOOL_CALL", tool_calls=[call(0, given, "answer_in_form")]), generation)
    assert (folded(events)[0], Finished("stop") in events) == (Text(given), True)
    called = told(answer("TOOL_CALL", tool_calls=[call()]), generation)
    assert Finished("tool_calls") in called
    broken = answer("TOOL_CALL", tool_calls=[call(0, '{"town":1}', "answer_in_form")])
    assert failure(plain(broken, generation)) == (502, "upstream_bad_reply")
    assert failure(streamed(*stream_of(broken), generation=generation)) == (502, "upstream_bad_reply")


def test_json_that_was_asked_for_beside_tools_is_held_to_it() -> None:
    generation = asked(tools=[tool()], response_format={"type": "json_object"})
    assert Finished("stop") in told(answer(content=[text('{"a":1}')]), generation)
    broken = answer(content=[text("Well.")])
    assert failure(plain(broken, generation)) == (502, "upstream_bad_reply")
    assert failure(streamed(*stream_of(broken), generation=generation)) == (502, "upstream_bad_reply")


def test_images_are_counted_beside_the_text() -> None:
    tokens = {"input_tokens": 34, "output_tokens": 70, "reasoning_tokens": 99, "image_tokens": 259}
    raw = {"billed_units": {"input_tokens": 267}, "tokens": tokens, "cached_tokens": 999}
    (usage,) = [event for event in plain({**answer(content="a"), "usage": raw}) if isinstance(event, Usage)]
    assert (usage.prompt, usage.completion, usage.cached, usage.reasoning) == (293, 70, 293, 70)
    billed = {"billed_units": {"input_tokens": 5, "output_tokens": 7}}
    (usage,) = [event for event in plain({**answer(content="a"), "usage": billed}) if isinstance(event, Usage)]
    assert (usage.prompt, usage.completion) == (5, 7)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"message": "invalid request: no."}, (400, None)),
        (400, {"message": "x", "error_type": "TOO_MANY_TOKENS"}, (400, "context_length_exceeded")),
        (400, {"message": "too many tokens: size limit exceeded by 11326 tokens."}, (400, "context_length_exceeded")),
        (401, {"message": "Incorrect API key provided: ***."}, (502, "upstream_auth")),
        (402, {"message": "please add a payment method"}, (502, "insufficient_quota")),
        (404, {"message": "model 'x' not found"}, (404, "model_not_found")),
        (422, {"message": "invalid"}, (400, None)),
        (429, {"message": "Trial key"}, (429, "rate_limit_exceeded")),
        (498, {"message": "invalid token"}, (502, "upstream_auth")),
        (499, {"message": "gone"}, (502, "upstream_error")),
        (500, {"message": "oh"}, (503, "overloaded")),
        (504, None, (503, "overloaded")),
    ],
)
def test_refusals(status: int, body: _Object | None, expected: tuple[int, str | None]) -> None:
    written = orjson.dumps({"id": "1", **body}) if body else b"<html>"
    error = DIALECT.decode_error(Refused("cohere", status, {}, written), FACTS)
    assert (error.status, error.code) == expected


def test_long_prompts_are_about_the_messages() -> None:
    body = orjson.dumps({"message": "too many tokens"})
    assert DIALECT.decode_error(Refused("cohere", 400, {}, body), FACTS).param == "messages"
    assert DIALECT.decode_error(Refused("cohere", 400, {}, body), Profile()).code is None


def test_models_that_chat_are_listed_with_their_windows() -> None:
    models = [
        {"name": "command-a-03-2025", "endpoints": ["chat", "generate"], "context_length": 288000},
        {"name": "embed-v4.0", "endpoints": ["embed"]},
        {"name": "own"},
        {"endpoints": ["chat"]},
    ]
    found = DIALECT.decode_models(orjson.dumps({"models": models}))
    assert [(model.name, model.context_window) for model in found] == [("command-a-03-2025", 288000), ("own", None)]
    for body in (b"[]", b"{}", b"no"):
        with pytest.raises(ValueError, match=r".+"):
            DIALECT.decode_models(body)


def test_key_is_a_bearer_token() -> None:
    assert DIALECT.authorize("k") == {"authorization": "Bearer k"}
