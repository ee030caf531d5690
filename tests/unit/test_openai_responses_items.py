"""Which item of a Responses stream an event means, and in which order items are told."""

from typing import Any

import pytest

from gateway.neutral.events import ItemEnded, ToolArguments, ToolCallBegan
from tests.unit.responses_streams import (
    added,
    call,
    check_order,
    completed,
    delta,
    done,
    message,
    said,
    stream,
    told_events,
)


def test_items_that_are_told_at_the_same_time_are_told_one_after_the_other() -> None:
    first, second = told_events(call(0), 0), told_events(call(1), 1)
    mixed = [event for pair in zip(first, second, strict=True) for event in pair]
    events = stream([*mixed, completed(call(0), call(1))])
    check_order(events)
    assert said(events) == [("f0", '{"a":1}'), ("f1", '{"a":1}')]


def test_later_item_waits_though_it_is_done_first() -> None:
    payloads = [added(message()), delta("Hel", item_id="msg_0"), *told_events(call(), 1)]
    payloads += [delta("lo.", item_id="msg_0"), done(message()), completed(message(), call())]
    events = stream(payloads)
    check_order(events)
    assert said(events) == [("output_text", "Hello."), ("f0", '{"a":1}')]


def test_earlier_item_does_not_wait_for_a_later_one() -> None:
    payloads = [added(call()), added(message(), 1), delta("now", "function_call_arguments", item_id="fc_0")]
    events = stream(payloads)
    assert ToolArguments(0, "now") in events


@pytest.mark.parametrize(
    "place", [{}, {"item_id": "msg_0"}, {"output_index": 0}, {"item_id": "other", "output_index": 0}]
)
def test_piece_finds_its_item_by_whatever_it_names(place: dict[str, Any]) -> None:
    events = stream([added(message()), delta("Hel", **place), delta("lo.", **place), completed(message())])
    check_order(events)
    assert said(events) == [("output_text", "Hello.")]


def test_new_id_in_every_event_is_the_same_item_at_the_same_place() -> None:
    item = message()
    payloads: list[Any] = [added(item), delta("Hel", item_id="a", output_index=0, content_index=0)]
    payloads += [delta("lo.", item_id="b", output_index=0, content_index=0)]
    payloads += [done({**item, "id": "c"}), completed({**item, "id": "d"})]
    events = stream(payloads)
    assert said(events) == [("output_text", "Hello.")]
    assert sum(isinstance(event, ItemEnded) for event in events) == 1


def test_parallel_calls_at_one_place_are_told_apart_by_their_ids() -> None:
    payloads = [event for i in range(2) for event in told_events(call(i), 0)]
    assert said(stream([*payloads, completed(call(0), call(1))])) == [("f0", '{"a":1}'), ("f1", '{"a":1}')]
    mixed = [event for pair in zip(told_events(call(0), 0), told_events(call(1), 0), strict=True) for event in pair]
    assert said(stream([*mixed, completed()])) == [("f0", '{"a":1}'), ("f1", '{"a":1}')]


def test_two_messages_at_one_place_are_two() -> None:
    first, second = message("one", 0), message("two", 1)
    mixed = [event for pair in zip(told_events(first, 0), told_events(second, 0), strict=True) for event in pair]
    events = stream([*mixed, completed()])
    check_order(events)
    assert said(events) == [("output_text", "one"), ("output_text", "two")]


def test_items_that_are_known_by_nothing_follow_each_other() -> None:
    begun = {"type": "response.output_item.added", "item": {"type": "message", "role": "assistant", "content": []}}
    ended = {"type": "response.output_item.done", "item": {"type": "message", "role": "assistant"}}
    events = stream([begun, delta("one"), ended, delta("two"), ended, begun, delta("three"), completed()])
    check_order(events)
    assert said(events) == [("output_text", text) for text in ("one", "two", "three")]


def test_piece_of_text_at_the_place_of_a_call_belongs_to_the_open_message() -> None:
    payloads = [added(message()), delta("Hel", output_index=0), added(call(), 0), delta("lo.", output_index=0)]
    events = stream([*payloads, completed(message(), call())])
    assert said(events) == [("output_text", "Hello."), ("f0", '{"a":1}')]


def test_whole_response_completes_the_items_that_it_means() -> None:
    first, second = message("one", 0), message("two", 1)
    begun = [added(first, 0), delta("o", output_index=0), added(second, 1), delta("t", output_index=1)]
    by_id = stream([*begun, completed(second, first)])
    assert said(by_id) == [("output_text", "one"), ("output_text", "two")]
    unknown = [{**item, "id": None} for item in (first, second)]
    by_place = stream([*begun[2:], *begun[:2], completed(*unknown)])
    assert said(by_place) == [("output_text", "two"), ("output_text", "one")]
    nameless = {**call(0), "id": None, "call_id": None, "name": None}
    by_call = stream([added(nameless, 0), added(call(1), 1), completed({**call(1), "id": "x"}, call(0))])
    assert [event.id for event in by_call if isinstance(event, ToolCallBegan)] == ["call_0", "call_1"]


def test_item_that_begins_twice_is_one() -> None:
    payloads = [added(message()), added(message()), delta("Hello.", item_id="msg_0"), done(message())]
    assert said(stream([*payloads, completed()])) == [("output_text", "Hello.")]
