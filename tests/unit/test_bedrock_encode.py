"""Settings, thinking, forms and tools of a request, as each family of models on Bedrock takes them."""

from typing import Any

import orjson
import pytest

from gateway.dialects.structured_output import FORMAT_TOOL
from gateway.errors import InvalidRequest, ModelNotFound
from tests.unit.bedrock_encoding import (
    CLAUDE_3,
    CLAUDE_4,
    CLAUDE_4_5,
    CLAUDE_4_6,
    CLAUDE_5,
    CLAUDE_FREE,
    FORM,
    GPT_OSS,
    LLAMA,
    MISTRAL_LARGE,
    NOVA,
    NOVA_2,
    QWEN,
    SCHEMA,
    TOOL,
    UNKNOWN,
    WEATHER,
    call,
    chat,
    encoded,
    of_responses,
    result,
)

NAMED = {"type": "function", "function": {"name": "weather"}}
LOOP = [{"role": "user", "content": "Weather?"}, call(), result()]
SPEC = {"toolSpec": {"name": "weather", "description": "The weather.", "inputSchema": {"json": WEATHER}}}


def test_model_is_one_segment_of_the_path_and_a_stream_has_its_own() -> None:
    assert chat("Hi", UNKNOWN).path.startswith("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-")
    assert chat("Hi", UNKNOWN).path.endswith("%2Fabc/converse")
    assert chat("Hi", stream=True).path.endswith("/converse-stream")


@pytest.mark.parametrize("model", [".", ".."])
def test_model_cannot_lead_out_of_the_path(model: str) -> None:
    with pytest.raises(ModelNotFound):
        chat("Hi", model)


def test_sampling_goes_within_bounds() -> None:
    sent = chat("Hi", CLAUDE_3, temperature=1.7, top_p=0.5, max_completion_tokens=20, stop=["a", "", "\n"], top_k=7)
    assert sent.inference == {"maxTokens": 20, "temperature": 1, "topP": 0.5, "stopSequences": ["a"]}
    assert sent.extra == {"top_k": 7}
    assert sent.dropped == ["temperature", "stop"]


@pytest.mark.parametrize(
    ("model", "extra", "dropped"),
    [
        (CLAUDE_4, {"top_k": 7}, []),
        (CLAUDE_5, {}, ["top_k"]),
        (NOVA, {"inferenceConfig": {"topK": 7}}, []),
        (LLAMA, {}, ["top_k"]),
        (UNKNOWN, {}, ["top_k"]),
    ],
)
def test_top_k_is_each_familys_own(model: str, extra: dict[str, Any], dropped: list[str]) -> None:
    sent = chat("Hi", model, top_k=7)
    assert (sent.extra, sent.dropped) == (extra, dropped)


def test_newest_claude_gets_no_sampling() -> None:
    sent = chat("Hi", CLAUDE_5, temperature=0.5, top_p=0.5)
    assert sent.inference == {}
    assert sorted(sent.dropped) == ["temperature", "top_p"]


def test_claude_since_4_5_gets_one_of_temperature_and_top_p() -> None:
    sent = chat("Hi", CLAUDE_4_5, temperature=0.5, top_p=0.5)
    assert (sent.inference, sent.dropped) == ({"temperature": 0.5}, ["top_p"])


@pytest.mark.parametrize(
    ("model", "effort", "extra"),
    [
        (CLAUDE_4, "low", {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        (CLAUDE_4_5, "none", {"thinking": {"type": "disabled"}}),
        (CLAUDE_4_6, "xhigh", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}),
        (CLAUDE_5, "xhigh", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}),
        (GPT_OSS, "minimal", {"reasoning_effort": "low"}),
        (QWEN, "medium", {"reasoning_config": "high"}),
        (NOVA_2, "low", {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}),
        (NOVA_2, "none", {"reasoningConfig": {"type": "disabled"}}),
    ],
)
def test_effort_is_told_in_each_familys_words(model: str, effort: str, extra: dict[str, Any]) -> None:
    sent = chat("Hi", model, reasoning_effort=effort)
    assert (sent.extra, sent.dropped) == (extra, [])


@pytest.mark.parametrize(("model", "effort"), [(LLAMA, "low"), (GPT_OSS, "none"), (CLAUDE_3, "high"), (UNKNOWN, "low")])
def test_effort_that_a_model_does_not_know_is_left_out_and_said(model: str, effort: str) -> None:
    sent = chat("Hi", model, reasoning_effort=effort)
    assert (sent.extra, sent.dropped) == ({}, ["reasoning_effort"])
    by_responses = encoded(of_responses("Hi", model, reasoning={"effort": effort}))
    assert by_responses.dropped == ["reasoning.effort"]


