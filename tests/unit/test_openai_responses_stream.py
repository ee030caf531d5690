"""Streams of the Responses API as upstreams really send them: whatever is odd is mended, or is a failure."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Done,
    Event,
    Finished,
    ItemBegan,
    ItemEnded,
    ItemProgress,
    ReasoningState,
    Text,
    ToolCallBegan,
    Usage,
)
from tests.unit.responses_streams import (
    added,
    call,
    check_order,
    completed,
    delta,
    done,
    failure,
    message,
    plain,
    response,
    said,
    stream,
    told_events,
)


def ended_items(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The items as they have become."""
    return [event.item for event in events if isinstance(event, ItemEnded)]


USAGE: dict[str, Any] = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}


def test_text_leaves_as_it_comes() -> None:
    events = stream([*told_events(message("Hello."), 0), completed(message("Hello."))])
    assert [event.text for event in events if isinstance(event, Text)] == ["Hel", "lo."]
    assert events[-2:] == [Finished("stop"), Done()]


def test_item_begins_with_its_first_piece_where_nobody_said_so() -> None:
    place: dict[str, Any] = {"item_id": "msg_0", "output_index": 0, "content_index": 0}
    events = stream([delta("Hel", **place), delta("lo.", **place), completed(message())])
    check_order(events)
    began, *_ = events
    assert began == ItemBegan(
        {"type": "message", "id": "msg_0", "role": "assistant", "status": "in_progress", "content": []}
    )
    assert said(events) == [("output_text", "Hello.")]


def test_call_whose_name_comes_last_begins_then() -> None:
    place: dict[str, Any] = {"item_id": "fc_0", "output_index": 0}
    payloads = [delta('{"a"', "function_call_arguments", **place), delta(":1}", "function_call_arguments", **place)]
    events = stream([*payloads, done(call(namespace="space")), completed(call())])
    check_order(events)
    assert events[0] == ToolCallBegan(0, "call_0", "f0", namespace="space")
    assert said(events) == [("f0", '{"a":1}')]


def test_call_that_never_has_a_name_is_no_answer() -> None:
    assert failure(stream([delta("{}", "function_call_arguments"), completed()])) == (502, "upstream_bad_reply")


@pytest.mark.parametrize(
    "payloads",
    [
        [added(message()), {"type": "response.output_text.done", "item_id": "msg_0", "text": "Hello."}, completed()],
        [done(message()), completed()],
        [completed(message())],
        [added(message()), delta("Hel", item_id="msg_0"), done(message()), completed()],
        [added(message()), delta("Hel", item_id="msg_0"), completed(message())],
        [added(message()), delta("Hello.", item_id="msg_0"), completed()],
        [response(message())],
        [completed(message()), b"[DONE]"],
        [{"type": "response.created", "response": {}}, {"type": "keepalive"}, b" ", completed(message())],
        [{"type": "response.done", "response": response(message())}],
    ],
)
def test_text_is_told_wherever_it_stands(payloads: list[Any]) -> None:
    events = stream(payloads)
    check_order(events)
    assert said(events) == [("output_text", "Hello.")]
    assert events[-1] == Done()


@pytest.mark.parametrize(
    "payloads",
    [
        [added(call()), {"type": "response.function_call_arguments.done", "item_id": "fc_0", "arguments": '{"a":1}'}],
        [added(call()), done(call())],
        [done(call())],
        [added({**call(), "arguments": '{"a":1}'}), *list(told_events(call(), 0))[1:]],
        [],
    ],
)
def test_arguments_are_told_wherever_they_stand(payloads: list[Any]) -> None:
    events = stream([*payloads, completed(call())])
    check_order(events)
    assert said(events) == [("f0", '{"a":1}')]
    assert events[-2] == Finished("tool_calls")


def test_arguments_that_only_stand_at_the_beginning_are_told_at_the_end() -> None:
    whole = {"type": "response.output_item.added", "output_index": 0, "item": {**call(), "status": "in_progress"}}
    events = stream([whole, completed()])
    assert said(events) == [("f0", '{"a":1}')]
    assert [item["status"] for item in ended_items(events)] == ["completed"]


def test_no_arguments_are_an_empty_object() -> None:
    assert said(stream([*told_events(call(arguments=""), 0), completed()])) == [("f0", "{}")]


