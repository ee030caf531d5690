"""Prompt templates of the gateway's own, by the official SDK: before upstreams of three dialects."""

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from openai.types.responses import Response

from tests.clients.test_background_python import polled
from tests.servers.anthropic_upstream import AnthropicUpstream
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import KEY, RunningGateway, running_gateway, scripted_config
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.thread import serving

PNG = "data:image/png;base64,iVBORw0KGgo="
IMAGE: Any = {"type": "input_image", "image_url": PNG, "detail": "auto"}
PROMPTS = {
    "weather": {
        "versions": {
            "1": {
                "model": "test/echo",
                "instructions": "Speak of {{city}}.",
                "messages": [
                    {"role": "user", "content": "Is {{city}} large?"},
                    {"role": "assistant", "content": "It is."},
                ],
                "temperature": 0.5,
            },
            "2": {"messages": [{"role": "user", "content": "See: {{photo}} of {{city}}"}]},
            "3": {"instructions": "Be brief.", "tools": [{"type": "function", "name": "f", "parameters": {}}]},
        },
        "default": "1",
    }
}
TEMPLATE = [("user", "Is Rome large?"), ("assistant", "It is.")]


@pytest.fixture(scope="module")
def anthropic() -> AnthropicUpstream:
    return AnthropicUpstream()


