"""The request fields of 2026 at every upstream: sent, translated, made up for, reported, or refused."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.errors import InvalidRequest
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.responses.document import new_response
from gateway.surfaces.responses.writer import ResponseWriter
from gateway.wire import sse
from tests.servers.anthropic_rules import complaints
from tests.unit.generations import translated
from tests.unit.settings_ways import WAYS, Way

ANTHROPIC, BEDROCK, CHAT, RESPONSES = "anthropic-messages", "bedrock-converse", "openai-chat", "openai-responses"
EXPLICIT = {"mode": "explicit"}
EPHEMERAL = {"type": "ephemeral"}
USER: Any = {"role": "user", "content": "Hi"}

every_way = pytest.mark.parametrize("way", WAYS, ids=str)
from_responses = pytest.mark.parametrize(
    "way", [way for way in WAYS if way.api == "responses" and not way.is_native], ids=str
)


def sent(dialect: str, profile: Profile | None, **fields: Any) -> tuple[Any, list[str]]:
    """What a translated request of the Responses API comes to, and what was reported."""
    return _read(dialect, profile, translated(OpenAIResponsesSurface(), {"model": "m", "input": "Hi", **fields}))


def sent_from_chat(dialect: str, profile: Profile | None, content: Any, **fields: Any) -> tuple[Any, list[str]]:
    messages = [{"role": "user", "content": content}]
    return _read(dialect, profile, translated(OpenAIChatSurface(), {"model": "m", "messages": messages, **fields}))


def native(profile: ResponsesProfile, **fields: Any) -> tuple[Any, list[str]]:
    """The same for an upstream of the Responses API itself."""
    body: Any = {"model": "m", "input": "Hi", **fields}
    return _read(RESPONSES, profile, OpenAIResponsesSurface().read(body))


def _read(dialect: str, profile: Profile | None, generation: Any) -> tuple[Any, list[str]]:
    origin = Origin("lab", "m", profile or DIALECTS[dialect].profile_type())
    outbound = DIALECTS[dialect].encode(generation, origin)
    return orjson.loads(outbound.body), [*outbound.dropped]


def moderation(mode: str, side: str = "output") -> dict[str, Any]:
    return {"model": "omni", "policy": {side: {"mode": mode}}}


@every_way
def test_scores_of_a_moderation_may_go_and_a_block_may_not(way: Way) -> None:
    without = way.verdict({})
    assert isinstance(without, Outbound)
    for value in (
        {"model": "omni"},
        {"model": "omni", "policy": None},
        moderation("score"),
        moderation("score", "input"),
    ):
        found = way.verdict({"moderation": value})
        assert isinstance(found, Outbound)
        is_sent = orjson.loads(found.body).get("moderation") == value
        assert is_sent != ("moderation" in found.dropped)
    for value in (moderation("block"), moderation("block", "input"), moderation("yet to come"), {"policy": "strict"}):
        found = way.verdict({"moderation": value})
        if isinstance(found, Outbound):
            assert orjson.loads(found.body)["moderation"] == value
            assert "moderation" not in found.dropped
        else:
            assert (found.param, found.code, way.name in found.message) == ("moderation", "unsupported_parameter", True)


@every_way
def test_no_answer_is_generated_where_none_is_requested(way: Way) -> None:
    value = {"mode": "explicit", "prewarm": True}
    found = way.verdict({"prompt_cache_options": value})
    if isinstance(found, InvalidRequest):
        assert (found.param, found.code) == ("prompt_cache_options", "unsupported_parameter")
    else:
        assert orjson.loads(found.body)["prompt_cache_options"] == value


@every_way
def test_a_provider_other_than_openai_never_blocks_or_prewarms_in_name_only(way: Way) -> None:
    if way.name not in ("nobody", "openai", "azure"):
        assert isinstance(way.verdict({"moderation": moderation("block")}), InvalidRequest)
    if way.name not in ("nobody", "openai", "azure", "openrouter"):
        assert isinstance(way.verdict({"prompt_cache_options": {"prewarm": True}}), InvalidRequest)


@from_responses
def test_what_only_openai_does_with_its_models_is_reported(way: Way) -> None:
    asked: Mapping[str, Any] = {
        "access_programs": {"cyber": "standard"},
        "image": {"context_compression": "enabled"},
        "reasoning": {"mode": "pro"},
        "background_options": {"continuation_id": "x"},
    }
    neutral: Mapping[str, Any] = {
        "access_programs": {},
        "image": {"context_compression": "auto"},
        "reasoning": {"mode": "standard", "context": "all_turns"},
        "background_options": {"completion_window": "soonest"},
        "prompt_cache_options": {"mode": "implicit"},
    }
    without, found, idle = way.fields({}), way.fields(asked), way.fields(neutral)
    assert isinstance(without, Outbound)
    assert isinstance(found, Outbound)
    assert isinstance(idle, Outbound)
    assert found.body == without.body
    assert {*found.dropped} == {*without.dropped, "access_programs", "image", "reasoning.mode", "background_options"}
    assert (orjson.loads(idle.body) | {"prompt_cache_options": 0}, idle.dropped) == (
        orjson.loads(without.body) | {"prompt_cache_options": 0},
        without.dropped,
    )


def test_an_upstream_of_the_same_dialect_gets_them_as_they_came() -> None:
    fields: dict[str, Any] = {
        "access_programs": {"cyber": "standard"},
        "image": {"context_compression": "enabled"},
        "reasoning": {"mode": "pro", "context": "current_turn", "effort": "max"},
        "prompt_cache_options": {"mode": "explicit", "ttl": "12h", "prewarm": True},
        "moderation": moderation("block"),
        "text": {"verbosity": "high"},
        "service_tier": "ultrafast",
        "safety_identifier": "s" * 128,
        "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": False, "async": True}],
    }
    body, dropped = native(ResponsesProfile(), **fields)
    assert {name: body[name] for name in fields} == fields
    assert dropped == []


@pytest.mark.parametrize("dialect", [CHAT, ANTHROPIC, BEDROCK, "gemini", "cohere"])
def test_an_async_tool_is_waited_for_elsewhere(dialect: str) -> None:
    tools: Any = [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}]
    body, dropped = sent(dialect, None, tools=[{**tools[0], "async": True}])
    assert (body, dropped) == (sent(dialect, None, tools=tools)[0], ["tools[0].async"])
    assert sent(dialect, None, tools=[{**tools[0], "async": False}])[1] == []


# Prompt caches.

MARKED: Any = {"type": "input_text", "text": "Long.", "prompt_cache_breakpoint": EXPLICIT}


def marked(*parts: Any) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


def test_a_breakpoint_is_cache_control_at_anthropic_and_a_cache_point_at_bedrock() -> None:
    body, dropped = sent(ANTHROPIC, None, input=marked(MARKED), prompt_cache_options=EXPLICIT)
    assert body["messages"][0]["content"] == [{"type": "text", "text": "Long.", "cache_control": EPHEMERAL}]
    assert dropped == []
    bedrock = BedrockProfile(caches_prompts=True)
    body, dropped = sent(BEDROCK, bedrock, input=marked(MARKED), prompt_cache_options=EXPLICIT)
    assert body["messages"][0]["content"] == [{"text": "Long."}, {"cachePoint": {"type": "default"}}]
    assert dropped == []
    # One block has one: Anthropic's own says more.
    both = {**MARKED, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    body, _ = sent(BEDROCK, bedrock, input=marked(both))
    assert body["messages"][0]["content"][1:] == [{"cachePoint": {"type": "default", "ttl": "1h"}}]
    # Where a model has no such cache, each is reported.
    _, dropped = sent(BEDROCK, BedrockProfile(), input=marked(both))
    assert {*dropped} == {"input[0].content[0].cache_control", "input[0].content[0].prompt_cache_breakpoint"}


@pytest.mark.parametrize(
    ("options", "control", "left"),
    [
        ({"ttl": "30m"}, {**EPHEMERAL, "ttl": "1h"}, []),
        ({"ttl": "30m", **EXPLICIT, "prewarm": False}, {**EPHEMERAL, "ttl": "1h"}, []),
        ({"ttl": "1h"}, {**EPHEMERAL, "ttl": "1h"}, []),
        ({"ttl": "12h"}, {**EPHEMERAL, "ttl": "1h"}, ["prompt_cache_options.ttl"]),
        # What it has without a word, and what nobody has: an hour would cost more.
        ({"ttl": "5m"}, EPHEMERAL, []),
        ({"ttl": "banana"}, EPHEMERAL, ["prompt_cache_options.ttl"]),
        ({"mode": "yet to come"}, EPHEMERAL, ["prompt_cache_options.mode"]),
        (
            {"prewarm": None, "comparison_response_id": "resp_1", "ttl": None},
            EPHEMERAL,
            ["prompt_cache_options.comparison_response_id"],
        ),
    ],
)
def test_options_of_the_cache_hold_for_breakpoints_at_anthropic(
    options: dict[str, Any], control: dict[str, Any], left: list[str]
) -> None:
    body, dropped = sent(ANTHROPIC, None, input=marked(MARKED), prompt_cache_options=options)
    assert body["messages"][0]["content"][0]["cache_control"] == control
    assert dropped == left


def test_a_lifetime_without_anything_to_cache_is_reported_and_a_breakpoints_own_counts() -> None:
    assert sent(ANTHROPIC, None, prompt_cache_options={"ttl": "30m"})[1] == ["prompt_cache_options.ttl"]
    own = {"type": "input_text", "text": "Long.", "cache_control": {**EPHEMERAL, "ttl": "5m"}}
    body, dropped = sent(ANTHROPIC, None, input=marked(own), prompt_cache_options={"ttl": "30m"})
    assert body["messages"][0]["content"][0]["cache_control"]["ttl"] == "5m"
    assert dropped == []
    bedrock = BedrockProfile(caches_prompts=True)
    _, dropped = sent(BEDROCK, bedrock, input=marked(MARKED), prompt_cache_options={"ttl": "30m"})
    assert dropped == ["prompt_cache_options.ttl"]


HOUR, MINUTES = {**EPHEMERAL, "ttl": "1h"}, {**EPHEMERAL, "ttl": "5m"}


@pytest.mark.parametrize(
    ("controls", "written", "left"),
    [
        ((MINUTES, None), [MINUTES, MINUTES], ["prompt_cache_options.ttl"]),
        ((None, MINUTES), [HOUR, MINUTES], []),
        ((EPHEMERAL, MINUTES, None), [HOUR, MINUTES, MINUTES], ["prompt_cache_options.ttl"]),
        ((HOUR, None, MINUTES), [HOUR, HOUR, MINUTES], []),
    ],
)
def test_a_longer_lifetime_never_follows_a_shorter_one_at_anthropic(
    controls: tuple[Any, ...], written: list[Any], left: list[str]
) -> None:
    parts = [MARKED if own is None else {**MARKED, "cache_control": own} for own in controls]
    body, dropped = sent(ANTHROPIC, None, input=marked(*parts), prompt_cache_options={"ttl": "30m"})
    assert [block["cache_control"] for block in body["messages"][0]["content"]] == written
    assert dropped == left
    assert [*complaints(body)] == []


def test_the_strict_upstream_refuses_a_longer_lifetime_after_a_shorter_one() -> None:
    blocks = [{"type": "text", "text": "Long.", "cache_control": control} for control in (EPHEMERAL, HOUR)]
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": blocks}]}
    assert any("must not come after" in complaint for complaint in complaints(body))


def test_anthropics_cache_control_is_a_breakpoint_where_openai_has_these() -> None:
    text = {"type": "text", "text": "Long.", "cache_control": EPHEMERAL}
    breakpoints = ResponsesProfile(has_cache_breakpoints=True)
    body, dropped = sent_from_chat(RESPONSES, breakpoints, [text])
    assert body["input"][0]["content"] == [MARKED]
    assert dropped == []
    body, dropped = sent_from_chat(RESPONSES, ResponsesProfile(), [text])
    assert body["input"][0]["content"] == [{"type": "input_text", "text": "Long."}]
    assert dropped == ["messages[0].content[0].cache_control"]
    body, _ = sent_from_chat(CHAT, ChatProfile(has_cache_breakpoints=True), [text])
    assert body["messages"][0]["content"] == [{"type": "text", "text": "Long.", "prompt_cache_breakpoint": EXPLICIT}]
    body, _ = sent_from_chat(CHAT, ChatProfile(), [text])
    assert body["messages"][0]["content"] == [text]


def test_the_gateways_own_responses_are_not_named_to_a_provider() -> None:
    options = {"mode": "explicit", "comparison_response_id": "resp_1"}
    body, dropped = native(ResponsesProfile(), prompt_cache_options=options)
    assert (body["prompt_cache_options"], dropped) == (EXPLICIT, ["prompt_cache_options.comparison_response_id"])
    body, dropped = native(ResponsesProfile(), prompt_cache_options={"comparison_response_id": None})
    assert ("prompt_cache_options" in body, dropped) == (False, [])


# The background.


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"background": False},
        {"background": True, "stream": True},
        {"background": True, "service_tier": "priority"},
        {"background": True, "service_tier": "flex"},
    ],
)
def test_a_window_needs_the_background_the_standard_tier_and_no_stream(fields: dict[str, Any]) -> None:
    for window in ("2h", "8h", "yet to come"):
        body: Any = {"model": "m", "input": "Hi", "background_options": {"completion_window": window}, **fields}
        with pytest.raises(InvalidRequest) as refused:
            OpenAIResponsesSurface().read(body)
        assert (refused.value.param, refused.value.status) == ("background_options.completion_window", 400)
    for now in ("soonest", None):
        body = {"model": "m", "input": "Hi", "background_options": {"completion_window": now}, **fields}
        OpenAIResponsesSurface().read(body)


@pytest.mark.parametrize("tier", [None, "auto", "default"])
def test_no_provider_is_sent_when_the_gateways_own_work_is_to_be_done(tier: str | None) -> None:
    fields: dict[str, Any] = {"background": True, "service_tier": tier}
    body, dropped = native(ResponsesProfile(), background_options={"completion_window": "2h"}, **fields)
    assert ("background_options" in body, "background" in body) == (False, False)
    assert dropped == ["background_options"]
    _, dropped = native(ResponsesProfile(), background_options={"completion_window": "soonest"}, **fields)
    assert dropped == []


# What comes back.


@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
def test_what_an_upstream_reports_of_them_is_in_the_response(is_stream: bool) -> None:
    reported: dict[str, Any] = {
        "access_programs": {"cyber": "daybreak_blue"},
        "image": {"context_compression": "enabled"},
        "moderation": {"input": {"type": "moderation_result", "flagged": False}},
        "prompt_cache_diagnostics": {"type": "cache_hit"},
        "tool_usage": {"web_search": {"num_requests": 1}},
        "incomplete_details": {"reason": "max_messages"},
        "status": "incomplete",
    }
    drawn: dict[str, Any] = {
        **{"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAAA"},
        **{"revised_prompt": "A cat.", "size": "1024x1024", "output_format": "svg", "svg_usage": {"tokens": 3}},
    }
    search: dict[str, Any] = {"type": "web_search_call", "id": "ws_1", "status": "incomplete", "action": None}
    upstream = {"object": "response", "output": [drawn, search], **reported}
    body: Any = {"model": "m", "input": "Hi", "access_programs": {"cyber": "standard"}, "image": {}}
    writer = ResponseWriter(OpenAIResponsesSurface().read(body), Author("lab", "m", lambda state: ""))
    events = DIALECTS[RESPONSES].decode_reply(
        orjson.dumps(upstream), OpenAIResponsesSurface().read(body), Origin("lab", "m"), is_native=True
    )
    if is_stream:
        told = [*sse.Reader().feed(writer.write(events) + writer.end())]
        response = orjson.loads(told[-2])["response"]
    else:
        response = orjson.loads(writer.reply(events))
    assert {name: response[name] for name in reported} == reported
    for given, item in zip([drawn, search], response["output"], strict=True):
        assert {**item, "id": given["id"]} == given
    assert [*response][-1] == "output"


def test_a_response_repeats_what_was_requested() -> None:
    fields: dict[str, Any] = {
        "access_programs": {"cyber": "standard"},
        "image": {"context_compression": "disabled"},
        "prompt_cache_options": {"mode": "explicit", "ttl": "12h"},
        "reasoning": {"mode": "pro", "context": "all_turns", "effort": "max", "summary": None},
        "safety_identifier": "s" * 128,
        "service_tier": "fast",
        "text": {"format": {"type": "text"}, "verbosity": "low"},
    }
    body: Any = {"model": "m", "input": "Hi", **fields, "moderation": moderation("score")}
    response: Any = new_response(OpenAIResponsesSurface().read(body), "resp_1", "lab")
    assert {name: response[name] for name in fields} == fields
    assert response.keys().isdisjoint(("moderation", "background_options"))
    bare: Any = new_response(OpenAIResponsesSurface().read({"model": "m", "input": "Hi"}), "resp_1", "lab")
    assert bare.keys().isdisjoint(("access_programs", "image", "prompt_cache_options", "tool_usage"))
