"""Streams of the Responses API cut, mixed and thinned out at random: what comes out is what the whole Response says."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.neutral.events import AnswerMetadata, Done, Failed, ItemBegan, ItemEnded, ItemProgress, Usage
from gateway.wire import sse
from tests.unit.generations import generation_of
from tests.unit.responses_streams import (
    DIALECT,
    ORIGIN,
    check_order,
    completed,
    plain,
    response,
    skeleton,
    stream,
    told_events,
)
from tests.unit.upstreams import JUNK, odd, record, written

_Object = dict[str, Any]
TEXTS = st.text(alphabet='aä🙂 {}"\\\n', max_size=12)
PART = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("output_text"),
            "text": TEXTS,
            "annotations": st.lists(st.just({"type": "url_citation", "url": "https://example.org/"}), max_size=2),
        }
    ),
    st.fixed_dictionaries({"type": st.just("refusal"), "refusal": TEXTS}),
)
BODIES: st.SearchStrategy[_Object] = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("message"),
            "role": st.just("assistant"),
            "status": st.just("completed"),
            "content": st.lists(PART, max_size=3),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("reasoning"),
            "summary": st.lists(st.fixed_dictionaries({"type": st.just("summary_text"), "text": TEXTS}), max_size=2),
            "content": st.lists(st.fixed_dictionaries({"type": st.just("reasoning_text"), "text": TEXTS}), max_size=2),
            "encrypted_content": st.sampled_from([None, "gAAA="]),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("function_call"),
            "name": st.sampled_from(["look", "find"]),
            "arguments": st.sampled_from(["", "{}", '{"city": "Zürich"}']),
            "status": st.just("completed"),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("custom_tool_call"),
            "name": st.just("patch"),
            "input": TEXTS,
            "status": st.just("completed"),
        }
    ),
    st.fixed_dictionaries({"type": st.just("web_search_call"), "status": st.just("completed")}),
)


@st.composite
def outputs(draw: st.DrawFn) -> list[_Object]:
    """The output of a Response, every item with ids of its own."""
    items = draw(st.lists(BODIES, max_size=4))
    for number, item in enumerate(items):
        item["id"] = f"item_{number}"
        if item["type"].endswith("_tool_call") or item["type"] == "function_call":
            item["call_id"] = f"call_{number}"
    return items


@st.composite
def mixed(draw: st.DrawFn, output: list[_Object]) -> list[_Object]:
    """The items' events in any order that keeps each item's own, and in which items begin one after the other."""
    lanes = [list(told_events(item, index, draw(st.integers(1, 5)))) for index, item in enumerate(output)]
    payloads: list[_Object] = []
    begun = 0
    while any(lanes):
        ready = [lane for lane in lanes[: begun + 1] if lane]
        lane = draw(st.sampled_from(ready))
        begun = max(begun, next(i for i, other in enumerate(lanes) if other is lane) + 1)
        payloads.append(lane.pop(0))
    return payloads


def whole(output: list[_Object]) -> list[Any]:
    """What the whole Response says, but for the steps of a provider's tools, which only a stream has."""
    return skeleton(plain(response(*output)))


def without_steps(events: list[Any]) -> list[Any]:
    return [event for event in events if not isinstance(event, ItemProgress)]


@settings(max_examples=80)
@given(st.data(), outputs())
def test_stream_says_what_the_response_says_however_its_items_are_mixed(
    data: st.DataObject, output: list[_Object]
) -> None:
    events = stream([*data.draw(mixed(output)), completed(*output)])
    check_order(events)
    assert skeleton(without_steps(events)) == whole(output)


@settings(max_examples=80)
@given(st.data(), outputs())
def test_stream_says_what_the_response_says_whatever_is_missing_of_it(
    data: st.DataObject, output: list[_Object]
) -> None:
    """Every event but the last may be missing, so long as no piece is missing between two that are there."""
    payloads: list[_Object] = []
    for index, item in enumerate(output):
        told = list(told_events(item, index))
        kinds = sorted({event["type"] for event in told})
        gone = data.draw(st.sets(st.sampled_from(kinds))) if data.draw(st.booleans()) else set[str]()
        payloads += [event for event in told if event["type"] not in gone]
    events = stream([*payloads, completed(*output)])
    check_order(events)
    texts = [entry for entry in skeleton(without_steps(events)) if isinstance(entry[1], str) and entry[0] != "began"]
    # Items of which nothing was told come last, with the Response that has them.
    assert sorted(texts) == sorted(
        entry for entry in whole(output) if isinstance(entry[1], str) and entry[0] != "began"
    )


