"""Responses built from neutral events: whatever comes in, the stream keeps its grammar and loses nothing."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import UpstreamDown, UpstreamError
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    ItemBegan,
    ItemEnded,
    ItemProgress,
    PartBegan,
    Reasoning,
    ReasoningState,
    Refusal,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.surfaces.base import Author
from gateway.surfaces.responses.writer import ResponseWriter
from gateway.wire import sse
from tests.clients.contract import check
from tests.unit.generations import generation_of
from tests.unit.stream_grammar import Machine

CHOICES = st.sampled_from([0, 0, 0, 1, 2])
TEXTS = st.sampled_from(["", "a", "two words", "ä🙂"])
PIECES = st.sampled_from(["", "{", "}", '{"a": 1}', "[1]", "5", ' {"b": "}"}', " "])
TOKEN: dict[str, Any] = {
    "token": "a",
    "logprob": -0.5,
    "bytes": None,
    "top_logprobs": [{"token": "b", "logprob": -1, "bytes": [98]}],
}
CITED = {"url": "https://example.com", "title": "Example", "start_index": 0, "end_index": 1}
CITATIONS = st.sampled_from(
    [
        {"type": "url_citation", "url_citation": CITED},
        {"type": "url_citation", **CITED},
        {"url_citation": {"url": "https://example.com"}},
        {"type": "url_citation", "url_citation": {"title": "of nothing"}},
        {"type": "file", "file": {"name": "a.pdf"}},
        {"type": 5},
    ]
)
SEARCH: dict[str, Any] = {
    "type": "web_search_call",
    "id": "ws_theirs",
    "status": "in_progress",
    "action": {"type": "search"},
}
SEARCHING = {
    "type": "response.web_search_call.searching",
    "item_id": "ws_theirs",
    "output_index": 7,
    "sequence_number": 99,
}
ITEMS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        SEARCH,
        {"type": "message", "id": "msg_theirs", "status": "in_progress", "role": "assistant", "phase": "commentary"},
        {"type": "reasoning", "id": "rs_theirs", "status": "in_progress"},
    ]
)
EVENT: st.SearchStrategy[Event] = st.one_of(
    st.builds(Summary, TEXTS, CHOICES),
    st.builds(ReasoningState, st.just({"reasoning_content": "hm"}), CHOICES),
    st.builds(PartBegan, st.sampled_from(["output_text", "refusal", "reasoning_text", "summary_text"]), CHOICES),
    st.builds(ItemBegan, ITEMS),
    st.builds(ItemProgress, st.just(SEARCHING)),
    st.builds(ItemEnded, ITEMS.map(lambda item: {**item, "status": "completed"})),
    st.builds(ItemEnded, st.just({"type": "function_call", "status": "incomplete"})),
    st.builds(AnswerMetadata, st.just({"service_tier": "flex"})),
    st.builds(
        ToolCallBegan,
        st.integers(0, 2),
        st.just("call_2"),
        st.just("write"),
        CHOICES,
        st.just("custom"),
        st.sampled_from([None, "files"]),
    ),
    st.builds(Text, TEXTS, CHOICES, st.sampled_from([None, [TOKEN]])),
    st.builds(Reasoning, TEXTS, CHOICES),
    st.builds(Refusal, TEXTS, CHOICES),
    st.builds(ToolCallBegan, st.integers(0, 2), st.just("call_1"), st.sampled_from(["look", "find"]), CHOICES),
    st.builds(ToolArguments, st.integers(0, 2), PIECES, CHOICES),
    st.builds(ToolArguments, st.integers(0, 2), PIECES, CHOICES),
    st.builds(Annotation, CITATIONS, CHOICES),
    st.builds(Finished, st.sampled_from(["stop", "length", "tool_calls", "content_filter"]), CHOICES),
    st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
)
ENDS = st.sampled_from(
    [Done(), Done(), Failed(UpstreamDown("cut off")), Failed(UpstreamError(429, "slow", type="t", code=None))]
)
NAMES = {"output_text": "Text", "refusal": "Refusal", "reasoning_text": "Reasoning", "summary_text": "Summary"}
BATCHES = st.lists(st.lists(EVENT, max_size=4), max_size=8)


def new_writer() -> ResponseWriter:
    author = Author("lab", "small", lambda state: f"sealed {orjson.dumps(state).decode()}")
    return ResponseWriter(generation_of("lab/small"), author)


def streamed(batches: Sequence[Sequence[Event]]) -> list[dict[str, Any]]:
    """The events of the stream, each as it stood when it was written; `[DONE]` ends it."""
    writer, reader = new_writer(), sse.Reader()
    written = b"".join(writer.write(batch) for batch in batches) + writer.end()
    payloads = reader.feed(written)
    assert payloads[-1] == b"[DONE]"
    assert payloads.count(b"[DONE]") == 1
    events = [orjson.loads(payload) for payload in payloads[:-1]]
    names = [line.removeprefix(b"event: ").decode() for line in written.split(b"\n") if line.startswith(b"event: ")]
    assert names == [event["type"] for event in events]
    return events


def plain(events: Sequence[Event]) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(new_writer().reply(events))
    return document


def said(response: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The output in short."""
    return [_said(item) for item in response["output"]]


