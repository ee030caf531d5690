"""The official Python SDK on `/v1/responses`: one answer, plain and streamed, and what it may hold."""

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.responses import Response, ResponseReasoningItem, ResponseStreamEvent
from pydantic import BaseModel

from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import KEY, RunningGateway

MODEL = "test/echo"


class Weather(BaseModel):
    city: str
    degrees: int


@pytest.fixture
def sdk(sdk_of_v1: OpenAI, upstream: ChatUpstream) -> OpenAI:
    upstream.forget()
    return sdk_of_v1


def test_an_input_is_answered(sdk: OpenAI) -> None:
    response = sdk.responses.create(model=MODEL, input="How do you do?")
    assert response.output_text == "How do you do?"
    assert (response.status, response.id[:5]) == ("completed", "resp_")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (11, 7, 18)
    assert response.usage.input_tokens_details.cached_tokens == 3
    assert response.usage.output_tokens_details.reasoning_tokens == 2


def test_instructions_and_messages_reach_the_model_in_their_order(sdk: OpenAI, upstream: ChatUpstream) -> None:
    response = sdk.responses.create(
        model=MODEL,
        instructions="Be brief.",
        input=[
            {"role": "user", "content": "One."},
            {"role": "assistant", "content": "Two."},
            {"role": "user", "content": [{"type": "input_text", "text": "Three."}]},
        ],
    )
    assert response.instructions == "Be brief."
    assert [message["content"] for message in upstream.last["messages"][:3]] == ["Be brief.", "One.", "Two."]
    assert response.output_text == "Three."


def test_a_stream_is_told_event_by_event(sdk: OpenAI) -> None:
    with sdk.responses.create(model=MODEL, input="How do you do?", stream=True) as stream:
        events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = list(dict.fromkeys(event.type for event in events))
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert _ended(events).output_text == _said(events) == "How do you do?"


def test_the_stream_helper_puts_the_response_together(sdk: OpenAI) -> None:
    with sdk.responses.stream(model="test/reasoning", input="How do you do?") as stream:
        snapshots = [event.snapshot for event in stream if event.type == "response.output_text.delta"]
        response = stream.get_final_response()
    assert snapshots == ["How do y", "How do you do?"]
    assert response.output_text == "How do you do?"
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert sdk.responses.retrieve(response.id).output_text == "How do you do?"


@pytest.mark.anyio
async def test_the_asynchronous_client_streams(agent_gateway: RunningGateway) -> None:
    async with AsyncOpenAI(api_key=KEY, base_url=f"{agent_gateway.url}/v1", max_retries=0) as client:
        stream = await client.responses.create(model=MODEL, input="How do you do?", stream=True)
        events = [event async for event in stream]
    assert _ended(events).output_text == "How do you do?"


def test_structured_output_is_parsed(sdk: OpenAI, upstream: ChatUpstream) -> None:
    said = '{"city": "Paris", "degrees": 12}'
    response = sdk.responses.parse(model=MODEL, input=said, text_format=Weather)
    assert response.output_parsed == Weather(city="Paris", degrees=12)
    schema = upstream.last["response_format"]["json_schema"]
    assert (schema["name"], schema["strict"]) == ("Weather", True)
    assert schema["schema"]["properties"].keys() == {"city", "degrees"}


def test_streamed_structured_output_is_parsed(sdk: OpenAI) -> None:
    with sdk.responses.stream(model=MODEL, input='{"city": "Oslo", "degrees": -3}', text_format=Weather) as stream:
        response = stream.until_done().get_final_response()
    assert response.output_parsed == Weather(city="Oslo", degrees=-3)


def test_an_image_goes_upstream_as_chat_has_it(sdk: OpenAI, upstream: ChatUpstream) -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    sdk.responses.create(
        model=MODEL,
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is it?"},
                    {"type": "input_image", "image_url": picture, "detail": "low"},
                ],
            }
        ],
    )
    assert upstream.last["messages"][-1]["content"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": picture, "detail": "low"}},
    ]


