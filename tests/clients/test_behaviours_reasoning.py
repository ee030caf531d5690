"""Behaviours that gateways get wrong: reasoning that only its author can read, and refusals (facts, section 4)."""

from typing import Any

import httpx
import pytest

from tests.clients.asking import answered, function, items, kinds, output, plain, streamed, text, user
from tests.servers.chat_scripts import SEALED, SIGNED, STEPS
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.responses_upstream import SUMMARY, ResponsesUpstream
from tests.servers.told_upstream import ToldUpstream, chunk, usage_chunk

STREAMS = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
TOOLS = [function("f0", "city")]


def _said(upstream: ChatUpstream) -> dict[str, Any]:
    """What the upstream is told that the assistant said last."""
    said: list[dict[str, Any]] = [message for message in upstream.last["messages"] if message["role"] == "assistant"]
    return said[-1]


@STREAMS
def test_behaviour_08_a_signature_comes_back_byte_exact_with_its_own_block(
    client: httpx.Client, upstream: ChatUpstream, is_stream: bool
) -> None:
    first = answered(client, is_stream, model="test/reasoning-details")
    (reasoning,) = items(first, "reasoning")
    assert reasoning["content"] == [{"type": "reasoning_text", "text": "".join(STEPS)}]
    assert str(SIGNED["signature"]) not in str(first), "nobody but its author can read it"
    answered(client, is_stream, "Go on.", "test/reasoning-details", previous_response_id=first["id"])
    assert _said(upstream)["reasoning_details"] == [SIGNED]


@STREAMS
def test_behaviour_08_redacted_reasoning_comes_back_byte_exact(
    client: httpx.Client, upstream: ChatUpstream, is_stream: bool
) -> None:
    first = answered(client, is_stream, model="test/reasoning-summary")
    assert str(SEALED["data"]) not in str(first)
    answered(client, is_stream, [*first["output"], user("Go on.")], "test/reasoning-summary", store=False)
    assert SEALED in _said(upstream)["reasoning_details"]


@STREAMS
def test_behaviour_08_reasoning_of_two_turns_is_not_run_together(
    client: httpx.Client, native: ResponsesUpstream, is_stream: bool
) -> None:
    first = answered(client, is_stream, "One.", "native/reasoning")
    second = answered(client, is_stream, "Two.", "native/reasoning", previous_response_id=first["id"])
    answered(client, is_stream, "Three.", "native/reasoning", previous_response_id=second["id"])
    returned = [item for item in native.last["input"] if item["type"] == "reasoning"]
    assert [(item["id"], item["encrypted_content"]) for item in returned] == list(native.issued.items())[:2]


@pytest.mark.parametrize("other", ["test/echo", "native/reasoning", "both/reasoning-details"])
@STREAMS
def test_behaviour_08_another_model_does_not_get_it_and_the_answer_says_so(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream, other: str, is_stream: bool
) -> None:
    first = answered(client, is_stream, model="test/reasoning-details")
    upstream.forget()
    second = answered(client, is_stream, "Go on.", other, previous_response_id=first["id"])
    (reasoning,) = items(first, "reasoning")
    assert second["input_transformations"] == [
        {"id": reasoning["id"], "type": "reasoning", "action": "removed", "reason": "model_mismatch"}
    ]
    received = [*upstream.received, *native.received]
    assert len(received) == 1
    assert "reasoning" not in str(received[0].get("messages") or received[0]["input"])


def test_behaviour_08_the_author_gets_it_back_after_another_model_answered(
    client: httpx.Client, upstream: ChatUpstream
) -> None:
    first = plain(client, model="test/reasoning-details")
    second = plain(client, "Go on.", previous_response_id=first["id"])
    third = plain(client, "And on.", "test/reasoning-details", previous_response_id=second["id"])
    assert "input_transformations" not in third
    said = [message for message in upstream.last["messages"] if message["role"] == "assistant"]
    assert [message.get("reasoning_details") for message in said] == [[SIGNED], None]


def test_behaviour_08_a_seal_that_was_changed_is_left_out_and_said(
    client: httpx.Client, upstream: ChatUpstream
) -> None:
    first = plain(client, model="test/reasoning-details")
    (reasoning,) = items(first, "reasoning")
    sealed = reasoning["encrypted_content"]
    forged = {**reasoning, "encrypted_content": sealed[:-3] + ("AAA" if sealed[-3:] != "AAA" else "BBB")}
    second = plain(client, [forged, user("Go on.")], "test/reasoning-details")
    assert [entry["action"] for entry in second["input_transformations"]] == ["removed"]
    assert "reasoning_details" not in str(upstream.last)


@STREAMS
def test_behaviour_09_reasoning_is_carried_by_default_and_also_without_a_store(
    client: httpx.Client, native: ResponsesUpstream, upstream: ChatUpstream, is_stream: bool
) -> None:
    first = answered(client, is_stream, "Weather?", "native/reasoning", tools=TOOLS, store=False)
    reasoning, call = first["output"]
    assert reasoning["encrypted_content"]
    history = [user("Weather?"), reasoning, call, output(call, "sunny")]
    second = answered(client, is_stream, history, "native/reasoning", tools=TOOLS, store=False)
    assert text(second) == "sunny"
    returned = native.last["input"][1]
    assert {returned["id"]: returned["encrypted_content"]}.items() <= native.issued.items()
    assert "input_transformations" not in second


