"""A provider's own field beside the setting that is written there: its own counts, and the other is reported."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.paths import value_at
from gateway.dialects.profiles.base import Detour, Profile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import InvalidRequest
from gateway.providers import ROWS
from gateway.routing.plan import detour
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.waystone_responses import WaystoneResponsesSurface

CHAT: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
GEMINI, CLAUDE, CLAUDE_46 = (
    ("gemini", "gemini-2.5-flash"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-sonnet-4-6"),
)
BEDROCK, VERTEX = ("bedrock", "anthropic.claude-sonnet-4-6"), ("vertex", "gemini-2.5-flash")
COHERE, OPENROUTER, TOGETHER = ("cohere", "command-a"), ("openrouter", "m"), ("together", "deepseek-v3.1")
ZAI, DEEPSEEK = ("zai", "glm-5"), ("deepseek", "deepseek-v4-pro")
LOW, HIGH = {"reasoning_effort": "low"}, {"reasoning_effort": "high"}
EFFORT = ["reasoning_effort"]
ON, OFF = {"type": "enabled"}, {"type": "disabled"}
BUDGET = {"type": "enabled", "budget_tokens": 3000}


def sent(where: tuple[str, str], **fields: Any) -> Outbound:
    """What a provider's model is sent of a chat body with these fields, and what is reported."""
    provider, model = where
    body: Any = {**CHAT, **fields}
    generation = OpenAIChatSurface().read(body)
    profile = ROWS[provider].own.of(model)
    return DIALECTS[profile.dialect].encode(generation, Origin(provider, model, profile))


@pytest.mark.parametrize(
    ("where", "fields", "path", "expected", "dropped"),
    [
        (OPENROUTER, {**HIGH, "reasoning": {"max_tokens": 9}}, "reasoning", {"max_tokens": 9}, EFFORT),
        (OPENROUTER, {**HIGH, "reasoning": {"effort": "high", "x": 1}}, "reasoning.x", 1, []),
        (OPENROUTER, {**HIGH, "reasoning": None}, "reasoning", {"effort": "high"}, []),
        (TOGETHER, {**HIGH, "reasoning": {"enabled": False}}, "reasoning", {"enabled": False}, EFFORT),
        (TOGETHER, {**HIGH, "reasoning": {"enabled": True}}, "reasoning", {"enabled": True}, []),
        (ZAI, {**HIGH, "thinking": OFF}, "thinking", OFF, EFFORT),
        (ZAI, {**HIGH, "thinking": {**ON, "clear_thinking": False}}, "thinking", {**ON, "clear_thinking": False}, []),
        (DEEPSEEK, {**HIGH, "thinking": OFF}, "reasoning_effort", None, EFFORT),
        (DEEPSEEK, {**HIGH, "thinking": ON}, "reasoning_effort", "high", []),
        (COHERE, {**HIGH, "thinking": OFF}, "thinking", OFF, EFFORT),
        (COHERE, {"reasoning_effort": "none", "thinking": OFF}, "thinking", OFF, []),
        (COHERE, {"reasoning_effort": "odd", "thinking": OFF}, "thinking", OFF, EFFORT),
        (
            GEMINI,
            {**HIGH, "thinkingConfig": {"thinkingBudget": 1}},
            "generationConfig.thinkingConfig.thinkingBudget",
            1,
            EFFORT,
        ),
        (
            GEMINI,
            {"reasoning_effort": "none", "thinkingConfig": {"thinkingBudget": 0}},
            "generationConfig.thinkingConfig.thinkingBudget",
            0,
            [],
        ),
        (CLAUDE, {**HIGH, "thinking": BUDGET}, "thinking", BUDGET, EFFORT),
        (CLAUDE, {"reasoning_effort": "none", "thinking": OFF}, "thinking", OFF, []),
        (CLAUDE_46, {**HIGH, "thinking": {"type": "adaptive"}}, "output_config.effort", "high", []),
        (CLAUDE_46, {**HIGH, "thinking": OFF}, "output_config", None, EFFORT),
        (CLAUDE_46, {**HIGH, "output_config": {"effort": "low"}}, "output_config.effort", "low", EFFORT),
        (CLAUDE_46, {**HIGH, "output_config": {"effort": "low"}}, "thinking", None, EFFORT),
        (CLAUDE_46, {**LOW, "output_config": {"effort": "low"}}, "thinking.type", "adaptive", []),
        (CLAUDE, {"thinking": "x"}, "thinking", None, ["thinking"]),
        (CLAUDE, {"thinking": {"type": 5}}, "thinking", None, ["thinking"]),
        (CLAUDE, {"thinking": [], **HIGH}, "thinking.type", "enabled", ["thinking"]),
        (CLAUDE, {"output_config": 5}, "output_config", None, ["output_config"]),
        (
            BEDROCK,
            {**HIGH, "additionalModelRequestFields": {"output_config": {"effort": "low"}}},
            "additionalModelRequestFields",
            {"output_config": {"effort": "low"}},
            EFFORT,
        ),
        (
            BEDROCK,
            {**HIGH, "additionalModelRequestFields": {"output_config": {"effort": "high"}}},
            "additionalModelRequestFields.thinking.type",
            "adaptive",
            [],
        ),
        (COHERE, {"p": 0.5, "top_p": 0.7}, "p", 0.5, ["top_p"]),
        (COHERE, {"p": 0.5, "top_p": 0.5}, "p", 0.5, []),
        (COHERE, {"p": 0.5, "top_p": 1}, "p", 0.5, []),
        (COHERE, {"k": "many", "top_k": 3}, "k", "many", ["top_k"]),
        (COHERE, {"k": 1000}, "k", 1000, []),
        (VERTEX, {"user": "a", "safety_identifier": "b"}, "labels.user", "b", ["user"]),
        (VERTEX, {"user": "a", "safety_identifier": "a"}, "labels.user", "a", []),
        (VERTEX, {"user": "a", "labels": {"user": "c", "x": "y"}}, "labels", {"user": "c", "x": "y"}, ["user"]),
        (VERTEX, {"user": "a", "labels": {"x": "y"}}, "labels", {"user": "a", "x": "y"}, []),
        (GEMINI, {"max_tokens": 2**31}, "generationConfig.maxOutputTokens", 2**31 - 1, ["max_tokens"]),
    ],
    ids=str,
)
def test_the_providers_own_field_counts_and_the_setting_is_reported(
    where: tuple[str, str], fields: Mapping[str, Any], path: str, expected: Any, dropped: Sequence[str]
) -> None:
    found = sent(where, **fields)
    assert (value_at(orjson.loads(found.body), path), found.dropped) == (expected, dropped)