@settings(max_examples=40)
@given(outputs(), st.integers(1, 40), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_stream_is_the_same_wherever_it_was_cut(output: list[_Object], size: int, end: str, is_named: bool) -> None:
    payloads = [event for index, item in enumerate(output) for event in told_events(item, index)]
    payloads.append(completed(*output))
    body = b": comment\n\n"
    for payload in payloads:
        name = f"event: {payload['type']}{end}" if is_named else ""
        body += f"{name}data: ".encode() + orjson.dumps(payload) + f"{end}{end}".encode()
    decoder = DIALECT.decoder(generation_of("small"), ORIGIN, is_native=True)
    reader = sse.Reader()
    events = [
        event
        for start in range(0, len(body), size)
        for payload in reader.feed(body[start : start + size])
        for event in decoder.feed(payload)
    ]
    assert events == stream(payloads)


KINDS = st.sampled_from(
    [
        *("response.output_item.added", "response.output_item.done", "response.output_text.delta"),
        *("response.output_text.done", "response.output_text.annotation.added", "response.refusal.delta"),
        *("response.content_part.added", "response.content_part.done", "response.reasoning_text.delta"),
        *("response.reasoning_summary_text.delta", "response.reasoning_summary_part.done", "keepalive"),
        *("response.function_call_arguments.delta", "response.function_call_arguments.done"),
        *("response.custom_tool_call_input.delta", "response.web_search_call.searching", "response.acme"),
        *("response.created", "response.completed", "response.incomplete", "response.failed", "error"),
    ]
)
ITEM = record(
    {
        "type": odd(st.sampled_from(["message", "reasoning", "function_call", "custom_tool_call", "acme_call"])),
        "id": odd(st.sampled_from(["a", "b", None])),
        "call_id": odd(st.sampled_from(["x", "y", None])),
        "name": odd(st.sampled_from(["f", ""])),
        "arguments": odd(TEXTS),
        "input": odd(TEXTS),
        "status": odd(st.sampled_from(["completed", "in_progress"])),
        "encrypted_content": odd(st.just("gAAA=")),
        "content": odd(st.lists(odd(PART), max_size=2)),
        "summary": odd(st.lists(odd(record({"type": st.just("summary_text"), "text": odd(TEXTS)})), max_size=2)),
    }
)
ANSWER = record(
    {
        "status": odd(st.sampled_from(["completed", "completed", "incomplete", "failed", "in_progress"])),
        "output": odd(st.lists(odd(ITEM), max_size=3)),
        "usage": odd(record({"input_tokens": odd(st.integers(0, 9)), "input_tokens_details": odd(st.just({}))})),
        "incomplete_details": odd(record({"reason": odd(st.just("content_filter"))})),
        "error": odd(st.none()),
        "acme": JUNK,
    }
)
EVENT = st.fixed_dictionaries(
    {"type": odd(KINDS, 40)},
    optional={
        "item": odd(ITEM),
        "item_id": odd(st.sampled_from(["a", "b"])),
        "output_index": odd(st.integers(0, 2)),
        "content_index": odd(st.integers(0, 1)),
        "summary_index": odd(st.integers(0, 1)),
        "delta": odd(TEXTS),
        "text": odd(TEXTS),
        "arguments": odd(TEXTS),
        "part": odd(PART),
        "annotation": odd(st.just({"type": "url_citation"})),
        "logprobs": odd(st.lists(odd(st.just({"token": "a", "logprob": 0})), max_size=2)),
        "response": odd(ANSWER),
    },
)


@settings(max_examples=200)
@given(st.lists(st.one_of(EVENT.map(written), EVENT.map(written), st.binary(max_size=6)), max_size=10))
def test_stream_is_well_formed_whatever_the_upstream_sends(payloads: list[bytes]) -> None:
    events = stream(payloads)
    check_order(events)
    if isinstance(events[-1], Done):
        began = sum(type(event).__name__ in ("ItemBegan", "ToolCallBegan") for event in events)
        assert began == sum(isinstance(event, ItemEnded) for event in events)
    for event in events:
        if isinstance(event, ItemBegan | ItemEnded):
            orjson.dumps(event.item)
        elif isinstance(event, AnswerMetadata):
            orjson.dumps(event.fields)


@settings(max_examples=80)
@given(odd(ANSWER))
def test_reply_is_an_answer_or_a_failure_whatever_the_upstream_sends(answer: Any) -> None:
    events = plain(written(answer))
    check_order(events)
    assert [event for event in events if isinstance(event, Done | Failed)] == events[-1:]
    assert sum(isinstance(event, Usage) for event in events) <= 1