@pytest.fixture(scope="module")
def prompting(
    upstream_url: str, anthropic: AnthropicUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    with serving(anthropic.app) as url:
        config = scripted_config(upstream_url)
        config["providers"]["anthropic"] = {"api_key": UPSTREAM_KEY, "base_url": url}
        config["providers"]["forgetful"] = {**config["providers"]["native"], "stored_prompts": False}
        with running_gateway(tmp_path_factory.mktemp("prompts"), {**config, "prompts": PROMPTS}) as running:
            yield running


@pytest.fixture
def sdk(
    prompting: RunningGateway, upstream: ChatUpstream, native: ResponsesUpstream, anthropic: AnthropicUpstream
) -> Iterator[OpenAI]:
    for scripted in (upstream, native, anthropic):
        scripted.forget()
    with OpenAI(api_key=KEY, base_url=f"{prompting.url}/v1", max_retries=0, timeout=30) as client:
        yield client


def weather(version: str | None = None, **variables: Any) -> Any:
    return {"id": "weather", "variables": variables} | ({} if version is None else {"version": version})


def messages(upstream: ChatUpstream) -> list[tuple[str, Any]]:
    return [(message["role"], message["content"]) for message in upstream.last["messages"]]


def texts(item: Any) -> list[str]:
    """Those of a stored message."""
    return [part.text for part in item.content]


def refusal(sdk: OpenAI, **request: Any) -> Any:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.responses.create(**request)
    return caught.value


def test_a_template_brings_model_settings_and_messages_to_a_chat_upstream(sdk: OpenAI, upstream: ChatUpstream) -> None:
    response = sdk.responses.create(prompt=weather(city="Rome"), input="How is it?")
    assert messages(upstream) == [("system", "Speak of Rome."), *TEMPLATE, ("user", "How is it?")]
    assert upstream.last["temperature"] == 0.5
    assert "prompt" not in upstream.last
    assert response.output_text == "How is it?"
    assert response.prompt is not None
    assert (response.prompt.id, response.prompt.variables, response.temperature) == ("weather", {"city": "Rome"}, 0.5)
    assert response.instructions == "Speak of Rome."
    assert sdk.responses.retrieve(response.id).prompt == response.prompt


def test_a_template_is_counted_as_it_is_expanded(sdk: OpenAI) -> None:
    def count(**body: Any) -> int:
        return sdk.responses.input_tokens.count(extra_body=body).input_tokens

    alone = count(model="test/echo", input="How is it?")
    assert count(prompt=weather(city="Rome"), input="How is it?") > alone + 5
    assert count(prompt=weather(city="Rome " * 100), input="How is it?") > alone + 100
    with pytest.raises(openai.BadRequestError) as missing:
        count(prompt=weather(), input="How is it?")
    assert missing.value.param == "prompt.variables.city"
    with pytest.raises(openai.BadRequestError) as unknown:
        count(model="native/echo", prompt={"id": "pmpt_1"}, input="How is it?")
    assert unknown.value.param == "prompt"


@pytest.mark.parametrize("model", ["anthropic/echo", "native/echo", "test/echo"])
def test_every_dialect_gets_texts_and_images_in_their_order(
    sdk: OpenAI, model: str, upstream: ChatUpstream, native: ResponsesUpstream, anthropic: AnthropicUpstream
) -> None:
    sdk.responses.create(model=model, prompt=weather("2", city="Rome", photo=IMAGE), input="What is it?")
    body = {
        "test/echo": lambda: upstream.last["messages"],
        "native/echo": lambda: native.last["input"],
        "anthropic/echo": lambda: anthropic.requests[-1]["body"]["messages"],
    }[model]()
    parts = [part for message in body for part in _parts(message["content"])]
    assert [part.get("text", "image") for part in parts] == ["See: ", "image", " of Rome", "What is it?"]
    if model == "native/echo":
        assert "prompt" not in native.last


def _parts(content: Any) -> list[Any]:
    return [{"text": content}] if isinstance(content, str) else content


def test_a_stream_begins_with_the_prompt_and_ends_with_the_answer(sdk: OpenAI, upstream: ChatUpstream) -> None:
    with sdk.responses.create(prompt=weather(city="Rome"), input="Hi there.", stream=True) as stream:
        events = list(stream)
    created, completed = events[0], events[-1]
    assert created.type == "response.created"
    assert completed.type == "response.completed"
    assert created.response.prompt == completed.response.prompt
    assert completed.response.output_text == "Hi there."
    assert messages(upstream)[1:3] == TEMPLATE


def test_a_response_in_the_background_has_its_template_too(sdk: OpenAI, upstream: ChatUpstream) -> None:
    queued = sdk.responses.create(prompt=weather(city="Rome"), input="Later.", background=True)
    assert queued.prompt is not None
    done = polled(sdk, queued.id)
    assert (done.status, done.output_text, done.prompt) == ("completed", "Later.", queued.prompt)
    assert messages(upstream) == [("system", "Speak of Rome."), *TEMPLATE, ("user", "Later.")]
    with sdk.responses.create(prompt=weather(city="Rome"), input="Streamed.", background=True, stream=True) as stream:
        *_, last = stream
    assert last.type == "response.completed"
    assert last.response.output_text == "Streamed."
    refused = refusal(sdk, prompt=weather(), input="Later.", background=True)
    assert refused.param == "prompt.variables.city"


def test_messages_of_a_template_are_no_part_of_what_is_stored(sdk: OpenAI, upstream: ChatUpstream) -> None:
    first = sdk.responses.create(prompt=weather(city="Rome"), input="One.")
    own = sdk.responses.input_items.list(first.id).data
    assert [texts(item) for item in own] == [["One."]]
    without = sdk.responses.create(model="test/echo", previous_response_id=first.id, input="Two.")
    assert messages(upstream) == [("user", "One."), ("assistant", "One."), ("user", "Two.")]
    sdk.responses.create(prompt=weather(city="Oslo"), previous_response_id=without.id, input="Three.")
    turns = [("user", "One."), ("assistant", "One."), ("user", "Two."), ("assistant", "Two."), ("user", "Three.")]
    template = [("user", "Is Oslo large?"), ("assistant", "It is.")]
    assert messages(upstream) == [("system", "Speak of Oslo."), *template, *turns]


def test_a_conversation_gets_the_requests_own_items_only(sdk: OpenAI) -> None:
    conversation = sdk.conversations.create()
    sdk.responses.create(prompt=weather(city="Rome"), conversation=conversation.id, input="One.")
    kept = sdk.conversations.items.list(conversation.id, order="asc").data
    assert [item.type for item in kept] == ["message", "message"]
    assert [texts(item) for item in kept] == [["One."], ["One."]]


def test_a_template_alone_can_be_answered(sdk: OpenAI, upstream: ChatUpstream) -> None:
    response = sdk.responses.create(model="test/echo", prompt=weather("2", city="Rome", photo="a picture"))
    assert response.output_text == "See: a picture of Rome"
    assert sdk.responses.input_items.list(response.id).data == []
    nothing = refusal(sdk, model="test/echo", prompt=weather("3"))
    assert nothing.param == "input"


def test_the_requests_own_settings_prevail(sdk: OpenAI, upstream: ChatUpstream) -> None:
    sdk.responses.create(
        model="test/echo", prompt=weather(city="Rome"), input="Hi.", instructions="Mine.", temperature=1.5, store=False
    )
    assert messages(upstream) == [("system", "Mine."), *TEMPLATE, ("user", "Hi.")]
    assert upstream.last["temperature"] == 1.5


def test_a_request_is_answered_once_under_its_idempotency_key(sdk: OpenAI, upstream: ChatUpstream) -> None:
    def create(city: str) -> Response:
        headers = {"Idempotency-Key": "prompt-1"}
        return sdk.responses.create(prompt=weather(city=city), input="Once.", extra_headers=headers)

    assert create("Rome") == create("Rome")
    assert len(upstream.received) == 1
    with pytest.raises(openai.ConflictError):
        create("Oslo")


@pytest.mark.parametrize(
    ("request_", "param", "words"),
    [
        ({"prompt": weather()}, "prompt.variables.city", "weather"),
        ({"prompt": weather(city="x", town="y")}, "prompt.variables.town", "town"),
        ({"prompt": weather("9", city="x")}, "prompt.version", "'9'"),
        ({"prompt": weather(city=IMAGE)}, "prompt.variables.city", "image"),
        ({"prompt": weather("3")}, "model", "'weather'"),
        ({"prompt": {"id": "pmpt_1"}}, "model", "'pmpt_1'"),
        ({"prompt": {"id": "pmpt_1"}, "model": "test/echo"}, "prompt", "'pmpt_1'"),
        ({"prompt": {"id": "pmpt_1"}, "model": "anthropic/echo"}, "prompt", "'pmpt_1'"),
        ({"prompt": {"id": "pmpt_1"}, "model": "forgetful/echo"}, "prompt", "'pmpt_1'"),
        ({"prompt": {"id": "weather", "variables": {"city": 5}}}, "prompt.variables.city", "string"),
        ({}, "model", "model"),
    ],
)
def test_refusals_name_what_is_wrong(sdk: OpenAI, request_: dict[str, Any], param: str, words: str) -> None:
    error = refusal(sdk, input="Hi.", **request_)
    assert error.param == param
    assert words in error.message


@pytest.mark.parametrize("prompt", [{"id": "weather"}, {"id": "pmpt_1"}, "x", 5, "", {}])
@pytest.mark.parametrize("model", ["test/echo", "native/echo"])
def test_waystones_own_operation_has_no_prompts(prompting: RunningGateway, prompt: Any, model: str) -> None:
    body = {"model": model, "input": "Hi.", "prompt": prompt}
    headers = {"Authorization": f"Bearer {KEY}"}
    reply = httpx.post(f"{prompting.url}/api/gateway/v1/responses", json=body, headers=headers, timeout=30)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"], error["code"]) == (400, "prompt", "unsupported_parameter")
    assert error["message"].startswith("Prompt templates are for /v1/responses")


def test_a_prompt_of_the_providers_own_goes_there_as_it_came(sdk: OpenAI, native: ResponsesUpstream) -> None:
    prompt: Any = {"id": "pmpt_1", "version": "7", "variables": {"city": "Rome", "photo": IMAGE}}
    response = sdk.responses.create(model="native/echo", prompt=prompt, input="Hi.")
    assert native.last["prompt"] == prompt
    assert response.prompt is not None
    assert response.prompt.id == "pmpt_1"
