"""Behaviours that gateways get wrong: the order of a stream (shared facts on the Responses API, section 4)."""

from typing import Any

import httpx
import pytest
from openai._streaming import SSEDecoder

from gateway.wire import sse
from tests.clients.asking import RESPONSES, items, kinds, plain, streamed, text
from tests.clients.chunks import chunked
from tests.clients.contract import DONE, events, response_events
from tests.servers.gateway import RunningGateway
from tests.servers.told_upstream import ToldUpstream, call_chunk, chunk, usage_chunk

LONG = "A text that is long enough to come in more than three pieces."
SCRIPTS = [
    *(f"test/{name}" for name in ("echo", "parallel-tools", "interleaved", "reasoning", "refusal", "length", "sparse")),
    *(f"test/{name}" for name in ("reasoning-tools", "reasoning-details", "reasoning-summary", "legacy-call")),
    *(f"test/{name}" for name in ("late-usage", "empty-arguments", "custom", "cut", "error-in-stream")),
    *(f"native/{name}" for name in ("echo", "parallel-tools", "interleaved", "reasoning", "refusal", "length")),
    *(f"native/{name}" for name in ("web-search", "custom-tool", "failed-in-stream", "error-in-stream", "cut")),
]
MIXED = (
    chunk(role="assistant", content="First I say this. "),
    chunk(reasoning_content="Then I think."),
    call_chunk(index=0, id="call_a", type="function", function={"name": "f0", "arguments": "{}"}),
    chunk(content="And I say more."),
    call_chunk(index=1, id="call_b", type="function", function={"name": "f1", "arguments": '{"a":1}'}),
    chunk("tool_calls"),
    usage_chunk(),
)


@pytest.mark.parametrize("model", SCRIPTS)
def test_every_event_keeps_the_contract_and_the_grammar(client: httpx.Client, model: str) -> None:
    last = streamed(client, LONG, model)[-1]
    breaks = any(word in model for word in ("cut", "in-stream"))
    assert (last["type"] == "response.failed") == breaks


def test_behaviour_01_content_parts_are_added_and_done(client: httpx.Client) -> None:
    told = kinds(streamed(client, LONG))
    deltas = [kind for kind in told if kind == "output_text.delta"]
    assert len(deltas) > 3
    assert told == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *deltas,
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]


def test_behaviour_01_a_refusal_is_a_content_part_too(client: httpx.Client) -> None:
    told = kinds(streamed(client, LONG, "test/refusal"))
    opened, closed = told.index("content_part.added"), told.index("content_part.done")
    assert told[opened + 1 : closed] == ["refusal.delta", "refusal.done"]