def test_reasoning_is_shown_and_comes_sealed(sdk: OpenAI) -> None:
    response = sdk.responses.create(
        model="test/reasoning", input="Go.", reasoning={"effort": "low"}, include=["reasoning.encrypted_content"]
    )
    reasoning = response.output[0]
    assert isinstance(reasoning, ResponseReasoningItem)
    assert reasoning.content is not None
    assert reasoning.content[0].text == "Let me think."
    assert reasoning.encrypted_content
    assert "think" not in reasoning.encrypted_content


def test_a_refusal_is_a_refusal(sdk: OpenAI) -> None:
    with sdk.responses.stream(model="test/refusal", input="Go.") as stream:
        streamed = stream.until_done().get_final_response()
    plain = sdk.responses.create(model="test/refusal", input="Go.")
    for response in (streamed, plain):
        item = response.output[0]
        assert item.type == "message"
        assert [(part.type, getattr(part, "refusal", None)) for part in item.content] == [("refusal", "I will not.")]


def test_an_answer_that_was_cut_short_is_incomplete(sdk: OpenAI) -> None:
    with sdk.responses.create(model="test/length", input="Go.", max_output_tokens=16, stream=True) as stream:
        events = list(stream)
    for response in (_ended(events, "response.incomplete"), sdk.responses.create(model="test/length", input="Go.")):
        assert response.status == "incomplete"
        assert response.incomplete_details is not None
        assert response.incomplete_details.reason == "max_output_tokens"
        assert response.usage is not None


def test_a_failure_in_mid_stream_fails_and_is_kept_as_failed(sdk: OpenAI) -> None:
    with sdk.responses.create(model="test/cut", input="Tell me a story.", stream=True) as stream:
        response = _ended(list(stream), "response.failed")
    assert response.error is not None
    kept = sdk.responses.retrieve(response.id)
    assert (kept.status, kept.error) == ("failed", response.error)


def test_what_was_dropped_is_said_in_a_header(sdk: OpenAI, upstream: ChatUpstream) -> None:
    raw = sdk.responses.with_raw_response.create(
        model=MODEL, input="Go.", truncation="auto", extra_body={"top_k": 3, "x_unheard_of": 1}
    )
    assert set(raw.headers["x-waystone-dropped"].split(",")) == {"truncation", "x_unheard_of"}
    assert raw.headers["x-waystone-provider"] == "test"
    assert raw.parse().output_text == "Go."
    assert upstream.last["top_k"] == 3


def test_the_response_repeats_what_was_asked(sdk: OpenAI) -> None:
    response = sdk.responses.create(
        model=MODEL, input="Go.", metadata={"team": "search"}, temperature=0.5, top_p=0.9, user="u1"
    )
    assert response.metadata == {"team": "search"}
    assert (response.temperature, response.top_p, response.user) == (0.5, 0.9, "u1")
    assert (response.truncation, response.parallel_tool_calls, response.tool_choice) == ("disabled", True, "auto")


def test_a_hosted_tool_that_the_upstream_does_not_have_is_a_bad_request(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.responses.create(model=MODEL, input="Go.", tools=[{"type": "web_search"}])
    assert (caught.value.param, caught.value.code) == ("tools[0].type", "unsupported_parameter")


def test_a_bad_field_is_a_bad_request_that_names_it(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.responses.create(model=MODEL, input="Go.", max_output_tokens=8)
    assert caught.value.param == "max_output_tokens"


def test_an_upstreams_refusal_keeps_its_status_when_streamed(sdk: OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        sdk.responses.create(model="test/refuse-429", input="Go.", stream=True)
    assert caught.value.response.headers["retry-after"] == "7"


def _said(events: list[ResponseStreamEvent]) -> str:
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def _ended(events: list[ResponseStreamEvent], kind: str = "response.completed") -> Response:
    """The response that the last event carries."""
    last = events[-1]
    assert last.type == kind
    response = getattr(last, "response", None)
    assert isinstance(response, Response)
    return response