def test_arguments_that_came_as_an_object_are_written() -> None:
    item = call() | {"arguments": {"a": 1}}
    assert said(stream([done(item), completed(item)])) == [("f0", '{"a":1}')]


@pytest.mark.parametrize("final", ["Hello.", "Good morning to you."])
def test_what_was_streamed_stands_where_the_end_says_otherwise(final: str) -> None:
    item = message(final)
    events = stream([added(item), delta("Good bye.", item_id="msg_0"), done(item), completed(item)])
    assert said(events) == [("output_text", "Good bye.")]
    assert ended_items(events)[0]["content"][0]["text"] == "Good bye."


def test_what_was_streamed_stands_where_the_end_has_nothing_of_it() -> None:
    events = stream([added(message()), delta("Hello.", item_id="msg_0"), done(message(content=[])), completed()])
    assert ended_items(events)[0]["content"] == [{"type": "output_text", "text": "Hello."}]


def test_nothing_is_added_to_a_part_when_the_next_has_begun() -> None:
    texts = ("one", "two")
    item = message(content=[{"type": "output_text", "text": text} for text in texts])
    longer = message(content=[{"type": "output_text", "text": f"{text} more"} for text in texts])
    *told, _ = told_events(item, 0)
    events = stream([*told, done(longer), completed(longer)])
    assert said(events) == [("output_text", "one"), ("output_text", "two more")]
    assert [part["text"] for part in ended_items(events)[0]["content"]] == ["one", "two more"]


def test_nothing_is_told_of_an_item_after_its_end() -> None:
    late = [
        delta("late", item_id="msg_0", output_index=0, content_index=0),
        done(message()),
        added(call(), 1),
        done(call(), 1),
    ]
    events = stream([*told_events(message(), 0), *late, completed(message(), call())])
    check_order(events)
    assert said(events) == [("output_text", "Hello."), ("f0", '{"a":1}')]


def test_parts_of_one_kind_are_told_apart_and_in_order() -> None:
    content = [{"type": "output_text", "text": text} for text in ("one", "two")]
    item = message(content=[*content, {"type": "refusal", "refusal": "no"}])
    by_part: dict[int, list[Any]] = {}
    for event in told_events(item, 0):
        by_part.setdefault(event.get("content_index", -1), []).append(event)
    begun, ended = by_part.pop(-1)
    mixed = [event for trio in zip(*by_part.values(), strict=True) for event in trio]
    expected = [("output_text", "one"), ("output_text", "two"), ("refusal", "no")]
    assert said(stream([begun, *mixed, ended, completed(item)])) == expected
    assert said(stream([*told_events(item, 0), completed(item)])) == expected


def test_next_part_begins_when_the_text_before_it_is_whole() -> None:
    place: dict[str, Any] = {"item_id": "msg_0", "output_index": 0}
    first = {"type": "response.output_text.done", "text": "one", "content_index": 0, **place}
    cited = {"type": "response.output_text.annotation.added", "annotation": {"type": "x"}, "content_index": 0, **place}
    told = stream([added(message()), first, cited, delta("two", content_index=1, **place), delta("!", content_index=0)])
    assert said(told) == [("output_text", "one"), ("output_text", "two")]
    assert Annotation({"type": "x"}) in told


def test_part_under_a_wrong_index_is_not_told_twice() -> None:
    place: dict[str, Any] = {"item_id": "msg_0", "output_index": 3, "content_index": 3}
    events = stream([added(message(), 3), delta("Hello.", **place), done(message(), 3), completed(message())])
    assert said(events) == [("output_text", "Hello.")]


def test_equal_parts_of_which_only_the_second_was_told_of_are_two() -> None:
    cited = {"type": "response.output_text.annotation.added", "annotation": {"type": "x"}, "content_index": 1}
    item = message()
    item["content"] = [{"type": "output_text", "text": "a", "annotations": []} for _ in range(2)]
    item["content"][1]["annotations"] = [{"type": "x"}]
    events = stream([{**cited, "item_id": "msg_0", "output_index": 0}, done(item), completed(item)])
    assert said(events) == [("output_text", "a"), ("output_text", "a")]


def test_citations_are_told_once() -> None:
    cited: list[dict[str, Any]] = [{"type": "url_citation", "url": f"https://example.org/{i}"} for i in range(2)]
    item = message()
    item["content"][0]["annotations"] = cited
    first = {"type": "response.output_text.annotation.added", "item_id": "msg_0", "annotation": cited[0]}
    events = stream([added(item), delta("Hello.", item_id="msg_0"), first, done(item), completed(item)])
    assert [event for event in events if isinstance(event, Annotation)] == [Annotation(one) for one in cited]