def test_behaviour_09_encrypted_content_is_complete_in_done_and_the_same_in_the_end(client: httpx.Client) -> None:
    for model in ("test/reasoning", "native/reasoning"):
        events = streamed(client, model=model)
        closed = [event["item"] for event in events if event["type"] == "response.output_item.done"]
        opened = [event["item"] for event in events if event["type"] == "response.output_item.added"]
        assert "encrypted_content" not in opened[0]
        assert closed[0]["encrypted_content"]
        assert closed[0] == events[-1]["response"]["output"][0]


def test_behaviour_09_stateless_clients_replay_reasoning_with_ids_that_nobody_knows(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream
) -> None:
    foreign = {"type": "reasoning", "id": "rs_0a1b2c", "summary": []}
    anonymous: dict[str, Any] = {"type": "reasoning", "summary": [], "encrypted_content": None, "content": None}
    said = {"type": "message", "role": "assistant", "content": "Yes?"}
    history = [user("Hi."), foreign, said, anonymous, said, user("Go on.")]
    response = plain(client, history)
    assert text(response) == "Go on."
    assert [message["role"] for message in upstream.last["messages"]] == ["user", "assistant", "assistant", "user"]


def test_behaviour_09_encrypted_content_that_is_not_ours_goes_on_to_who_may_be_its_author(
    client: httpx.Client, native: ResponsesUpstream, upstream: ChatUpstream
) -> None:
    native.issued["rs_old"] = "gAAAA-from-before"
    old = {"type": "reasoning", "id": "rs_old", "summary": [], "encrypted_content": "gAAAA-from-before"}
    said = {"type": "message", "role": "assistant", "content": "Yes?"}
    history = [user("Hi."), old, said, user("Go on.")]
    plain(client, history, "native/echo")
    assert native.last["input"][1] == old
    response = plain(client, history)
    assert [entry["id"] for entry in response["input_transformations"]] == ["rs_old"]
    assert "gAAAA" not in str(upstream.last)


@STREAMS
def test_reasoning_of_a_chat_model_travels_through_a_tool_loop(
    client: httpx.Client, upstream: ChatUpstream, is_stream: bool
) -> None:
    tools = [function("f0", "city"), function("f1", "city")]
    first = answered(client, is_stream, "Go.", "test/reasoning-tools", tools=tools)
    outputs = [output(call) for call in items(first, "function_call")]
    answered(client, is_stream, outputs, "test/reasoning-tools", previous_response_id=first["id"], tools=tools)
    said = _said(upstream)
    assert said["reasoning_content"] == "".join(STEPS)
    assert len(said["tool_calls"]) == 2


def test_reasoning_shows_summaries_as_summaries_and_text_as_text(client: httpx.Client) -> None:
    (summary,) = items(plain(client, model="native/reasoning"), "reasoning")
    assert (summary["summary"], summary["content"]) == ([{"type": "summary_text", "text": SUMMARY}], [])
    (raw,) = items(plain(client, model="test/reasoning"), "reasoning")
    assert (raw["summary"], raw["content"]) == ([], [{"type": "reasoning_text", "text": "Let me think."}])


@pytest.mark.parametrize("model", ["test/refusal", "native/refusal"])
@STREAMS
def test_behaviour_10_a_refusal_is_a_part_of_its_own(client: httpx.Client, model: str, is_stream: bool) -> None:
    response = answered(client, is_stream, model=model)
    (message,) = response["output"]
    assert message["content"] == [{"type": "refusal", "refusal": "I will not."}]
    assert (response["status"], message["status"]) == ("completed", "completed")


@pytest.mark.parametrize("model", ["test/refusal", "native/refusal"])
def test_behaviour_10_a_refusal_is_streamed(client: httpx.Client, model: str) -> None:
    events = streamed(client, model=model)
    deltas = [event["delta"] for event in events if event["type"] == "response.refusal.delta"]
    assert "".join(deltas) == "I will not."
    assert "refusal.done" in kinds(events)


def test_behaviour_10_a_refusal_in_the_history_is_told_the_model(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream
) -> None:
    for model in ("test/refusal", "native/refusal"):
        first = plain(client, model=model)
        plain(client, "Why?", previous_response_id=first["id"])
        assert "I will not." in str(upstream.last["messages"][1])
        plain(client, "Why?", "native/echo", previous_response_id=first["id"])
        assert native.last["input"][1]["content"] == [{"type": "refusal", "refusal": "I will not."}]


@STREAMS
def test_behaviour_10_a_refusal_without_words_is_no_502(
    client: httpx.Client, told: ToldUpstream, is_stream: bool
) -> None:
    told.streams(chunk(role="assistant", content=""), chunk("content_filter"), usage_chunk())
    told.replies({"content": None}, "content_filter")
    response = answered(client, is_stream, model="told/silent")
    assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})