@pytest.mark.parametrize("where", [CLAUDE, ("bedrock", "anthropic.claude-sonnet-4-5")])
@pytest.mark.parametrize(
    ("temperature", "top_p", "expected", "dropped"),
    [(1, 0.5, (None, 0.5), []), (0.5, 0.7, (0.5, None), ["top_p"]), (0.5, 1, (0.5, None), []), (1, 1, (1, None), [])],
)
def test_a_neutral_temperature_excludes_nothing(
    where: tuple[str, str], temperature: float, top_p: float, expected: Any, dropped: Sequence[str]
) -> None:
    found = sent(where, temperature=temperature, top_p=top_p)
    body = orjson.loads(found.body)
    config = body.get("inferenceConfig", body)
    assert (config.get("temperature"), config.get("top_p", config.get("topP"))) == expected
    assert found.dropped == dropped


def test_search_options_that_gemini_does_not_have_are_reported_by_their_path() -> None:
    for where in (GEMINI, VERTEX):
        found = sent(where, web_search_options={"search_context_size": "low", "user_location": {"type": "approximate"}})
        assert found.dropped == ["web_search_options.search_context_size", "web_search_options.user_location"]


@pytest.mark.parametrize("messages", [CHAT["messages"], [{"role": "user", "content": 5}]], ids=["read", "unreadable"])
@pytest.mark.parametrize(
    ("name", "neutral", "requested"),
    [
        ("top_p", 1, 0.5),
        ("temperature", 1, 0),
        ("tools", [], [{"type": "function", "function": {"name": "f"}}]),
        ("response_format", {"type": "text"}, {"type": "json_object"}),
    ],
)
def test_only_what_requests_something_is_a_reason_for_a_detour(
    messages: Any, name: str, neutral: Any, requested: Any
) -> None:
    profile = Profile(detours=(Detour("openai-responses", frozenset({name})),))
    for value, expected in ((neutral, None), (None, None), (requested, "openai-responses")):
        body: Any = {"model": "m", "messages": messages, name: value}
        generation = OpenAIChatSurface().read(body)
        assert detour(generation, profile) == expected, value