def test_thinking_by_a_budget_raises_the_limit_and_drops_sampling() -> None:
    sent = chat("Hi", CLAUDE_4, reasoning_effort="low", max_tokens=500, temperature=0.3, top_k=5)
    assert sent.inference == {"maxTokens": 2548}
    assert sorted(sent.dropped) == ["temperature", "top_k"]
    assert chat("Hi", CLAUDE_4, reasoning_effort="low", max_tokens=5000).inference == {"maxTokens": 5000}


def test_thinking_by_a_budget_gives_way_to_a_call_that_is_required() -> None:
    sent = chat("Hi", CLAUDE_4, reasoning_effort="low", tools=[TOOL], tool_choice="required", temperature=0.3)
    assert (sent.extra, sent.dropped) == ({}, ["reasoning_effort"])
    assert sent.inference == {"temperature": 0.3}


def test_thinking_by_a_budget_stops_in_a_loop_whose_reasoning_was_lost() -> None:
    sent = chat(LOOP, CLAUDE_4, reasoning_effort="low", tools=[TOOL])
    assert (sent.extra, sent.dropped) == ({}, ["reasoning_effort"])
    later = chat([*LOOP, {"role": "user", "content": "And now?"}], CLAUDE_4, reasoning_effort="low", tools=[TOOL])
    assert later.extra == {"thinking": {"type": "enabled", "budget_tokens": 2048}}
    assert chat(LOOP, CLAUDE_4_6, reasoning_effort="low", tools=[TOOL]).extra["thinking"] == {"type": "adaptive"}


def test_nova_2_decides_for_itself_where_it_reasons_the_most() -> None:
    sent = chat("Hi", NOVA_2, reasoning_effort="high", temperature=0.3, max_tokens=9)
    assert sent.inference == {}
    assert sorted(sent.dropped) == ["max_tokens", "temperature"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 2),
        ("logprobs", True),
        ("logit_bias", {"1": 1}),
        ("audio", {"voice": "a"}),
        ("modalities", ["text", "audio"]),
        ("web_search_options", {}),
    ],
)
def test_what_would_change_the_answer_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=f"bedrock has no {name}, and without it") as caught:
        chat("Hi", **{name: value})
    assert (caught.value.param, caught.value.code) == (name, "unsupported_parameter")


def test_what_changes_nothing_is_left_out_and_said() -> None:
    sent = chat("Hi", seed=1, presence_penalty=1, verbosity="low", made_up=1, n=1, store=True)
    assert sorted(sent.dropped) == ["made_up", "presence_penalty", "seed", "store", "verbosity"]


def test_converses_own_fields_travel() -> None:
    own: dict[str, Any] = {
        "guardrailConfig": {"guardrailIdentifier": "a", "guardrailVersion": "1"},
        "performanceConfig": {"latency": "optimized"},
        "additionalModelRequestFields": {"anthropic_beta": ["a"], "output_config": {"effort": "low"}},
    }
    sent = chat("Hi", CLAUDE_4_6, reasoning_effort="high", **own)
    assert sent.body["guardrailConfig"] == own["guardrailConfig"]
    assert sent.body["performanceConfig"] == own["performanceConfig"]
    assert sent.extra["anthropic_beta"] == ["a"]
    assert sent.extra["output_config"] == {"effort": "low"}
    with pytest.raises(InvalidRequest):
        chat("Hi", guardrailConfig="all")


def test_tier_metadata_and_user_have_their_places() -> None:
    sent = chat("Hi", service_tier="flex", user="ann@example.org", metadata={"team": "a b", "odd": "ä"})
    assert sent.body["serviceTier"] == {"type": "flex"}
    assert sent.body["requestMetadata"] == {"team": "a b", "user": "ann@example.org"}
    assert "serviceTier" not in chat("Hi", service_tier="auto").body
    assert chat("Hi", service_tier="scale", user="ä").dropped == ["service_tier", "user"]


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "9"])
def test_limit_that_is_none_is_refused(limit: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        encoded(of_responses("Hi", max_output_tokens=limit))
    assert caught.value.param == "max_output_tokens"


@pytest.mark.parametrize(
    ("choice", "there"),
    [(None, None), ("auto", {"auto": {}}), ("required", {"any": {}}), (NAMED, {"tool": {"name": "weather"}})],
)
@pytest.mark.parametrize("model", [CLAUDE_4_5, NOVA, MISTRAL_LARGE])
def test_tool_choice_has_converses_names(model: str, choice: Any, there: Any) -> None:
    sent = chat("Hi", model, tools=[TOOL], **({} if choice is None else {"tool_choice": choice}))
    assert sent.tools == {"tools": [SPEC], **({"toolChoice": there} if there else {})}


@pytest.mark.parametrize("choice", ["required", NAMED])
def test_call_that_a_model_cannot_be_made_to_make_is_refused(choice: Any) -> None:
    with pytest.raises(InvalidRequest, match="bedrock cannot take a tool choice") as caught:
        chat("Hi", LLAMA, tools=[TOOL], tool_choice=choice)
    assert caught.value.param == "tool_choice"
    assert "toolChoice" not in chat("Hi", LLAMA, tools=[TOOL], tool_choice="auto").tools


def test_claude_that_refuses_forced_calls_is_left_free_and_it_is_said() -> None:
    sent = chat("Hi", CLAUDE_FREE, tools=[TOOL], tool_choice="required")
    assert (sent.tools, sent.dropped) == ({"tools": [SPEC]}, ["tool_choice"])


def test_choice_of_none_shows_no_tools_unless_the_history_has_them() -> None:
    assert chat("Hi", tools=[TOOL], tool_choice="none").tools == {}
    sent = chat(LOOP, tools=[TOOL], tool_choice="none")
    assert sent.tools == {"tools": [SPEC]}
    assert sent.body["system"] == [{"text": "Do not call any tool in your next answer."}]


def test_history_with_calls_has_its_tools_though_none_are_on_offer() -> None:
    (tool,) = chat(LOOP).tools["tools"]
    assert tool["toolSpec"]["name"] == "weather"
    assert "not available" in tool["toolSpec"]["description"]


def test_tool_without_parameters_has_an_object_of_none() -> None:
    sent = chat("Hi", tools=[{"type": "function", "function": {"name": "now"}}])
    assert sent.tools["tools"] == [
        {"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
    ]


def test_strict_tool_is_held_to_its_schema_where_the_model_can() -> None:
    strict = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA, "strict": True}}
    assert chat("Hi", CLAUDE_4_5, tools=[strict]).tools["tools"][0]["toolSpec"]["strict"] is True
    assert "strict" not in chat("Hi", NOVA, tools=[strict]).tools["tools"][0]["toolSpec"]


