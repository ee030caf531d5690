"""Stock clients on Cohere through a running gateway: every script of the strict upstream, on both APIs of OpenAI's."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.clients.contract import check
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.cohere_upstream import MODELS, THOUGHT, CohereUpstream
from tests.servers.gateway import KEY, RunningGateway, running_gateway
from tests.servers.thread import DEADLINE, serving

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": PARAMETERS}}
FORM = {"type": "json_schema", "json_schema": {"name": "place", "schema": PARAMETERS}}
ASKED = {"role": "user", "content": "How is it in Oslo?"}
ECHO = "I was given How is it in Oslo?."
GIVEN = '{"city":"city"}'
PIXEL = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture(scope="module")
def upstream() -> CohereUpstream:
    return CohereUpstream()


@pytest.fixture(scope="module")
def other() -> ChatUpstream:
    """An upstream that speaks OpenAI's chat."""
    return ChatUpstream()


@pytest.fixture(scope="module")
def gateway(
    upstream: CohereUpstream, other: ChatUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """A gateway with Cohere, and with another provider that speaks chat."""
    with serving(upstream.app) as url, serving(other.app) as other_url:
        chat = {"dialect": "openai-chat", "base_url": f"{other_url}/v1", "api_key": UPSTREAM_KEY}
        config = {
            "providers": {"cohere": {"base_url": url, "api_key": UPSTREAM_KEY}, "lab": chat},
            "retries": {"attempts": 1},
        }
        with running_gateway(tmp_path_factory.mktemp("cohere"), config) as running:
            yield running


@pytest.fixture
def sdk(gateway: RunningGateway, upstream: CohereUpstream, other: ChatUpstream) -> Iterator[OpenAI]:
    """The official SDK; the upstreams' memories are empty."""
    upstream.forget()
    other.forget()
    with OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture
def http(gateway: RunningGateway) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client


def chat(sdk: OpenAI, model: str, messages: list[Any] | None = None, **fields: Any) -> Any:
    """A plain completion, held against the contract."""
    done = sdk.chat.completions.create(model=f"cohere/{model}", messages=messages or [ASKED], **fields)
    check("ChatCompletion", done.model_dump(exclude_unset=True))
    return done


def streamed(sdk: OpenAI, model: str, messages: list[Any] | None = None, **fields: Any) -> Any:
    """The completion that the SDK puts together from a stream."""
    asked = {"model": f"cohere/{model}", "messages": messages or [ASKED], **fields}
    with sdk.chat.completions.stream(**asked) as stream:
        return stream.get_final_completion()


def test_models_are_those_that_chat(sdk: OpenAI) -> None:
    assert {f"cohere/{name}" for name in MODELS} <= {model.id for model in sdk.models.list()}
    assert "cohere/embed" not in {model.id for model in sdk.models.list()}


@pytest.mark.parametrize("ask", [chat, streamed])
def test_answer_with_its_usage(sdk: OpenAI, upstream: CohereUpstream, ask: Any) -> None:
    options = {"stream_options": {"include_usage": True}} if ask is streamed else {}
    done = ask(sdk, "echo", temperature=0.5, top_p=0.9, **options)
    assert (done.choices[0].message.content, done.choices[0].finish_reason) == (ECHO, "stop")
    usage = done.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (11, 7, 18)
    assert usage.prompt_tokens_details.cached_tokens == 3
    assert usage.completion_tokens_details.reasoning_tokens == 2
    assert (upstream.last["p"], upstream.last["model"]) == (0.9, "echo")


def test_answer_on_the_responses_api(sdk: OpenAI) -> None:
    assert sdk.responses.create(model="cohere/echo", input=ASKED["content"]).output_text == ECHO
    with sdk.responses.stream(model="cohere/echo", input=ASKED["content"]) as stream:
        assert stream.get_final_response().output_text == ECHO


def test_what_cohere_has_no_word_for_is_said(http: httpx.Client) -> None:
    asked = {"model": "cohere/echo", "messages": [ASKED], "user": "ann"}
    reply = http.post("/v1/chat/completions", json=asked)
    assert reply.headers["x-waystone-dropped"] == "user"
    assert reply.headers["x-waystone-provider"] == "cohere"
    refused = http.post("/v1/chat/completions", json={**asked, "n": 2})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "n")


@pytest.mark.parametrize("ask", [chat, streamed])
@pytest.mark.parametrize("model", ["tool", "plan", "think"])
def test_tool_loop_keeps_its_reasoning(sdk: OpenAI, upstream: CohereUpstream, model: str, ask: Any) -> None:
    called = ask(sdk, model, tools=[TOOL]).choices[0]
    (call,) = called.message.tool_calls
    assert (called.finish_reason, call.function.name, call.function.arguments) == ("tool_calls", "weather", GIVEN)
    back = called.message.model_dump(exclude_unset=True)
    output = {"role": "tool", "tool_call_id": call.id, "content": "Fine."}
    done = ask(sdk, model, [ASKED, back, output], tools=[TOOL])
    assert done.choices[0].message.content == "Fine."
    answer = upstream.last["messages"][1]
    assert ("tool_plan" in answer, "content" in answer) == (model == "plan", model == "think")