def _said(item: dict[str, Any]) -> tuple[Any, ...]:
    if item["type"] == "function_call":
        return item["name"], item["arguments"], item["status"]
    if "content" not in item:
        return item["type"], item["status"]
    texts = [part.get("text", part.get("refusal")) for part in item["content"]]
    return (item["type"], *texts, item["status"])


def without_identity(document: dict[str, Any]) -> dict[str, Any]:
    gone = {"id", "created_at", "completed_at"}
    output = [{name: value for name, value in item.items() if name != "id"} for item in document["output"]]
    return {**{name: value for name, value in document.items() if name not in gone}, "output": output}


@settings(max_examples=80)
@given(BATCHES, ENDS)
def test_stream_keeps_the_grammar_and_the_contract(batches: list[list[Event]], end: Event) -> None:
    machine = Machine()
    for event in streamed([*batches, [end]]):
        machine.read(event)
        check("ResponseStreamEvent", event)
    assert machine.is_over


@settings(max_examples=80)
@given(BATCHES, ENDS)
def test_plain_response_is_the_last_of_the_stream(batches: list[list[Event]], end: Event) -> None:
    last = streamed([*batches, [end]])[-1]["response"]
    assert without_identity(plain([*(e for batch in batches for e in batch), end])) == without_identity(last)


@settings(max_examples=80)
@given(BATCHES)
def test_no_text_is_lost_and_none_told_twice(batches: list[list[Event]]) -> None:
    given: dict[str, str] = defaultdict(str)
    events = [event for batch in batches for event in batch]
    for choice in (0, 1, 2):
        for event in events:
            if isinstance(event, Text | Reasoning | Refusal | Summary) and event.choice == choice:
                given[type(event).__name__] += event.text
    told: dict[str, str] = defaultdict(str)
    for item in plain([*events, Done()])["output"]:
        for part in [*item.get("content", []), *item.get("summary", [])]:
            name = NAMES[part["type"]]
            told[name] += part.get("text", part.get("refusal"))
    assert {name: sorted(text) for name, text in told.items() if text} == {
        name: sorted(text) for name, text in given.items() if text
    }


def test_empty_answer_is_a_completed_response_without_output() -> None:
    response = streamed([[Finished("stop"), Done()]])[-1]["response"]
    assert (response["status"], response["output"], response["usage"]["total_tokens"]) == ("completed", [], 0)


def test_reasoning_text_and_call_become_three_items_in_order() -> None:
    events: list[Event] = [
        Reasoning("hm"),
        Text("Let me "),
        Text("look."),
        ToolCallBegan(0, "call_1", "look"),
        ToolArguments(0, '{"a"'),
        ToolArguments(0, ": 1}"),
        Finished("tool_calls"),
        Usage(5, 7, cached=2, reasoning=3),
        Done(),
    ]
    response = plain(events)
    assert said(response) == [
        ("reasoning", "hm", "completed"),
        ("message", "Let me look.", "completed"),
        ("look", '{"a": 1}', "completed"),
    ]
    assert response["output"][2]["call_id"] == "call_1"
    assert response["usage"] == {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 12,
        "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 2, "image_tokens": 0, "text_tokens": 5},
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": 3,
            "rejected_prediction_tokens": 0,
        },
        "raw_usage": {},
    }


def test_interleaved_calls_are_told_one_after_the_other() -> None:
    events: list[Event] = [
        ToolCallBegan(0, "a", "look"),
        ToolCallBegan(1, "b", "find"),
        ToolArguments(0, '{"x":'),
        ToolArguments(1, '{"y":'),
        ToolArguments(0, " 1}"),
        ToolArguments(1, " 2}"),
        Text("Done."),
        Finished("tool_calls"),
        Done(),
    ]
    told = streamed([[event] for event in events])
    assert said(told[-1]["response"]) == [
        ("look", '{"x": 1}', "completed"),
        ("find", '{"y": 2}', "completed"),
        ("message", "Done.", "completed"),
    ]


def test_call_is_told_as_soon_as_the_one_before_it_is_complete() -> None:
    writer = new_writer()
    writer.write([ToolCallBegan(0, "a", "look"), ToolCallBegan(1, "b", "find"), ToolArguments(0, '{"x": {')])
    assert b'"find"' not in writer.write([ToolArguments(0, '"a": 1}')])
    assert b'"find"' in writer.write([ToolArguments(0, "}")])