def test_log_probabilities_come_with_their_text_or_at_its_end() -> None:
    token: dict[str, Any] = {
        "token": "Hello.",
        "logprob": -0.5,
        "top_logprobs": [{"token": "x", "logprob": -1, "bytes": [120]}],
    }
    entry = {**token, "bytes": None}
    item = message()
    item["content"][0]["logprobs"] = [token]
    early = stream([added(item), delta("Hello.", item_id="msg_0", logprobs=[token]), done(item), completed(item)])
    assert [event for event in early if isinstance(event, Text)] == [Text("Hello.", logprobs=[entry])]
    late = stream([added(item), delta("Hello.", item_id="msg_0"), done(item), completed(item)])
    assert [event for event in late if isinstance(event, Text)] == [Text("Hello."), Text("", logprobs=[entry])]
    twice = stream([delta("Hel", logprobs=[]), delta("lo.", logprobs=[token]), completed(item)])
    assert [event for event in twice if isinstance(event, Text)] == [Text("Hel"), Text("lo.", logprobs=[entry])]
    none = stream(
        [added(message()), delta("Hello.", logprobs=[token, "x"]), delta("", logprobs=[]), completed(message())]
    )
    assert [event for event in none if isinstance(event, Text)] == [Text("Hello.")]


def test_state_of_reasoning_is_the_one_at_its_end() -> None:
    item = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "whole"}
    begun = {"type": "response.output_item.added", "output_index": 0, "item": {**item, "encrypted_content": "part"}}
    events = stream([begun, done(item), completed({**item, "encrypted_content": "other"})])
    assert [event for event in events if isinstance(event, ReasoningState)] == [
        ReasoningState({"id": "rs_1", "encrypted_content": "whole"})
    ]
    items = [event.item for event in events if isinstance(event, ItemBegan | ItemEnded)]
    assert all("encrypted_content" not in item for item in items)


def test_steps_of_a_providers_own_tool_are_passed_on_and_unknown_events_are_not() -> None:
    item: dict[str, Any] = {"id": "x_1", "type": "acme:lookup", "status": "completed", "found": [1]}
    step: dict[str, Any] = {"type": "acme:lookup.looking", "item_id": "x_1", "output_index": 0, "at": 1}
    nothing = [{"type": "acme:news"}, {"type": "response.acme", "item_id": "x_9", "output_index": 9}, {"odd": 1}]
    events = stream([added(item), step, *nothing, done(item), completed(item)])
    assert events[:3] == [
        ItemBegan({**item, "status": "in_progress"}),
        ItemProgress(step),
        ItemEnded(item),
    ]


def test_item_that_begins_whole_is_passed_on_as_it_began() -> None:
    item: dict[str, Any] = {
        "id": "tso_1",
        "type": "tool_search_output",
        "status": "in_progress",
        "tools": [{"type": "function"}],
    }
    events = stream([{"type": "response.output_item.added", "output_index": 0, "item": item}, completed()])
    assert events[:2] == [ItemBegan(item), ItemEnded({**item, "status": "completed"})]
    assert stream([done({**item, "result": "x" * 999})])[0] == ItemBegan({**item, "tools": [], "result": ""})


def test_step_of_a_tool_begins_its_item_where_nobody_said_so() -> None:
    item: dict[str, Any] = {"id": "ws_1", "type": "web_search_call", "status": "completed"}
    step: dict[str, Any] = {"type": "response.web_search_call.searching", "item_id": "ws_1", "output_index": 0}
    events = stream([step, done(item), completed(item)])
    assert events[:3] == [ItemBegan({**item, "status": "in_progress"}), ItemProgress(step), ItemEnded(item)]


def test_code_of_an_interpreter_begins_its_item_where_nobody_said_so() -> None:
    step: dict[str, Any] = {"type": "response.code_interpreter_call_code.delta", "item_id": "ci_1", "delta": "1+1"}
    begun: dict[str, Any] = {"type": "code_interpreter_call", "id": "ci_1", "status": "in_progress"}
    assert stream([step, completed()])[:2] == [ItemBegan(begun), ItemProgress(step)]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"incomplete_details": None}, "length"),
    ],
)
def test_answer_that_is_incomplete_says_why(more: dict[str, Any], reason: str) -> None:
    events = stream([added(message()), delta("Hel"), completed(status="incomplete", usage=USAGE, **more)])
    check_order(events)
    assert events[-3:-1] == [Finished(reason), Usage(5, 2, raw=USAGE)]  # type: ignore[arg-type]
    assert [item["status"] for item in ended_items(events)] == ["incomplete"]