def test_nova_2_runs_its_own_tools() -> None:
    hosted = {"type": "code_interpreter", "container": {"type": "auto"}}
    sent = encoded(of_responses("Hi", NOVA_2, tools=[hosted, {"type": "web_search"}]))
    names = [tool["systemTool"]["name"] for tool in sent.tools["tools"]]
    assert names == ["nova_code_interpreter", "nova_grounding"]
    with pytest.raises(InvalidRequest):
        encoded(of_responses("Hi", CLAUDE_4_5, tools=[hosted]))


def test_form_is_kept_natively_where_the_model_and_the_schema_allow() -> None:
    sent = chat("Hi", CLAUDE_4_5, response_format=FORM)
    form = sent.body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert (form["name"], form["description"], orjson.loads(form["schema"])) == ("place", "A place.", SCHEMA)
    assert sent.tools == {}


@pytest.mark.parametrize(
    "more",
    [
        {"properties": {"n": {"type": "integer", "minimum": 1}}},
        {"properties": {"n": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"anyOf": [{"$ref": "#/$defs/n"}]}}},
        {"additionalProperties": True},
        {"properties": {"n": {"type": "array", "items": {"type": "string"}, "minItems": 2}}},
    ],
)
@pytest.mark.parametrize("model", [CLAUDE_4_5, NOVA])
def test_other_forms_are_a_tool_that_has_to_be_called(model: str, more: dict[str, Any]) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": {**SCHEMA, **more}}}
    sent = chat("Hi", model, response_format=form)
    assert "outputConfig" not in sent.body
    assert sent.tools["toolChoice"] == {"tool": {"name": FORMAT_TOOL}}
    assert sent.tools["tools"][0]["toolSpec"]["inputSchema"]["json"] == {**SCHEMA, **more}
    with_tools = chat("Hi", model, response_format=form, tools=[TOOL])
    assert with_tools.tools["toolChoice"] == {"any": {}}
    assert [tool["toolSpec"]["name"] for tool in with_tools.tools["tools"]] == ["weather", FORMAT_TOOL]


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (LLAMA, {"response_format": FORM}),
        (CLAUDE_4_5, {"response_format": {"type": "json_object"}}),
        (CLAUDE_4, {"response_format": FORM, "reasoning_effort": "low"}),
    ],
)
def test_form_is_asked_for_in_words_where_there_is_no_other_way(model: str, fields: dict[str, Any]) -> None:
    sent = chat("Hi", model, **fields)
    assert sent.tools == {}
    assert "JSON object" in sent.body["system"][-1]["text"]
    assert ("city" in sent.body["system"][-1]["text"]) is (fields["response_format"] is FORM)


def test_open_schema_is_closed_for_bedrock() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object", "properties": {}}}}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    native = chat("Hi", CLAUDE_4_5, response_format=form).body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    closed = {**schema, "properties": {"a": {"type": "object", "properties": {}, "additionalProperties": False}}}
    assert orjson.loads(native["schema"]) == {**closed, "additionalProperties": False}


def test_call_that_the_client_requires_comes_before_the_form() -> None:
    sent = chat("Hi", NOVA, response_format=FORM, tools=[TOOL], tool_choice=NAMED)
    assert sent.tools == {"tools": [SPEC], "toolChoice": {"tool": {"name": "weather"}}}
