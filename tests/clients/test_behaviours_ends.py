"""Behaviours that gateways get wrong: how answers end, and what they cost (facts on the Responses API, section 4)."""

from typing import Any

import httpx
import pytest
from openai import APIError, OpenAI

from tests.clients.asking import RESPONSES, answered, items, kinds, output, plain, streamed, text
from tests.clients.contract import DONE, chat_chunks, check_error, events
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.told_upstream import ToldUpstream, call_chunk, chunk, usage_chunk

STREAMS = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
LONG = "A text that is long enough to come in more than three pieces."
_DEADLINE = 10.0
CHAT = "/v1/chat/completions"
MISHAPS = [
    *(f"test/{name}" for name in ("cut", "end-early", "error-in-stream", "garbage-in-stream")),
    *(f"native/{name}" for name in ("cut", "end-early", "error-in-stream", "failed-in-stream")),
]


@pytest.mark.parametrize("model", ["test/length", "native/length"])
@STREAMS
def test_behaviour_11_length_is_incomplete_with_its_reason_and_usage(
    client: httpx.Client, model: str, is_stream: bool
) -> None:
    response = answered(client, is_stream, LONG, model, max_output_tokens=16)
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["output"][-1]["status"] == "incomplete"
    assert response["usage"]["total_tokens"] == 18
    assert (response["completed_at"], response["error"]) == (None, None)


@pytest.mark.parametrize("model", ["test/length", "native/length"])
def test_behaviour_11_the_stream_ends_in_response_incomplete(client: httpx.Client, model: str) -> None:
    told = kinds(streamed(client, LONG, model))
    assert told[-1] == "incomplete"
    assert "completed" not in told


@STREAMS
def test_behaviour_11_reasoning_that_ate_the_whole_budget_is_incomplete_and_no_error(
    client: httpx.Client, told: ToldUpstream, is_stream: bool
) -> None:
    told.streams(chunk(reasoning_content="Let me think for ever"), chunk("length"), usage_chunk())
    told.replies({"content": None, "reasoning_content": "Let me think for ever"}, "length")
    response = answered(client, is_stream, model="told/thinker")
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert [item["type"] for item in response["output"]] == ["reasoning"]


@pytest.mark.parametrize("next_model", ["test/echo", "native/echo"])
@STREAMS
def test_behaviour_11_a_call_cut_at_the_limit_is_incomplete_and_does_not_spoil_the_next_turn(
    client: httpx.Client, told: ToldUpstream, next_model: str, is_stream: bool
) -> None:
    call = {"id": "call_0", "type": "function", "function": {"name": "f0", "arguments": '{"city":"Pa'}}
    told.streams(call_chunk(index=0, **call), chunk("length"), usage_chunk())
    told.replies({"content": None, "tool_calls": [call]}, "length")
    response = answered(client, is_stream, model="told/cut-call")
    (item,) = items(response, "function_call")
    assert (response["status"], item["status"]) == ("incomplete", "incomplete")
    assert text(plain(client, "Go on.", next_model, previous_response_id=response["id"])) == "Go on."


@STREAMS
def test_behaviour_11_a_content_filter_is_incomplete_with_its_own_reason(
    client: httpx.Client, told: ToldUpstream, is_stream: bool
) -> None:
    told.streams(chunk(content="I was going to"), chunk("content_filter"), usage_chunk())
    told.replies({"content": "I was going to"}, "content_filter")
    response = answered(client, is_stream, model="told/filtered")
    assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})
    assert text(response) == "I was going to"


def test_behaviour_12_usage_is_asked_for_and_the_end_waits_for_it(
    client: httpx.Client, upstream: ChatUpstream, told: ToldUpstream
) -> None:
    for model in ("test/echo", "test/late-usage", "native/echo"):
        usage = streamed(client, LONG, model)[-1]["response"]["usage"]
        assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (11, 7, 18)
        assert usage["input_tokens_details"]["cached_tokens"] == 3
        assert usage["output_tokens_details"]["reasoning_tokens"] == 2
    assert upstream.last["stream_options"] == {"include_usage": True}
    told.streams(chunk(content="Hi."), chunk("stop"), usage_chunk())
    assert streamed(client, model="told/trailing")[-1]["response"]["usage"]["total_tokens"] == 8


def test_behaviour_12_the_end_waits_for_the_upstreams_end_where_no_usage_comes(
    client: httpx.Client, told: ToldUpstream
) -> None:
    told.streams(chunk(content="Hi."), chunk("stop"))
    assert streamed(client, model="told/silent")[-1]["response"]["status"] == "completed"


@pytest.mark.parametrize("model", ["test/echo", "native/echo"])
def test_behaviour_12_chat_clients_get_usage_when_they_ask_and_only_then(client: httpx.Client, model: str) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": LONG}], "stream": True}
    for options in (None, {"include_usage": False}, {"include_usage": True}):
        asked = {**body, "stream_options": options} if options else body
        with client.stream("POST", CHAT, json=asked) as reply:
            chunks = chat_chunks(reply.iter_lines())
        is_wanted = options == {"include_usage": True}
        assert [chunk["choices"] == [] for chunk in chunks] == [False] * (len(chunks) - is_wanted) + [True] * is_wanted
        assert [bool(chunk.get("usage")) for chunk in chunks][-1] == is_wanted