def test_unknown_reason_is_told_in_its_own_words() -> None:
    events = stream([completed(message(), status="incomplete", incomplete_details={"reason": "steered"})])
    assert AnswerMetadata({"incomplete_details": {"reason": "steered"}}) in events
    assert Finished("length") in events


FAILED = {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "secret"}}}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (FAILED, (503, "overloaded")),
        ({"type": "response.failed", "response": None}, (503, "overloaded")),
        (completed(status="cancelled"), (503, "overloaded")),
        (completed(error={"code": "invalid_prompt", "message": "No."}), (400, "invalid_prompt")),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "Slow."}, (429, "rate_limit_exceeded")),
        ({"type": "error", "error": {"code": "image_too_large", "message": "Big."}}, (400, "image_too_large")),
        ({"type": "error", "error": {"type": "invalid_request_error", "message": "No."}}, (400, None)),
        ({"type": "acme", "error": {"code": "invalid_prompt"}}, (400, "invalid_prompt")),
        ({"error": {"code": "context_length_exceeded"}}, (400, "context_length_exceeded")),
        ({"object": "error", "message": "No.", "code": 401}, (502, "upstream_auth")),
        (b"[DONE]", (502, "upstream_cut_off")),
        (b"{{{", (502, "upstream_bad_reply")),
        ([1], (502, "upstream_bad_reply")),
        ({"type": "response.output_item.added", "item": 3}, (502, "upstream_bad_reply")),
        ({"type": "response.output_item.done", "item": {"type": 3}}, (502, "upstream_bad_reply")),
        (delta({"text": "x"}), (502, "upstream_bad_reply")),
    ],
)
def test_failure_ends_the_stream_and_says_what_it_was(payload: Any, expected: tuple[int, str | None]) -> None:
    events = stream([added(message()), delta("Hel"), payload, delta("late")])
    assert failure(events) == expected
    assert said(events) == [("output_text", "Hel")]


def test_stream_that_just_ends_is_cut_off() -> None:
    assert failure(stream([*told_events(message(), 0)])) == (502, "upstream_cut_off")
    assert failure(stream([])) == (502, "upstream_cut_off")


def test_failure_keeps_what_was_used_and_no_secrets() -> None:
    failed = {**FAILED, "response": {**FAILED["response"], "usage": USAGE}}  # type: ignore[dict-item]
    usage, last = stream([failed])
    assert usage == Usage(5, 2, raw=USAGE)
    assert failure([last]) == (503, "overloaded")


def test_what_is_nested_too_deeply_is_no_answer() -> None:
    deep: Any = "x"
    for _ in range(230):
        deep = [deep]
    item: dict[str, Any] = {"id": "x_1", "type": "lookup", "found": deep}
    assert failure(stream([done(item), completed(item)])) == (502, "upstream_bad_reply")
    assert failure(plain(response(item))) == (502, "upstream_bad_reply")
    wide = {**item, "found": [[] for _ in range(500)]}
    assert stream([done(wide), completed(wide)])[-1] == Done()


def test_usual_piece_is_told_as_an_unusual_one() -> None:
    place: dict[str, Any] = {"item_id": "msg_0", "output_index": 0, "content_index": 0}
    pieces = ["", "a", '"', "\n", "ü", "a"]
    payloads = [delta(piece, **place, obfuscation="x") for piece in pieces]
    slow = [[payload, {"type": "keepalive"}] for payload in payloads]
    fast = stream([added(message()), *payloads, completed()])
    assert fast == stream([added(message()), *(event for pair in slow for event in pair), completed()])
    assert said(fast) == [("output_text", "".join(pieces))]


def test_numbers_that_are_no_numbers_do_no_harm() -> None:
    odd: dict[str, Any] = {"output_index": "0", "item_id": 7, "content_index": None, "logprobs": {"a": 1}}
    payloads = [orjson.dumps({**added(message()), "output_index": None}), delta("Hello.", **odd), completed(message())]
    assert stream(payloads)[-1] == Done()
