"""The official Python SDK on the request fields of 2026, on upstreams that speak chat, Messages and Responses."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.responses import ResponseInputItemParam
from openai.types.responses.response_configuration_update_item_param_param import (
    ResponseConfigurationUpdateItemParamParam,
)

from tests.clients.background import TERMINAL, until
from tests.servers.anthropic_upstream import AnthropicUpstream
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import KEY, RunningGateway, running_gateway, scripted_config
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.thread import serving

CHAT, ANTHROPIC, NATIVE = "test/echo", "anthropic/claude-opus-4-8:echo", "native/echo"
OPENAI = "openai/echo"
UPDATE: ResponseConfigurationUpdateItemParamParam = {
    "type": "configuration_update",
    "reasoning": {"effort": "high"},
    "text": {"format": {"type": "text"}},
}


@pytest.fixture(scope="module")
def anthropic() -> AnthropicUpstream:
    return AnthropicUpstream()


@pytest.fixture(scope="module")
def own_gateway(
    anthropic: AnthropicUpstream, upstream_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("fields")
    with (
        serving(anthropic.app) as url,
        running_gateway(
            folder,
            scripted_config(upstream_url),
            {
                "ANTHROPIC_API_KEY": UPSTREAM_KEY,
                "ANTHROPIC_BASE_URL": url,
                "OPENAI_API_KEY": UPSTREAM_KEY,
                "OPENAI_BASE_URL": f"{upstream_url}/native",
            },
        ) as running,
    ):
        yield running


@pytest.fixture
def sdk(
    own_gateway: RunningGateway, upstream: ChatUpstream, native: ResponsesUpstream, anthropic: AnthropicUpstream
) -> Iterator[OpenAI]:
    for scripted in (upstream, native, anthropic):
        scripted.forget()
    with OpenAI(api_key=KEY, base_url=f"{own_gateway.url}/v1", max_retries=0, timeout=30) as client:
        yield client


def said(text: str) -> ResponseInputItemParam:
    return {"type": "message", "role": "user", "content": text}


def effort_at(model: str, upstream: ChatUpstream, anthropic: AnthropicUpstream) -> Any:
    """The effort that the upstream behind a model was sent last."""
    if model == CHAT:
        return upstream.last.get("reasoning_effort")
    return anthropic.requests[-1]["body"].get("output_config", {}).get("effort")


@pytest.mark.parametrize("model", [CHAT, ANTHROPIC])
def test_a_change_of_settings_holds_for_the_rest_of_a_chain(
    sdk: OpenAI, upstream: ChatUpstream, anthropic: AnthropicUpstream, model: str
) -> None:
    first = sdk.responses.create(model=model, input=[said("One."), UPDATE], reasoning={"effort": "low"})
    assert effort_at(model, upstream, anthropic) == "high"
    assert first.reasoning is not None
    assert first.reasoning.effort == "high"
    second = sdk.responses.create(model=model, input="Two.", previous_response_id=first.id)
    assert effort_at(model, upstream, anthropic) == "high"
    assert second.reasoning is not None
    assert second.reasoning.effort == "high"
    third = sdk.responses.create(
        model=model, input="Three.", previous_response_id=second.id, reasoning={"effort": "low"}
    )
    assert effort_at(model, upstream, anthropic) == "low"
    last: ResponseConfigurationUpdateItemParamParam = {**UPDATE, "reasoning": {"effort": "medium"}}
    with sdk.responses.stream(model=model, input=[last, said("Four.")], previous_response_id=third.id) as stream:
        fourth = stream.until_done().get_final_response()
    assert effort_at(model, upstream, anthropic) == "medium"
    assert "Four." in fourth.output_text
    kept = [item.type for item in sdk.responses.input_items.list(first.id, order="asc")]
    assert kept == ["message", "configuration_update"]


@pytest.mark.parametrize("model", [OPENAI, NATIVE])
def test_an_upstream_of_the_responses_api_never_gets_a_change_that_the_request_overrides(
    sdk: OpenAI, native: ResponsesUpstream, model: str
) -> None:
    first = sdk.responses.create(model=model, input=[said("One."), UPDATE])
    second = sdk.responses.create(model=model, input="Two.", previous_response_id=first.id, reasoning={"effort": "low"})
    assert native.last["reasoning"] == {"effort": "low"}
    left = [item for item in native.last["input"] if item["type"] == "configuration_update"]
    assert left == ([{"type": UPDATE["type"], "text": UPDATE["text"]}] if model == OPENAI else [])
    assert second.reasoning is not None
    assert second.reasoning.effort == "low"
    third = sdk.responses.create(model=model, input="Three.", previous_response_id=second.id)
    assert ("reasoning" in native.last, UPDATE in native.last["input"]) == (model == NATIVE, model == OPENAI)
    assert third.reasoning is not None
    assert third.reasoning.effort == "high"


@pytest.mark.parametrize("model", [CHAT, ANTHROPIC])
def test_a_change_of_settings_holds_for_the_rest_of_a_conversation(
    sdk: OpenAI, upstream: ChatUpstream, anthropic: AnthropicUpstream, model: str
) -> None:
    conversation = sdk.conversations.create(items=[said("One."), UPDATE])
    for _ in range(2):
        sdk.responses.create(model=model, input="Two.", conversation=conversation.id)
        assert effort_at(model, upstream, anthropic) == "high"
    kinds = [item.type for item in sdk.conversations.items.list(conversation.id, order="asc")]
    assert kinds.count("configuration_update") == 1


def test_openai_is_sent_the_items_of_a_chain_themselves(sdk: OpenAI, native: ResponsesUpstream) -> None:
    first = sdk.responses.create(model=OPENAI, input=[said("One."), UPDATE])
    second = sdk.responses.create(model=OPENAI, input="Two.", previous_response_id=first.id)
    assert native.last["input"][1] == UPDATE
    assert "reasoning" not in native.last
    assert second.reasoning is not None
    assert second.reasoning.effort == "high"


def test_all_of_them_reach_an_upstream_of_the_responses_api(sdk: OpenAI, native: ResponsesUpstream) -> None:
    response = sdk.responses.create(
        model=NATIVE,
        input="Hi",
        access_programs={"cyber": "standard"},
        image={"context_compression": "enabled"},
        moderation={"model": "omni-moderation-latest", "policy": {"output": {"mode": "block"}}},
        prompt_cache_options={"mode": "explicit", "ttl": "12h", "comparison_response_id": "resp_1"},
        reasoning={"mode": "pro", "context": "all_turns", "effort": "max"},
        safety_identifier="s" * 128,
        service_tier="ultrafast",
        text={"verbosity": "low"},
    )
    sent = native.last
    assert sent["prompt_cache_options"] == {"mode": "explicit", "ttl": "12h"}
    assert sent["moderation"]["policy"] == {"output": {"mode": "block"}}
    assert (sent["reasoning"]["mode"], sent["access_programs"]) == ("pro", {"cyber": "standard"})
    assert response.reasoning is not None
    assert (response.reasoning.mode, response.reasoning.context) == ("pro", "all_turns")
    assert response.prompt_cache_options is not None
    assert response.prompt_cache_options.ttl == "12h"
    assert sdk.responses.retrieve(response.id) == response


def test_elsewhere_they_are_translated_reported_or_refused(sdk: OpenAI, anthropic: AnthropicUpstream) -> None:
    long: Any = {"type": "input_text", "text": "Long.", "prompt_cache_breakpoint": {"mode": "explicit"}}
    raw = sdk.responses.with_raw_response.create(
        model=ANTHROPIC,
        input=[{"role": "user", "content": [long]}],
        access_programs={"cyber": "standard"},
        moderation={"model": "omni-moderation-latest"},
        prompt_cache_options={"mode": "explicit", "ttl": "30m"},
        reasoning={"mode": "pro", "context": "current_turn"},
        text={"verbosity": "medium"},
    )
    dropped = raw.headers["x-waystone-dropped"].replace(" ", "").split(",")
    assert {*dropped} == {"access_programs", "moderation", "reasoning.mode"}
    (block,) = anthropic.requests[-1]["body"]["messages"][0]["content"]
    assert block["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    for fields in (
        {"moderation": {"model": "omni-moderation-latest", "policy": {"input": {"mode": "block"}}}},
        {"prompt_cache_options": {"prewarm": True}},
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            sdk.responses.create(model=ANTHROPIC, input="Hi", **fields)
        assert (caught.value.param, caught.value.code) == (next(iter(fields)), "unsupported_parameter")
        assert "anthropic" in caught.value.message


def test_a_window_is_kept_by_the_background_and_refused_without_it(
    sdk: OpenAI, own_gateway: RunningGateway, native: ResponsesUpstream
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.responses.create(model=NATIVE, input="Hi", background_options={"completion_window": "2h"})
    assert caught.value.param == "background_options.completion_window"
    queued = sdk.responses.create(
        model=NATIVE, input="Hi", background=True, background_options={"completion_window": "2h"}
    )
    with own_gateway.client() as client:
        done = until(client, queued.id, *TERMINAL)
    assert done["status"] == "completed"
    assert "background_options" not in native.last


def test_chat_has_those_of_its_own(sdk: OpenAI, upstream: ChatUpstream) -> None:
    fields: Any = {
        "verbosity": "low",
        "reasoning_effort": "max",
        "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
        "moderation": {"model": "omni-moderation-latest"},
        "safety_identifier": "s" * 128,
        "service_tier": "fast",
    }
    image: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "original"}}
    text: Any = {"type": "text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}}
    messages: Any = [{"role": "user", "content": [text, image]}]
    sdk.chat.completions.create(model=CHAT, messages=messages, **fields)
    assert {name: upstream.last[name] for name in fields} == fields
    assert upstream.last["messages"] == messages
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.chat.completions.create(model=CHAT, messages=messages, safety_identifier="s" * 129)
    assert caught.value.param == "safety_identifier"