def test_tool_loop_on_the_responses_api_keeps_its_reasoning(sdk: OpenAI) -> None:
    tools: list[Any] = [{"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": False}]
    called = sdk.responses.create(model="cohere/think", input=str(ASKED["content"]), tools=tools)
    (call,) = [item for item in called.output if item.type == "function_call"]
    assert [item.type for item in called.output] == ["reasoning", "function_call"]
    output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "Fine."}
    done = sdk.responses.create(model="cohere/think", input=[output], tools=tools, previous_response_id=called.id)
    assert done.output_text == "Fine."


def test_reasoning_that_was_lost_or_changed_is_not_made_up(sdk: OpenAI) -> None:
    called = chat(sdk, "think", tools=[TOOL]).choices[0].message
    back = called.model_dump(exclude_unset=True)
    assert back["reasoning_content"] == THOUGHT
    output = {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "Fine."}
    lost = {name: value for name, value in back.items() if name != "reasoning_details"}
    (detail,) = back["reasoning_details"]
    changed = {**back, "reasoning_details": [{**detail, "data": detail["data"][:-4] + "AAAA"}]}
    for message in (lost, changed):
        with pytest.raises(openai.BadRequestError, match="reasoning before the tool call is missing"):
            chat(sdk, "think", [ASKED, message, output], tools=[TOOL])


def test_nobody_else_is_sent_a_seal_or_what_is_under_it(sdk: OpenAI, other: ChatUpstream) -> None:
    back = chat(sdk, "think").choices[0].message.model_dump(exclude_unset=True)
    assert back["reasoning_details"][0]["data"].startswith("waystone.1.")
    messages: list[Any] = [ASKED, back, ASKED]
    for stream in (False, True):
        done: Any = sdk.chat.completions.create(model="lab/echo", messages=messages, stream=stream)
        list(done)
        assert "waystone" not in json.dumps(other.last)
        assert THOUGHT not in json.dumps(other.last, ensure_ascii=False)
        assert other.last["messages"][1]["content"] == ECHO


@pytest.mark.parametrize("ask", [chat, streamed])
def test_citations_are_annotations(sdk: OpenAI, ask: Any) -> None:
    (cited,) = ask(sdk, "cite").choices[0].message.annotations
    place = (
        cited.url_citation if ask is chat else cited["url_citation"] if isinstance(cited, dict) else cited.url_citation
    )
    assert (place.url, place.title, place.start_index, place.end_index) == ("https://example.org/", "A page", 0, 5)


def test_forms_are_kept_beside_tools_or_fail(sdk: OpenAI, upstream: CohereUpstream) -> None:
    assert chat(sdk, "form", response_format=FORM).choices[0].message.content == GIVEN
    assert upstream.last["response_format"]["json_schema"] == PARAMETERS
    called = chat(sdk, "form", tools=[TOOL], response_format=FORM).choices[0].message
    back = called.model_dump(exclude_unset=True)
    output = {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "Fine."}
    done = chat(sdk, "form", [ASKED, back, output], tools=[TOOL], response_format=FORM).choices[0]
    assert (done.message.content, done.message.tool_calls, done.finish_reason) == (GIVEN, None, "stop")
    with pytest.raises(openai.InternalServerError) as failed:
        chat(sdk, "bad-form", [ASKED, back, output], tools=[TOOL], response_format=FORM)
    assert failed.value.code == "upstream_bad_reply"


@pytest.mark.parametrize("ask", [chat, streamed])
def test_arguments_that_are_none_are_an_empty_object(sdk: OpenAI, ask: Any) -> None:
    (call,) = ask(sdk, "nothing", tools=[TOOL]).choices[0].message.tool_calls
    assert call.function.arguments == "{}"


def test_images_are_shown_and_named_by_their_place_where_they_cannot_be(sdk: OpenAI, upstream: CohereUpstream) -> None:
    image = {"type": "image_url", "image_url": {"url": PIXEL}}
    said = {"role": "user", "content": [{"type": "text", "text": "See."}, image]}
    assert chat(sdk, "echo", [said]).choices[0].message.content == "I was given See.."
    assert upstream.last["messages"][0]["content"][1] == image
    with pytest.raises(openai.BadRequestError) as refused:
        chat(sdk, "command-a-03-2025", [ASKED, said])
    assert refused.value.param == "messages[1].content[1]"


def test_length_is_told(sdk: OpenAI) -> None:
    assert chat(sdk, "length").choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("refuse-400", 400, None),
        ("too-long", 400, "context_length_exceeded"),
        ("refuse-402", 502, "insufficient_quota"),
        ("refuse-404", 404, "model_not_found"),
        ("throttle", 429, "rate_limit_exceeded"),
        ("refuse-498", 502, "upstream_auth"),
        ("overloaded", 503, "overloaded"),
    ],
)
@pytest.mark.parametrize("ask", [chat, streamed])
def test_refusals_keep_their_meaning(sdk: OpenAI, model: str, status: int, code: str | None, ask: Any) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        ask(sdk, model)
    assert (refused.value.status_code, refused.value.code) == (status, code)


@pytest.mark.parametrize("model", ["late-error", "cut", "end-early"])
def test_stream_that_breaks_off_is_no_success(sdk: OpenAI, model: str) -> None:
    with pytest.raises(openai.APIError):
        streamed(sdk, model)


def test_client_that_goes_away_takes_its_request_along(gateway: RunningGateway, upstream: CohereUpstream) -> None:
    upstream.forget()
    asked = {"model": "cohere/stall", "messages": [ASKED]}
    with gateway.client(timeout=0.5) as client, pytest.raises(httpx.ReadTimeout):
        client.post("/v1/chat/completions", json=asked)
    assert upstream.went.wait(DEADLINE)