def test_behaviour_02_output_index_is_one_counter_and_the_order_of_the_output(
    client: httpx.Client, told: ToldUpstream
) -> None:
    told.streams(*MIXED)
    events = streamed(client, model="told/mixed")
    added = [event for event in events if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == list(range(len(added)))
    output = events[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "reasoning", "function_call", "message", "function_call"]
    assert [item["id"] for item in output] == [event["item"]["id"] for event in added]


def test_behaviour_02_content_index_begins_anew_in_each_item(client: httpx.Client, told: ToldUpstream) -> None:
    told.streams(*MIXED)
    parts = [event for event in streamed(client, model="told/mixed") if event["type"] == "response.content_part.added"]
    assert [part["content_index"] for part in parts] == [0, 0, 0]
    assert [part["output_index"] for part in parts] == [0, 1, 3]


@pytest.mark.parametrize(
    "model", ["test/reasoning-tools", "test/custom", "test/error-in-stream", "native/interleaved", "native/web-search"]
)
def test_behaviour_03_the_terminal_output_is_what_was_told(client: httpx.Client, model: str) -> None:
    events = streamed(client, LONG, model)
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert events[-1]["response"]["output"] == done
    said = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert text(events[-1]["response"]) == said
    if "in-stream" not in model:
        assert done


@pytest.mark.parametrize("model", ["test/parallel-tools", "native/parallel-tools", "native/reasoning"])
def test_behaviour_03_ids_never_change_and_can_be_gone_on_from(client: httpx.Client, model: str) -> None:
    events = streamed(client, LONG, model)
    responses = [event["response"]["id"] for event in events if "response" in event]
    assert len(set(responses)) == 1
    added = [event["item"]["id"] for event in events if event["type"] == "response.output_item.added"]
    assert added == [item["id"] for item in events[-1]["response"]["output"]]
    assert client.get(f"{RESPONSES}/{responses[0]}").json() == events[-1]["response"]


@pytest.mark.parametrize("model", ["test/echo", "test/reasoning-tools", "native/web-search", "native/reasoning"])
def test_behaviour_03_a_plain_reply_is_the_fold_of_the_stream(client: httpx.Client, model: str) -> None:
    whole, last = plain(client, LONG, model), streamed(client, LONG, model)[-1]["response"]
    assert _without_identity(whole) == _without_identity(last)


def _without_identity(response: dict[str, Any]) -> dict[str, Any]:
    sealed = ("id", "encrypted_content")
    output = [{name: value for name, value in item.items() if name not in sealed} for item in response["output"]]
    # The scripted upstream gives its model another name in a stream.
    moments = {name: None for name in ("id", "created_at", "completed_at", "model")}
    return {**response, **moments, "output": output}


@pytest.mark.parametrize("model", ["test/echo", "test/cut", "test/length", "native/echo", "native/failed-in-stream"])
def test_behaviour_15_done_comes_after_the_terminal_event_and_never_alone(client: httpx.Client, model: str) -> None:
    with client.stream("POST", RESPONSES, json={"model": model, "input": LONG, "stream": True}) as reply:
        told = list(events(reply.iter_lines()))
    terminal = {"response.completed", "response.incomplete", "response.failed"}
    assert [event.data == DONE for event in told] == [False] * (len(told) - 1) + [True]
    assert told[-1].name is None
    assert told[-2].name in terminal


@pytest.mark.parametrize("model", ["test/echo", "native/web-search", "test/cut"])
def test_behaviour_16_streams_hold_nothing_that_clients_stumble_over(gateway: RunningGateway, model: str) -> None:
    with chunked(gateway.url, RESPONSES, {"model": model, "input": LONG, "stream": True}) as reply:
        raw = b"".join(reply.rest())
    for line in raw.split(b"\n"):
        name, _, value = line.partition(b":")
        assert name in (b"", b"event", b"data"), "no `id`, which makes every blank line an event; no `retry`"
        assert value.strip() or not name, "no field is empty"
    assert b"event: keepalive" not in raw
    assert b"event: ping" not in raw


def test_behaviour_16_keep_alives_are_comments_between_events(gateway: RunningGateway) -> None:
    with chunked(gateway.url, RESPONSES, {"model": "test/echo", "input": LONG, "stream": True}) as reply:
        raw = b"".join(reply.rest())
    quiet = raw.split(b"\n\n")
    kept = sse.KEEP_ALIVE.join(event + b"\n\n" for event in quiet[:-1])
    decoded = list(SSEDecoder().iter_bytes(iter([sse.KEEP_ALIVE + kept])))
    assert [event.data for event in decoded] == [event.data for event in SSEDecoder().iter_bytes(iter([raw]))]
    assert response_events(kept.decode().split("\n"))


@pytest.mark.parametrize("model", ["test/echo", "test/parallel-tools", "native/web-search", "test/cut"])
def test_every_chunk_of_the_network_is_whole_events_in_lf(gateway: RunningGateway, model: str) -> None:
    with chunked(gateway.url, RESPONSES, {"model": model, "input": LONG, "stream": True}) as reply:
        chunks = list(reply.rest())
    for data in chunks:
        assert data.endswith(b"\n\n")
        assert b"\r" not in data
        for block in data[:-2].split(b"\n\n"):
            assert block.startswith((b"event: response.", b"data: [DONE]", b":")), block[:80]
    assert chunks[-1].endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("model", ["test/echo", "test/interleaved", "native/web-search", "test/cut"])
def test_behaviour_24_sequence_numbers_begin_at_0_and_have_no_gaps(client: httpx.Client, model: str) -> None:
    for _ in range(2):
        numbers = [event["sequence_number"] for event in streamed(client, LONG, model)]
        assert numbers == list(range(len(numbers)))


def test_behaviour_24_a_stored_response_is_not_streamed_with_other_numbers(client: httpx.Client) -> None:
    response = streamed(client, LONG)[-1]["response"]
    reply = client.get(f"{RESPONSES}/{response['id']}", params={"stream": "true", "starting_after": 3})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "stream")


def test_one_item_is_open_at_a_time_though_the_upstream_interleaves_them(client: httpx.Client) -> None:
    for model in ("test/interleaved", "native/interleaved"):
        response = streamed(client, LONG, model)[-1]["response"]
        calls = items(response, "function_call")
        assert [call["arguments"] for call in calls] == ['{"city":"Paris"}'] * 2