def test_arguments_that_are_no_object_are_complete_only_at_the_end() -> None:
    events: list[Event] = [
        ToolCallBegan(0, "a", "look"),
        ToolArguments(0, "1"),
        Text("x"),
        ToolArguments(0, "2"),
        Finished("tool_calls"),
        Done(),
    ]
    assert said(plain(events)) == [("look", "12", "completed"), ("message", "x", "completed")]


def test_call_without_arguments_has_an_empty_object() -> None:
    events: list[Event] = [ToolCallBegan(0, "a", "look"), ToolCallBegan(1, "b", "find"), Finished("tool_calls"), Done()]
    assert said(plain(events)) == [("look", "{}", "completed"), ("find", "{}", "completed")]


def test_choices_become_messages_in_their_order() -> None:
    events: list[Event] = [
        Text("b1", 1),
        Text("a1", 0),
        Text("c1", 2),
        Finished("stop", 1),
        Text("a2", 0),
        Finished("length", 2),
        Finished("stop", 0),
        Done(),
    ]
    response = plain(events)
    assert said(response) == [
        ("message", "a1a2", "completed"),
        ("message", "b1", "completed"),
        ("message", "c1", "incomplete"),
    ]
    assert (response["status"], response["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )


def test_choices_that_never_finish_are_told_at_the_end() -> None:
    events: list[Event] = [Text("c", 5), Text("b", 1), Text("a", 0), Done()]
    assert [item[1] for item in said(plain(events))] == ["a", "b", "c"]


def test_text_after_the_end_of_its_choice_is_not_lost() -> None:
    events: list[Event] = [
        Text("a"),
        Finished("stop"),
        Finished("stop"),
        Text("late"),
        Finished("stop"),
        Text("r"),
        Done(),
    ]
    assert [item[1] for item in said(plain(events))] == ["a", "late", "r"]


def test_a_thousand_choices_are_told() -> None:
    choices = range(999, -1, -1)
    events: list[Event] = [
        *(Text(str(choice), choice) for choice in choices),
        *(Finished("stop", c) for c in choices),
        Done(),
    ]
    assert [item[1] for item in said(plain(events))] == [str(choice) for choice in range(1000)]


def test_arguments_are_parsed_once_however_often_their_braces_balance() -> None:
    class Counted(str):
        counted = 0

        def rstrip(self, chars: str | None = None) -> str:
            Counted.counted += 1
            return super().rstrip(chars)

    broken = [Counted('{"a"}')] * 2000
    events: list[Event] = [ToolCallBegan(0, "a", "look"), ToolCallBegan(1, "b", "find")]
    events += [*(ToolArguments(0, piece) for piece in broken), Done()]
    assert said(plain(events)) == [("look", '{"a"}' * 2000, "completed"), ("find", "{}", "completed")]
    assert Counted.counted == 1


@pytest.mark.parametrize(
    ("reason", "status", "detail"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_finish_reason_decides_the_status(reason: Any, status: str, detail: Any) -> None:
    response = streamed([[Text("a"), Finished(reason), Done()]])[-1]["response"]
    assert (response["status"], response["incomplete_details"]) == (status, detail)
    assert response["output"][0]["status"] == status


def test_failure_closes_what_is_open_and_says_why() -> None:
    told = streamed([[Text("Hel")], [Usage(1, 1), Failed(UpstreamError(429, "slow down", type="t", code="c"))]])
    response = told[-1]["response"]
    assert told[-1]["type"] == "response.failed"
    assert response["error"] == {"code": "rate_limit_exceeded", "message": "slow down"}
    assert said(response) == [("message", "Hel", "incomplete")]
    assert response["usage"]["total_tokens"] == 2


def test_nothing_follows_the_end() -> None:
    writer = new_writer()
    writer.write([Done()])
    assert writer.write([Text("late")]) == b""


def test_log_probabilities_have_every_field() -> None:
    (item,) = plain([Text("a", logprobs=[TOKEN]), Finished("stop"), Done()])["output"]
    (measured,) = item["content"][0]["logprobs"]
    assert measured == {
        "token": "a",
        "logprob": -0.5,
        "bytes": [],
        "top_logprobs": [{"token": "b", "logprob": -1, "bytes": [98]}],
    }


def test_usage_details_never_exceed_their_parents() -> None:
    usage = plain([Usage(prompt=1, completion=2, cached=5, reasoning=6), Done()])["usage"]
    assert usage["input_tokens_details"]["cached_tokens"] == 1
    assert usage["output_tokens_details"]["reasoning_tokens"] == 2


def test_call_id_that_is_too_long_to_be_sent_back_is_shortened_and_told_apart() -> None:
    events: list[Event] = [ToolCallBegan(i, f"{'x' * 80}{i}", "look") for i in range(2)]
    first, second = (item["call_id"] for item in plain([*events, Finished("tool_calls"), Done()])["output"])
    assert len(first) <= 64
    assert first != second