@pytest.mark.parametrize("model", MISHAPS)
def test_behaviour_13_a_failure_in_mid_stream_is_never_turned_into_success(client: httpx.Client, model: str) -> None:
    told = streamed(client, LONG, model)
    last = told[-1]["response"]
    assert told[-1]["type"] == "response.failed"
    assert (last["status"], last["completed_at"]) == ("failed", None)
    assert last["error"].keys() == {"code", "message"}
    assert all(item["status"] == "incomplete" for item in last["output"][-1:])


@pytest.mark.parametrize("model", MISHAPS)
def test_behaviour_13_a_failure_is_stored_as_failed(client: httpx.Client, model: str) -> None:
    last = streamed(client, LONG, model)[-1]["response"]
    stored = client.get(f"{RESPONSES}/{last['id']}").json()
    assert stored == last
    assert stored["status"] == "failed"


@pytest.mark.parametrize("model", ["test/cut", "native/cut", "native/failed-in-stream"])
def test_behaviour_13_a_failed_turn_is_no_part_of_its_conversation(client: httpx.Client, model: str) -> None:
    conversation = client.post("/v1/conversations", json={}).json()["id"]
    streamed(client, LONG, model, conversation=conversation)
    assert client.get(f"/v1/conversations/{conversation}/items").json()["data"] == []


@pytest.mark.parametrize("model", ["test/refuse-429", "test/refuse-400", "test/html", "native/refuse-429", "down/any"])
def test_behaviour_13_a_refusal_before_the_first_event_keeps_its_own_status(client: httpx.Client, model: str) -> None:
    statuses = []
    for is_stream in (False, True):
        reply = client.post(RESPONSES, json={"model": model, "input": LONG, "stream": is_stream})
        check_error(reply.json())
        statuses.append(reply.status_code)
    expected = 429 if "429" in model else 400 if "400" in model else 502
    assert statuses == [expected, expected]


def test_behaviour_13_a_stream_that_falls_silent_fails(client: httpx.Client) -> None:
    last = streamed(client, LONG, "slow/pause")[-1]
    assert (last["type"], "in time" in last["response"]["error"]["message"]) == ("response.failed", True)


@pytest.mark.parametrize("model", MISHAPS)
def test_behaviour_14_failures_are_response_failed_and_no_flat_error_event(client: httpx.Client, model: str) -> None:
    with client.stream("POST", RESPONSES, json={"model": model, "input": LONG, "stream": True}) as reply:
        told = [event for event in events(reply.iter_lines()) if event.data != DONE]
    assert told[-1].name == "response.failed"
    assert all(event.name != "error" and "error" not in event.document for event in told)


@pytest.mark.parametrize("model", ["test/error-in-stream", "native/error-in-stream"])
def test_behaviour_14_the_official_client_sees_the_failure(
    gateway: RunningGateway, client: httpx.Client, model: str
) -> None:
    key = client.headers["authorization"].removeprefix("Bearer ")
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0) as sdk:
        told = list(sdk.responses.create(model=model, input=LONG, stream=True))
        assert told[-1].type == "response.failed"
        assert told[-1].response.error is not None
        with pytest.raises(APIError):
            sdk.responses.create(model="test/refuse-429", input=LONG, stream=True)


def test_behaviour_14_a_rate_limit_in_mid_stream_keeps_its_code(client: httpx.Client) -> None:
    assert streamed(client, LONG, "native/error-in-stream")[-1]["response"]["error"]["code"] == "rate_limit_exceeded"


def test_behaviour_21_a_cancelled_response_stays_so_though_its_upstream_goes_on(
    client: httpx.Client, upstream: ChatUpstream
) -> None:
    response_id = client.post(RESPONSES, json={"model": "test/pause", "input": LONG, "background": True}).json()["id"]
    assert upstream.began.wait(_DEADLINE)
    cancelled = client.post(f"{RESPONSES}/{response_id}/cancel").json()
    assert (cancelled["status"], cancelled["background"]) == ("cancelled", True)
    upstream.go_on.set()
    assert upstream.left.wait(_DEADLINE)
    assert client.get(f"{RESPONSES}/{response_id}").json() == cancelled


@pytest.mark.parametrize("asked", [{"max_tokens": 8}, {"max_completion_tokens": 8}])
@STREAMS
def test_behaviour_23_a_small_limit_of_chats_is_raised_to_16_and_said(
    client: httpx.Client, native: ResponsesUpstream, asked: dict[str, Any], is_stream: bool
) -> None:
    body = {"model": "native/echo", "messages": [{"role": "user", "content": "Hi."}], "stream": is_stream, **asked}
    reply = client.post(CHAT, json=body)
    assert reply.status_code == 200, reply.text
    assert native.last["max_output_tokens"] == 16
    assert next(iter(asked)) in reply.headers["x-waystone-dropped"]


def test_behaviour_23_a_limit_under_16_is_refused_where_a_client_asks_for_responses(client: httpx.Client) -> None:
    reply = client.post(RESPONSES, json={"model": "test/echo", "input": "Hi.", "max_output_tokens": 8})
    error = check_error(reply.json())
    assert (reply.status_code, error["param"]) == (400, "max_output_tokens")
    assert "16" in error["message"]


def test_a_failed_call_with_its_output_can_be_gone_on_from(client: httpx.Client) -> None:
    first = plain(client, model="test/tools")
    outputs = [output(call) for call in items(first, "function_call")]
    failed = streamed(client, outputs, "test/cut", previous_response_id=first["id"])[-1]["response"]
    assert text(plain(client, "Go on.", previous_response_id=failed["id"])) == "Go on."
