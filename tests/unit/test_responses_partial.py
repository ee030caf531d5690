"""What is left of a stream that was interrupted: what a failure of its writer at that point would have left."""

import time
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from gateway.errors import UpstreamDown
from gateway.neutral.events import Done, Event, Failed
from gateway.surfaces.responses.partial import partial_output
from gateway.wire import sse
from tests.clients.contract import check
from tests.unit.responses_streams import call, message, told_events
from tests.unit.test_responses_assembly import BATCHES, new_writer

BROKEN = [Failed(UpstreamDown("cut off"))]
_Object = dict[str, Any]


def events_of(written: bytes) -> list[_Object]:
    return [orjson.loads(payload) for payload in sse.Reader().feed(written) if payload != b"[DONE]"]


def without_state(output: Sequence[Any]) -> list[_Object]:
    """The items without what only a complete one shows: the author's own state of reasoning."""
    return [{name: value for name, value in item.items() if name != "encrypted_content"} for item in output]


def check_output(output: Sequence[Any]) -> None:
    for item in output:
        check("OutputItem", item)


@settings(max_examples=80)
@given(BATCHES)
def test_a_stream_cut_anywhere_leaves_what_a_failure_there_would(batches: list[list[Event]]) -> None:
    events = [event for batch in batches for event in batch]
    for cut in range(len(events) + 1):
        writer = new_writer()
        head = events_of(writer.write(events[:cut]))
        writer.write(BROKEN)
        assert writer.ended is not None
        output = partial_output(head)
        check_output(output)
        failed = orjson.loads(writer.ended.body)["output"]
        assert without_state(output) == without_state(failed)
        # Only the open item, which is the last, can lack its state.
        assert output[:-1] == failed[: len(output[:-1])]


@settings(max_examples=80)
@given(BATCHES)
def test_a_whole_stream_leaves_the_whole_output(batches: list[list[Event]]) -> None:
    writer = new_writer()
    events = events_of(b"".join(writer.write(batch) for batch in batches) + writer.write([Done()]) + writer.end())
    before = deepcopy(events)
    assert partial_output(events) == events[-1]["response"]["output"]
    assert events == before
    ids = [item["id"] for item in events[-1]["response"]["output"]]
    for cut in range(len(events)):
        output = partial_output(events[:cut])
        check_output(output)
        assert [item["id"] for item in output] == ids[: len(output)]
        assert events == before


MCP: _Object = {"type": "mcp_call", "id": "mcp_1", "server_label": "files", "name": "read", "status": "in_progress"}
CODE: _Object = {
    "type": "code_interpreter_call",
    "id": "ci_1",
    "status": "in_progress",
    "container_id": "c",
    "code": "",
}


@pytest.mark.parametrize(
    ("begun", "kind", "name"),
    [
        ({**MCP, "arguments": ""}, "mcp_call_arguments", "arguments"),
        ({**CODE, "outputs": None}, "code_interpreter_call_code", "code"),
    ],
)
@pytest.mark.parametrize("is_whole", [False, True])
def test_what_a_hosted_call_was_given_is_kept(begun: _Object, kind: str, name: str, is_whole: bool) -> None:
    place = {"item_id": begun["id"], "output_index": 0}
    events: list[_Object] = [
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
        {"type": f"response.{begun['type']}.in_progress", **place},
        {"type": f"response.{kind}.delta", **place, "delta": "on"},
        {"type": f"response.{kind}.delta", **place, "delta": "e"},
    ]
    if is_whole:
        events[2:] = [{"type": f"response.{kind}.done", **place, name: "one"}]
    (item,) = partial_output(events)
    assert item == {**begun, name: "one", "status": "incomplete"}
    check("OutputItem", item)


def test_item_that_has_no_status_gets_none() -> None:
    item: _Object = {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "files", "tools": []}
    assert partial_output([{"type": "response.output_item.added", "output_index": 0, "item": item}]) == [item]


@pytest.mark.parametrize("item", [message("Hello there."), call()])
def test_streams_of_others_leave_the_same(item: _Object) -> None:
    events = list(told_events(item, 0))
    assert partial_output(events) == [item]
    assert partial_output(events[:-1]) == [{**item, "status": "incomplete"}]


def test_nothing_leaves_nothing() -> None:
    assert partial_output([]) == []
    assert partial_output([{"type": "response.output_text.delta", "delta": "lost"}, {"type": 5}, {}]) == []


@pytest.mark.parametrize("kind", ["output_text", "function_call_arguments"])
def test_long_streams_take_linear_time(kind: str) -> None:
    begun = list(told_events(message("") if kind == "output_text" else call(arguments=""), 0))
    head = begun[: 2 if kind == "output_text" else 1]
    delta: _Object = {
        "type": f"response.{kind}.delta",
        "item_id": "x",
        "output_index": 0,
        "delta": "four",
        "logprobs": [],
    }
    started = time.process_time()
    (item,) = partial_output([*head, *[delta] * 100_000])
    assert time.process_time() - started < 1
    assert "four" * 100_000 in orjson.dumps(item).decode()
