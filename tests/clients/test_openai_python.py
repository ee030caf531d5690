"""The official Python SDK, pointed at the gateway and otherwise unchanged."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageFunctionToolCall, ChatCompletionToolParam
from openai.types.responses import ResponseFunctionToolCall

from tests.servers.chat_upstream import USAGE, ChatUpstream
from tests.servers.gateway import KEY, RunningGateway

WAYSTONE = "/api/gateway/v1"
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "f0", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
ASKED: Any = [{"role": "user", "content": "How do you do today?"}]


def _sdk(gateway: RunningGateway, base: str, key: str = KEY) -> OpenAI:
    return OpenAI(api_key=key, base_url=gateway.url + base, max_retries=0, timeout=20)


@pytest.fixture(params=["/v1", WAYSTONE])
def sdk(request: pytest.FixtureRequest, gateway: RunningGateway, upstream: ChatUpstream) -> Iterator[OpenAI]:
    upstream.forget()
    with _sdk(gateway, request.param) as client:
        yield client


@pytest.fixture
def v1(gateway: RunningGateway, upstream: ChatUpstream) -> Iterator[OpenAI]:
    upstream.forget()
    with _sdk(gateway, "/v1") as client:
        yield client


@pytest.fixture
def waystone(gateway: RunningGateway, upstream: ChatUpstream) -> Iterator[OpenAI]:
    upstream.forget()
    with _sdk(gateway, WAYSTONE) as client:
        yield client


def test_chat_answers(sdk: OpenAI) -> None:
    completion = sdk.chat.completions.create(model="test/echo", messages=ASKED)
    assert completion.choices[0].message.content == "How do you do today?"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.model_dump(exclude_unset=True) == USAGE
    assert completion.created > 0


def test_chat_streams(sdk: OpenAI) -> None:
    with sdk.chat.completions.create(model="test/echo", messages=ASKED, stream=True) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "How do you do today?"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)


@pytest.mark.parametrize("model", ["test/echo", "test/late-usage"])
def test_chat_streams_usage_last_when_asked(sdk: OpenAI, model: str) -> None:
    with sdk.chat.completions.create(
        model=model, messages=ASKED, stream=True, stream_options={"include_usage": True}
    ) as stream:
        *chunks, last = list(stream)
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.model_dump(exclude_unset=True) == USAGE


def test_chat_calls_a_tool(sdk: OpenAI) -> None:
    completion = sdk.chat.completions.create(model="test/tools", messages=ASKED, tools=[WEATHER])
    calls = completion.choices[0].message.tool_calls
    assert completion.choices[0].finish_reason == "tool_calls"
    assert calls is not None
    assert isinstance(calls[0], ChatCompletionMessageFunctionToolCall)
    assert (calls[0].function.name, calls[0].function.arguments) == ("f0", '{"city":"Paris"}')


def test_chat_takes_the_result_of_a_tool(v1: OpenAI, upstream: ChatUpstream) -> None:
    call = {"id": "call_0", "type": "function", "function": {"name": "f0", "arguments": "{}"}}
    history: Any = [
        *ASKED,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_0", "content": "12 degrees"},
    ]
    v1.chat.completions.create(model="test/echo", messages=history, tools=[WEATHER])
    assert upstream.last["messages"] == history
    assert upstream.last["tools"] == [WEATHER]


def test_chat_streams_parallel_tool_calls_that_the_sdk_can_put_together(sdk: OpenAI) -> None:
    with sdk.chat.completions.stream(model="test/parallel-tools", messages=ASKED) as stream:
        for _ in stream:
            pass
        completion = stream.get_final_completion()
    calls = completion.choices[0].message.tool_calls
    assert calls is not None
    assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [
        ("call_0", "f0", '{"city":"Paris"}'),
        ("call_1", "f1", '{"city":"Paris"}'),
    ]


def test_chat_sends_several_choices(sdk: OpenAI) -> None:
    completion = sdk.chat.completions.create(model="test/echo", messages=ASKED, n=3)
    assert [choice.index for choice in completion.choices] == [0, 1, 2]


def test_chat_passes_on_what_the_contract_does_not_list(v1: OpenAI, upstream: ChatUpstream) -> None:
    v1.chat.completions.create(model="test/echo", messages=ASKED, extra_body={"x_own": {"deep": [1, None]}})
    assert upstream.last["x_own"] == {"deep": [1, None]}
    assert upstream.last["model"] == "echo"


def test_responses_answer(waystone: OpenAI) -> None:
    response = waystone.responses.create(model="test/echo", input="How do you do?")
    assert response.output_text == "How do you do?"
    assert response.status == "completed"
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (11, 7)
    assert response.usage.input_tokens_details.cached_tokens == 3
    assert response.usage.output_tokens_details.reasoning_tokens == 2


def test_responses_stream_to_an_accumulated_response(waystone: OpenAI) -> None:
    with waystone.responses.stream(model="test/echo", input="How do you do?") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        response = stream.get_final_response()
    assert len(deltas) > 1
    assert "".join(deltas) == response.output_text == "How do you do?"


def test_responses_stream_parallel_calls_one_after_the_other(waystone: OpenAI) -> None:
    with waystone.responses.stream(model="test/parallel-tools", input="Go.") as stream:
        for _ in stream:
            pass
        response = stream.get_final_response()
    calls = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
    assert [(call.name, call.arguments) for call in calls] == [
        ("f0", '{"city":"Paris"}'),
        ("f1", '{"city":"Paris"}'),
    ]


def test_responses_that_were_cut_short_are_incomplete(waystone: OpenAI) -> None:
    response = waystone.responses.create(model="test/length", input="Go.")
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


def test_models_are_listed(v1: OpenAI) -> None:
    names = {model.id for model in v1.models.list()}
    assert {"test/echo", "down/any", "twin/any"} <= names


@pytest.mark.parametrize("name", ["test/echo", "echo"])
def test_a_model_is_retrieved_by_a_name_with_or_without_a_slash(v1: OpenAI, name: str) -> None:
    assert v1.models.retrieve(name).id == "test/echo"


def test_wrong_key_is_an_authentication_error(gateway: RunningGateway) -> None:
    with _sdk(gateway, "/v1", "sk-gateway-" + "x" * 40) as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_unknown_model_is_a_not_found_error(sdk: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.chat.completions.create(model="nobody/has-it", messages=ASKED)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


def test_bad_field_is_a_bad_request_error_that_names_it(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.chat.completions.create(model="test/echo", messages=ASKED, temperature=3)
    assert caught.value.param == "temperature"


@pytest.mark.parametrize("stream", [False, True])
def test_throttling_is_a_rate_limit_error_with_a_time_to_wait(sdk: OpenAI, stream: bool) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        sdk.chat.completions.create(model="test/refuse-429", messages=ASKED, stream=stream)
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.code == "rate_limit_exceeded"


@pytest.mark.parametrize("model", ["cut", "end-early", "error-in-stream", "garbage-in-stream"])
def test_a_failure_in_the_middle_of_a_chat_stream_raises(sdk: OpenAI, model: str) -> None:
    with sdk.chat.completions.create(model=f"test/{model}", messages=ASKED, stream=True) as stream:
        assert next(stream).choices
        with pytest.raises(openai.APIError):
            list(stream)


def test_a_failure_in_the_middle_of_a_response_fails_the_response(waystone: OpenAI) -> None:
    with waystone.responses.create(model="test/cut", input="Tell me a story.", stream=True) as stream:
        last = list(stream)[-1]
    assert last.type == "response.failed"
    assert last.response.status == "failed"
    assert last.response.error is not None


@pytest.mark.parametrize("name", ["n", "seed", "max_tokens", "max_completion_tokens", "top_logprobs"])
def test_whole_numbers_that_are_written_as_floats_go_upstream_as_integers(
    v1: OpenAI, upstream: ChatUpstream, name: str
) -> None:
    """To JSON Schema 2.0 is an integer; to OpenAI it is not."""
    v1.chat.completions.create(model="test/echo", messages=ASKED, extra_body={name: 2.0, "logprobs": True})
    assert upstream.last[name] == 2
    assert isinstance(upstream.last[name], int)
