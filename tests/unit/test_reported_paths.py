"""Errors and reports name what the client wrote; the history has the name of the field that brought it in."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import InvalidRequest
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from tests.unit.generations import generation_of, translated

ROW = {
    "anthropic-messages": "anthropic",
    "bedrock-converse": "bedrock",
    "cohere": "cohere",
    "gemini": "gemini",
    "openai-chat": "mistral",
    "openai-responses": "openai",
}
HELLO = {"type": "message", "role": "user", "content": "Hello."}
FUNCTION = {"type": "function", "parameters": {}, "strict": True, "defer_loading": True}


def _tools(*tools: dict[str, Any]) -> dict[str, Any]:
    return {"type": "additional_tools", "tools": list(tools)}


def _message(role: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": list(parts)}


REPORTED = {
    "a part that is not known": _message("user", {"type": "input_smell"}),
    "an image in an answer": _message("assistant", {"type": "input_image", "image_url": "https://x.example/y.png"}),
    "cache control": _message("user", {"type": "input_text", "text": "x", "cache_control": {"type": "ephemeral"}}),
    "fields of a function": _tools({**FUNCTION, "name": "f", "cache_control": {"type": "ephemeral"}}),
    "a function without a name": _tools({**FUNCTION, "name": ""}),
    "a search that stays off the web": _tools({"type": "web_search", "external_web_access": False}),
}


@pytest.mark.parametrize("dialect", ROW)
@pytest.mark.parametrize("kind", REPORTED)
def test_history_is_reported_by_the_field_that_brought_it_in(kind: str, dialect: str) -> None:
    assert _reported(dialect, REPORTED[kind]) <= {"previous_response_id"}


def _reported(dialect: str, item: dict[str, Any]) -> set[str | None]:
    """The paths of what is refused or dropped."""
    generation = generation_of("m", items=[item, HELLO], history=1)
    try:
        return {*DIALECTS[dialect].encode(generation, Origin("p", "m", ROWS[ROW[dialect]].own.of("m"))).dropped}
    except InvalidRequest as error:
        return {error.param}


@pytest.mark.parametrize("provider", ["anthropic", "bedrock", "cohere", "gemini", "groq", "mistral"])
def test_a_limit_that_is_none_is_refused_by_the_name_that_the_client_wrote(provider: str) -> None:
    row = ROWS[provider]
    generation = translated(OpenAIResponsesSurface(), {"model": "m", "input": "Hello.", "max_output_tokens": -1})
    with pytest.raises(InvalidRequest) as caught:
        DIALECTS[row.dialects[0]].encode(generation, Origin(provider, "m", row.own.of("m")))
    assert caught.value.param == "max_output_tokens"


def test_what_a_responses_upstream_does_not_get_has_the_name_that_the_client_wrote() -> None:
    asked = {"model": "m", "input": "Hello.", "max_output_tokens": 2, "reasoning": {"effort": "huge"}}
    facts = replace(ChatProfile(), thinking=Thinking("effort", {"low": "low"}))
    outbound = DIALECTS["openai-responses"].encode(translated(OpenAIResponsesSurface(), asked), Origin("p", "m", facts))
    assert outbound.dropped == ["max_output_tokens", "reasoning.effort"]
    chat = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello."}],
        "max_tokens": 2,
        "reasoning_effort": "huge",
    }
    outbound = DIALECTS["openai-responses"].encode(translated(OpenAIChatSurface(), chat), Origin("p", "m", facts))
    assert outbound.dropped == ["max_tokens", "reasoning_effort"]
