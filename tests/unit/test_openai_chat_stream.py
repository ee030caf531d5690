"""Streams of the chat dialect: whatever an upstream does, an answer comes out, or one failure."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.neutral.events import (
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    NativeChunk,
    NativeReply,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.surfaces.base import Author
from gateway.surfaces.responses.writer import ResponseWriter
from tests.clients.contract import check
from tests.unit.generations import generation_of
from tests.unit.upstreams import CHUNK, JUNK, REPLY, written

DIALECT = OpenAIChat()
ORIGIN = Origin("lab", "small")
ASKED = generation_of(model="small")
DONE = b"[DONE]"
PAYLOADS = st.lists(st.one_of(CHUNK.map(written), CHUNK.map(written), CHUNK.map(written), st.just(DONE)), max_size=8)
BROKEN = st.one_of(PAYLOADS, st.lists(st.one_of(st.binary(max_size=8), JUNK.map(written)), max_size=3))


def stream(payloads: Iterable[Any], *, is_native: bool = False, include_usage: bool = False) -> list[Event]:
    """The events of a stream of these payloads, which are bytes or are written as JSON."""
    generation = generation_of(model="small", is_stream=True, include_usage=include_usage)
    decoder = DIALECT.decoder(generation, ORIGIN, is_native=is_native)
    events: list[Event] = []
    for payload in payloads:
        events += decoder.feed(payload if isinstance(payload, bytes) else orjson.dumps(payload))
    events += decoder.end()
    assert not decoder.feed(orjson.dumps(chunk(content="late")))
    assert not decoder.feed(DONE)
    assert not decoder.end()
    return [event for event in events if event != AnswerMetadata({"model": "small"})]


def chunk(finish: Any = None, index: int = 0, **delta: Any) -> dict[str, Any]:
    """A chunk as OpenAI sends them."""
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {**IDENTITY, "choices": [choice]}


def call(index: Any = None, *, id: Any = None, name: Any = None, arguments: Any = None) -> dict[str, Any]:
    """A piece of a tool call, with what is given."""
    function = {"name": name, "arguments": arguments}
    piece = {"index": index, "id": id, "function": {k: v for k, v in function.items() if v is not None}}
    return {k: v for k, v in piece.items() if v is not None}


IDENTITY = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "small"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def chunks_of(events: Sequence[Event]) -> list[dict[str, Any]]:
    return [orjson.loads(event.payload) for event in events if isinstance(event, NativeChunk)]


def failure(events: Sequence[Event]) -> tuple[int, str | None]:
    assert isinstance(events[-1], Failed)
    return events[-1].error.status, events[-1].error.code


@settings(max_examples=120)
@given(BROKEN)
def test_neutral_stream_ends_once_whatever_the_upstream_sends(payloads: list[bytes]) -> None:
    events = stream(payloads)
    assert [event for event in events if isinstance(event, Done | Failed)] == events[-1:]
    ended = [event.choice for event in events if isinstance(event, Finished)]
    assert len(ended) == len(set(ended))
    begun = [(event.choice, event.index) for event in events if isinstance(event, ToolCallBegan)]
    assert len(begun) == len(set(begun))
    known = set[tuple[int, int]]()
    for event in events:
        if isinstance(event, ToolCallBegan):
            assert event.id
            assert event.name
            known.add((event.choice, event.index))
        elif isinstance(event, ToolArguments):
            assert (event.choice, event.index) in known


@settings(max_examples=120)
@given(BROKEN, st.booleans())
def test_native_stream_keeps_the_contract_whatever_the_upstream_sends(
    payloads: list[bytes], include_usage: bool
) -> None:
    events = stream(payloads, is_native=True, include_usage=include_usage)
    assert [event for event in events if isinstance(event, Done | Failed)] == events[-1:]
    chunks = chunks_of(events)
    for piece in chunks:
        check("ChatCompletionChunk", piece)
    assert len({(piece["id"], piece["created"], piece["model"]) for piece in chunks}) <= 1
    with_usage = [piece for piece in chunks if piece.get("usage")]
    usage = [event for event in events if isinstance(event, Usage)]
    is_told = include_usage and bool(usage) and isinstance(events[-1], Done)
    assert with_usage == (chunks[-1:] if is_told else [])
    if isinstance(events[-1], Done):
        choices = [choice for piece in chunks for choice in piece["choices"]]
        assert {c["index"] for c in choices} == {c["index"] for c in choices if c["finish_reason"]}


@settings(max_examples=80)
@given(BROKEN)
def test_any_stream_can_be_told_as_a_response(payloads: list[bytes]) -> None:
    writer = ResponseWriter(ASKED, Author("lab", "small", lambda state: "sealed"))
    told = writer.write(stream(payloads)) + writer.end()
    assert told.endswith(b"data: [DONE]\n\n")
    for line in told.split(b"\n"):
        if line.startswith(b"data: {"):
            check("ResponseStreamEvent", orjson.loads(line.removeprefix(b"data: ")))


@settings(max_examples=120)
@given(st.one_of(REPLY.map(written), st.binary(max_size=8), JUNK.map(written)))
def test_plain_reply_keeps_the_contract_whatever_the_upstream_sends(body: bytes) -> None:
    native = DIALECT.decode_reply(body, ASKED, ORIGIN, is_native=True)
    neutral = DIALECT.decode_reply(body, ASKED, ORIGIN, is_native=False)
    assert [event for event in native if isinstance(event, Done | Failed)] == native[-1:]
    assert [event for event in neutral if isinstance(event, Done | Failed)] == neutral[-1:]
    for event in native:
        if isinstance(event, NativeReply):
            check("ChatCompletion", event.document)


@pytest.mark.parametrize("is_native", [True, False])
def test_cut_stream_fails(is_native: bool) -> None:
    assert failure(stream([chunk(content="Hel")], is_native=is_native)) == (502, "upstream_cut_off")
    assert failure(stream([], is_native=is_native)) == (502, "upstream_cut_off")
    both = [chunk("stop", index=0, content="a"), chunk(index=1, content="b")]
    assert failure(stream(both, is_native=is_native)) == (502, "upstream_cut_off")


@pytest.mark.parametrize("is_native", [True, False])
def test_end_mark_without_any_answer_fails(is_native: bool) -> None:
    assert failure(stream([DONE], is_native=is_native)) == (502, "upstream_cut_off")


@pytest.mark.parametrize("is_native", [True, False])
def test_stream_without_end_mark_is_whole_if_every_choice_finished(is_native: bool) -> None:
    assert stream([chunk(content="Hi"), chunk("stop")], is_native=is_native)[-1] == Done()


def test_end_mark_finishes_what_is_open() -> None:
    payloads = [chunk(content="a"), chunk(index=1, tool_calls=[call(0, id="c", name="look")]), DONE]
    arguments = ToolArguments(0, "{}", 1)
    assert stream(payloads)[-4:] == [Finished("stop", 0), arguments, Finished("tool_calls", 1), Done()]
    last = chunks_of(stream(payloads, is_native=True))[-2:]
    assert [(c["choices"][0]["index"], c["choices"][0]["finish_reason"]) for c in last] == [
        (0, "stop"),
        (1, "tool_calls"),
    ]


def test_empty_finish_reason_is_no_end() -> None:
    assert failure(stream([chunk("", content="Hel")])) == (502, "upstream_cut_off")
    (piece, *_) = chunks_of(stream([chunk("", content="Hel"), DONE], is_native=True))
    assert piece["choices"][0]["finish_reason"] is None


def test_choice_that_finishes_twice_is_finished_once() -> None:
    events = stream([chunk("length", content="a"), chunk("length", content="b"), DONE])
    assert events == [Text("a"), Text("b"), Finished("length"), Done()]


def test_parallel_calls_are_told_apart_by_index() -> None:
    events = stream(
        [
            chunk(tool_calls=[call(0, id="a", name="look"), call(1, id="b", name="find")]),
            chunk(tool_calls=[call(1, arguments="{}"), call(0, arguments="[]")]),
            chunk("stop"),
        ]
    )
    assert events == [
        ToolCallBegan(0, "a", "look"),
        ToolCallBegan(1, "b", "find"),
        ToolArguments(1, "{}"),
        ToolArguments(0, "[]"),
        Finished("tool_calls"),
        Done(),
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        [call(0, id="a", name="f", arguments="1"), call(0, id="b", name="g", arguments="2")],
        [call(id="a", name="f", arguments="1"), call(id="b", name="g", arguments="2")],
        [call(name="f", arguments="1"), call(name="g", arguments="2")],
        [
            call(0, id="a", name="f"),
            call(0, id="a", arguments="1"),
            call(0, id="b", name="g"),
            call(0, id="b", arguments="2"),
        ],
        [call(id="a", name="f"), call(id="b", name="g"), call(id="a", arguments="1"), call(arguments="2")],
    ],
)
def test_parallel_calls_with_one_index_or_none_are_told_apart(pieces: list[dict[str, Any]]) -> None:
    payloads = [*(chunk(tool_calls=[piece]) for piece in pieces), DONE]
    events = stream(payloads)
    begun = [(event.index, event.name) for event in events if isinstance(event, ToolCallBegan)]
    assert begun == [(0, "f"), (1, "g")]
    told = [(event.index, event.text) for event in events if isinstance(event, ToolArguments)]
    assert told == [(0, "1"), (1, "2")]
    native = chunks_of(stream(payloads, is_native=True))
    named = [c for piece in native for choice in piece["choices"] for c in choice["delta"].get("tool_calls", [])]
    assert [c["index"] for c in named if c.get("function", {}).get("name")] == [0, 1]


def test_call_whose_id_or_name_is_repeated_is_one_call() -> None:
    repeated = [chunk(tool_calls=[call(0, id="a", name="f", arguments=text)]) for text in ("{", "}")]
    assert stream([*repeated, DONE])[:3] == [
        ToolCallBegan(0, "a", "f"),
        ToolArguments(0, "{"),
        ToolArguments(0, "}"),
    ]
    renamed = [
        chunk(tool_calls=[call(0, id="a", name="f")]),
        chunk(tool_calls=[call(0, id="b", arguments="{}")]),
    ]
    assert stream([*renamed, DONE])[:2] == [ToolCallBegan(0, "a", "f"), ToolArguments(0, "{}")]


def test_call_that_is_named_late_begins_with_all_its_arguments() -> None:
    payloads = [
        chunk(tool_calls=[call(0, id="a", arguments="{")]),
        chunk(tool_calls=[call(0, arguments="}")]),
        chunk(tool_calls=[call(0, name="f")]),
        DONE,
    ]
    assert stream(payloads)[:2] == [ToolCallBegan(0, "a", "f"), ToolArguments(0, "{}")]


def test_call_that_is_never_named_fails_the_answer() -> None:
    payloads = [chunk(tool_calls=[call(0, id="a", arguments="{}")]), chunk("tool_calls"), DONE]
    assert failure(stream(payloads)) == (502, "upstream_bad_reply")
    body = {"choices": [{"message": {"tool_calls": [call(id="a", arguments="{}")]}}]}
    assert failure(DIALECT.decode_reply(orjson.dumps(body), ASKED, ORIGIN, is_native=False)) == (
        502,
        "upstream_bad_reply",
    )


def test_usage_leaves_once_in_a_last_chunk_wherever_it_came() -> None:
    early = [{**chunk(content="a"), "usage": {**USAGE, "completion_tokens": 1}}, chunk("stop"), DONE]
    late = [chunk(content="a"), chunk("stop"), {**IDENTITY, "choices": [], "usage": USAGE, "x": 1}, DONE]
    twice = [chunk("stop", content="a"), *[{**IDENTITY, "choices": [], "usage": USAGE}] * 2, DONE]
    for payloads, tokens in ((early, 1), (late, 2), (twice, 2)):
        native = chunks_of(stream(payloads, is_native=True, include_usage=True))
        assert [c["usage"]["completion_tokens"] for c in native if c.get("usage")] == [tokens]
        assert native[-1]["choices"] == []
        assert all("usage" not in c for c in chunks_of(stream(payloads, is_native=True)))
        events = stream(payloads)
        assert [event.completion for event in events if isinstance(event, Usage)] == [tokens]
    assert chunks_of(stream(late, is_native=True, include_usage=True))[-1]["x"] == 1


def test_usage_that_is_junk_counts_nothing() -> None:
    junk = {"prompt_tokens": "many", "completion_tokens": -1, "prompt_tokens_details": {"cached_tokens": True}}
    (usage, _) = stream([{**chunk("stop"), "usage": junk}])[-2:]
    assert isinstance(usage, Usage)
    assert (usage.prompt, usage.completion, usage.cached, usage.reasoning) == (0, 0, 0, 0)
    others: list[Any] = ["many", [1], 7, True, {}]
    for other in others:
        assert not [e for e in stream([{**chunk("stop"), "usage": other}]) if isinstance(e, Usage)]


def test_reasoning_is_part_of_the_completion_and_details_of_their_parents() -> None:
    def usage(**fields: Any) -> Usage:
        events = stream([{**chunk("stop"), "usage": fields}])
        assert isinstance(events[-2], Usage)
        return events[-2]

    details = {"reasoning_tokens": 228}
    on_top = usage(prompt_tokens=12, completion_tokens=1, total_tokens=241, completion_tokens_details=details)
    assert (on_top.completion, on_top.reasoning) == (229, 228)
    clamped = usage(prompt_tokens=43, completion_tokens=10, completion_tokens_details={"reasoning_tokens": 11})
    assert (clamped.completion, clamped.reasoning) == (10, 10)


def test_chunk_that_is_in_order_passes_as_it_came() -> None:
    payload = (
        b'{ "id":"a", "object":"chat.completion.chunk", "created":1, "model":"m", "odd": {"b": 1},'
        b' "choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}'
    )
    assert stream([payload], is_native=True)[0] == NativeChunk(payload)


def test_identity_is_the_first_that_is_whole() -> None:
    nameless = {
        "id": "",
        "object": "",
        "created": 0,
        "model": "",
        "choices": [],
        "prompt_filter_results": [1],
    }
    native = chunks_of(stream([nameless, chunk("stop", content="a")], is_native=True))
    assert [(c["id"], c["created"], c["model"]) for c in native] == [("chatcmpl-1", 1700000000, "small")] * 2
    assert native[0]["prompt_filter_results"] == [1]


@pytest.mark.parametrize("payload", [b"", b" ", b"\t"])
def test_empty_payload_is_passed_over(payload: bytes) -> None:
    assert stream([payload, chunk("stop", content="a")])[-1] == Done()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 429, "message": "slow down"}, (429, "rate_limit_exceeded")),
        ({"code": "429", "message": "slow down"}, (429, "rate_limit_exceeded")),
        ({"type": "rate_limit_error"}, (429, "rate_limit_exceeded")),
        ({"code": "insufficient_quota"}, (429, "insufficient_quota")),
        ({"status_code": 400, "code": "tool_use_failed"}, (400, "tool_use_failed")),
        (
            {"type": "invalid_request_error", "code": "context_length_exceeded"},
            (400, "context_length_exceeded"),
        ),
        ({"code": 401}, (502, "upstream_auth")),
        ({"code": 502}, (503, "overloaded")),
        ({"message": "?"}, (503, "overloaded")),
        ("Unauthorized?", (503, "overloaded")),
        ([1], (503, "overloaded")),
    ],
)
@pytest.mark.parametrize("is_native", [True, False])
def test_error_in_the_stream_keeps_its_meaning(error: Any, expected: tuple[int, str], is_native: bool) -> None:
    events = stream([chunk(content="Hel"), {"error": error, "usage": USAGE}], is_native=is_native)
    assert failure(events) == expected
    assert isinstance(events[-2], Usage)


def test_error_object_without_an_envelope_fails_too() -> None:
    vllm = {"object": "error", "message": "no", "type": "BadRequestError", "code": 400}
    assert failure(stream([vllm])) == (400, None)


def test_error_that_is_nested_too_deeply_is_an_error() -> None:
    deep = b'{"error": {"metadata": ' + b"[" * 600 + b"]" * 600 + b"}}"
    assert failure(stream([deep])) == (503, "overloaded")
    assert failure(DIALECT.decode_reply(deep, ASKED, ORIGIN, is_native=True)) == (503, "overloaded")


@pytest.mark.parametrize("reason", ["error", "abort", "insufficient_system_resource"])
def test_finish_reason_that_says_failure_is_one(reason: str) -> None:
    assert failure(stream([chunk(content="a"), chunk(reason)])) == (503, "overloaded")
    body = orjson.dumps({"choices": [{"message": {"content": "a"}, "finish_reason": reason}]})
    assert failure(DIALECT.decode_reply(body, ASKED, ORIGIN, is_native=True)) == (503, "overloaded")


@pytest.mark.parametrize(
    "delta",
    [
        {"content": 5},
        {"tool_calls": "look"},
        {"tool_calls": ["look"]},
        {"tool_calls": [{"function": "look"}]},
        {"tool_calls": [{"function": {"name": 5}}]},
        [],
    ],
)
@pytest.mark.parametrize("is_native", [True, False])
def test_delta_of_the_wrong_kind_fails(delta: Any, is_native: bool) -> None:
    payload = {**IDENTITY, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    assert failure(stream([payload], is_native=is_native)) == (502, "upstream_bad_reply")


@pytest.mark.parametrize(("given", "text"), [({"a": 1}, '{"a":1}'), ([1], "[1]"), (5, "5"), ("{}", "{}")])
def test_arguments_that_are_no_text_become_it(given: Any, text: str) -> None:
    piece = {"index": 0, "id": "a", "function": {"name": "f", "arguments": given}}
    events = stream([chunk("tool_calls", tool_calls=[piece])])
    assert events[:2] == [ToolCallBegan(0, "a", "f"), ToolArguments(0, text)]


def test_function_that_is_null_is_no_function() -> None:
    pieces = [{"index": 0, "id": "a", "function": {"name": "f"}}, {"index": 0, "function": None}]
    native = chunks_of(stream([chunk(tool_calls=[piece]) for piece in pieces] + [DONE], is_native=True))
    assert native[1]["choices"][0]["delta"]["tool_calls"] == [{"index": 0}]