def test_a_limit_that_the_operator_renames_reaches_a_provider_with_fields_of_its_own() -> None:
    profile = replace(ChatProfile.own(ROWS["mistral"].own), token_limit_field="max_completion_tokens")
    body: Any = {**CHAT, "max_tokens": 50}
    generation = OpenAIChatSurface().read(body)
    found = DIALECTS["openai-chat"].encode(generation, Origin("mistral", "m", profile))
    assert (orjson.loads(found.body)["max_completion_tokens"], found.dropped) == (50, [])


def waystone(**fields: Any) -> Outbound | InvalidRequest:
    """What a chat server is sent of a body of Waystone's own responses operation."""
    body: Any = {"model": "m", "input": "Hi", **fields}
    try:
        generation = WaystoneResponsesSurface().read(body)
        return DIALECTS["openai-chat"].encode(generation, Origin("nobody", "m", ChatProfile(max_answer_tokens=100)))
    except InvalidRequest as refused:
        return refused


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        *(({"max_completion_tokens": value}, "max_completion_tokens") for value in (-1, False)),
        *(({"max_output_tokens": value}, "max_output_tokens") for value in (0, False)),
        ({"max_output_tokens": ""}, "max_output_tokens"),
        ({"max_output_tokens": []}, "max_output_tokens"),
        ({"max_completion_tokens": 50, "max_output_tokens": 0}, "max_output_tokens"),
        ({"text": 5}, "text"),
        ({"reasoning": "low"}, "reasoning"),
        ({"include": "x"}, "include"),
        ({"text": {"format": "json"}}, "text.format"),
    ],
    ids=str,
)
def test_waystones_responses_refuse_what_nobody_could_make_sense_of(fields: Any, param: str) -> None:
    found = waystone(**fields)
    assert isinstance(found, InvalidRequest)
    assert (found.param, found.status) == (param, 400)


@pytest.mark.parametrize(
    ("fields", "sent_fields", "dropped"),
    [
        ({"max_completion_tokens": 200}, {"max_tokens": None}, ["max_completion_tokens"]),
        ({"max_output_tokens": 200}, {}, ["max_output_tokens"]),
        ({"max_output_tokens": 50, "max_completion_tokens": 60}, {"max_completion_tokens": 50}, []),
        ({"messages": [{"role": "user", "content": "No"}]}, {}, ["messages"]),
        ({"text": {"foo": None}}, {"text": None}, []),
        ({"truncation": "auto"}, {"truncation": None}, ["truncation"]),
        ({"include": ["message.output_text.logprobs"], "logprobs": False}, {"logprobs": True}, []),
        ({"odd": 1}, {"odd": 1}, []),
    ],
    ids=str,
)
def test_waystones_responses_report_by_the_name_that_was_written(fields: Any, sent_fields: Any, dropped: Any) -> None:
    found = waystone(**fields)
    assert isinstance(found, Outbound)
    body = orjson.loads(found.body)
    assert body["messages"] == [{"role": "user", "content": "Hi"}]
    assert ({name: body.get(name) for name in sent_fields}, found.dropped) == (sent_fields, dropped)


@pytest.mark.parametrize(
    ("fields", "limit"), [({}, None), ({"max_output_tokens": 9}, 7), ({"max_output_tokens": 5}, 5)]
)
def test_a_response_repeats_the_lower_limit(fields: Any, limit: int | None) -> None:
    body: Any = {"model": "m", "input": "Hi", **fields, **({"max_completion_tokens": 7} if fields else {})}
    assert WaystoneResponsesSurface().read(body).body.get("max_output_tokens") == limit


def test_the_clients_labels_are_not_changed() -> None:
    labels = {"x": "y"}
    sent(VERTEX, user="a", labels=labels)
    assert labels == {"x": "y"}
