"""A chat request is fitted to its provider, as the shared facts on providers have it, and to nothing else."""

import re
from dataclasses import fields, replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.provider_parameters import adapt_body, is_adapted
from gateway.dialects.profiles.base import Profile, Range
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import Report
from gateway.errors import InvalidRequest
from gateway.providers import ROWS
from tests.unit.chat_fit import DIALECT, HI, asked, called, fitted, result

LOOK = {"type": "function", "function": {"name": "look"}}
FIND = {"type": "function", "function": {"name": "find"}}
NAMED = {"type": "function", "function": {"name": "find"}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FORM = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}


@pytest.mark.parametrize(
    "model",
    ["o3", "o4-mini-2025-04-16", "gpt-5", "gpt-5-nano-2025-08-07", "gpt-5.6-sol", "gpt-6", "gpt-7.1-mini"],
)
def test_reasoning_models_of_openai_get_the_limit_they_know_and_no_sampling(model: str) -> None:
    sent, dropped = fitted("openai", model, max_tokens=9, temperature=0.2, top_p=0.9, presence_penalty=1)
    assert sent == {"model": model, "messages": HI, "max_completion_tokens": 9}
    assert sorted(dropped) == ["presence_penalty", "temperature", "top_p"]


def test_models_of_openai_that_reason_on_request_take_sampling_until_then() -> None:
    assert fitted("openai", "gpt-5.2", temperature=0.2) == (
        {"model": "gpt-5.2", "messages": HI, "temperature": 0.2},
        [],
    )
    assert fitted("openai", "gpt-5.2", temperature=0.2, reasoning_effort="low")[1] == ["temperature"]
    assert fitted("openai", "gpt-5.6-sol", temperature=0.2, reasoning_effort="none")[1] == []
    # It is what the model does anyway (recording openai/018).
    assert fitted("openai", "gpt-5", temperature=1)[0]["temperature"] == 1


def test_body_of_openais_own_stays_as_it_came_for_a_model_that_takes_it_or_is_not_known() -> None:
    fields = {"max_tokens": 9, "temperature": 0.2, "logprobs": True, "n": 2, "seed": 1, "odd": [1]}
    for model in ("gpt-4o", "gpt-4.1-mini", "another"):
        assert fitted("openai", model, **fields) == ({"model": model, "messages": HI, **fields}, [])


def test_reasoning_of_others_is_kept_from_openai() -> None:
    thought = {"role": "assistant", "content": "4", "reasoning_content": "2+2", "reasoning": "2+2"}
    sent, dropped = fitted("openai", "gpt-4o", messages=[*HI, thought, *HI])
    assert sent["messages"][1] == {"role": "assistant", "content": "4"}
    assert dropped == ["messages[].reasoning", "messages[].reasoning_content"]


def test_o1_mini_is_told_as_the_user_what_others_are_told_by_the_system() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."}, *HI]
    assert [m["role"] for m in fitted("openai", "o1-mini", messages=messages)[0]["messages"]] == ["user"] * 3


@pytest.mark.parametrize(
    ("provider", "model", "effort", "expected"),
    [
        ("openai", "o3", "minimal", {"reasoning_effort": "low"}),
        ("openai", "gpt-5", "none", {"reasoning_effort": "minimal"}),
        ("openai", "gpt-5.1", "xhigh", {"reasoning_effort": "high"}),
        ("openai", "gpt-5-pro", "low", {"reasoning_effort": "high"}),
        ("openai", "gpt-5.1-chat-latest", "high", {"reasoning_effort": "medium"}),
        ("openai", "gpt-6", "none", {"reasoning_effort": "low"}),
        ("openai", "gpt-12-sol-2027-01-01", "minimal", {"reasoning_effort": "low"}),
        ("openai", "gpt-4o", "low", {}),
        ("groq", "openai/gpt-oss-120b", "xhigh", {"reasoning_effort": "high"}),
        ("groq", "qwen/qwen3-32b", "low", {"reasoning_effort": "default"}),
        ("groq", "llama-3.1-8b-instant", "low", {}),
        ("deepseek", "deepseek-v4-pro", "max", {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}),
        ("deepseek", "deepseek-v4-pro", "none", {"thinking": {"type": "disabled"}}),
        ("deepseek", "deepseek-chat", "high", {"thinking": {"type": "enabled"}}),
        ("deepseek", "deepseek-reasoner", "high", {}),
        ("xai", "grok-3-mini", "medium", {"reasoning_effort": "high"}),
        ("xai", "grok-4.3", "none", {"reasoning_effort": "none"}),
        ("xai", "grok-4.5", "none", {"reasoning_effort": "low"}),
        ("xai", "grok-code-fast-1", "low", {}),
        ("zai", "glm-4.7", "low", {"thinking": {"type": "enabled"}}),
        ("zai", "glm-4.7", "none", {"thinking": {"type": "disabled"}}),
        ("openrouter", "any/model", "max", {"reasoning": {"effort": "xhigh"}}),
        ("together", "deepseek-ai/DeepSeek-V3.1", "none", {"reasoning": {"enabled": False}}),
        ("ollama", "qwen3", "xhigh", {"reasoning_effort": "max"}),
        ("mistral", "mistral-small-latest", "low", {"reasoning_effort": "high"}),
        ("mistral", "magistral-medium-latest", "low", {}),
        ("perplexity", "sonar-reasoning-pro", "xhigh", {"reasoning_effort": "high"}),
    ],
)
def test_effort_is_told_in_the_models_own_words(
    provider: str, model: str, effort: str, expected: dict[str, Any]
) -> None:
    sent, dropped = fitted(provider, model, reasoning_effort=effort)
    names = ("reasoning_effort", "thinking", "reasoning")
    assert {name: sent[name] for name in names if name in sent} == expected
    assert dropped == ([] if expected else ["reasoning_effort"])


@pytest.mark.parametrize(
    ("known", "names"),
    [
        ("o3", ["O3", "o10", "o10-mini", "o4-mini-high", "ft:o4-mini-2025-04-16:org::abc"]),
        ("o3-pro", ["o10-pro", "o3-deep-research-2025-06-26", "o4-mini-deep-research"]),
        ("gpt-5", ["gpt-5-latest", "gpt-5-mini-2025-08-07", "GPT-5-Nano", "ft:gpt-5-mini:org", "gpt-5-thinking"]),
        ("gpt-5-pro", ["gpt-5-pro-2025-10-06", "gpt-5-pro-preview"]),
        ("gpt-5-codex", ["gpt-5-codex-mini", "gpt-5-codex-latest"]),
        ("gpt-5.1", ["gpt-5.1-mini", "gpt-5.1-2025-11-13"]),
        ("gpt-5.1-codex", ["gpt-5.1-codex-max", "GPT-5.1-Codex-Mini"]),
        ("gpt-5.1-chat-latest", ["gpt-5.3-chat-latest", "gpt-5.2-chat-2026-01-01"]),
        ("gpt-5.2", ["gpt-5.2-thinking", "gpt-5.3-instant", "gpt-5.3-mini"]),
        ("gpt-5.2-codex", ["gpt-5.3-codex-spark", "gpt-5.6-codex"]),
        (
            "gpt-5.4",
            ["gpt-5.4-thinking", "gpt-5.4-sol", "gpt-5.4-2026-03-05-preview", "GPT-5.4", "ft:gpt-5.4:org::id"],
        ),
        ("gpt-5.4-pro", ["gpt-5.2-pro-2025-12-11", "gpt-5.6-sol-pro"]),
        ("gpt-5.5", ["gpt-5.5-sol-mini"]),
        ("gpt-5.6", ["gpt-5.6-sol-mini", "gpt-5.10-sol-2026-09-01"]),
        ("gpt-6", ["gpt-6-0613", "gpt-6-4k", "gpt-6-turbo-1106-preview", "gpt-6o-mini", "gpt-7.1", "ft:gpt-6:acme"]),
        ("gpt-6-pro", ["gpt-6-codex-mini", "gpt-6.1-sol-pro", "GPT-6-Pro"]),
        ("gpt-4o", ["gpt-35-turbo-16k", "GPT-35-Turbo", "ft:gpt-4o-mini-2024-07-18:org::id", "gpt-4o-search-preview"]),
        # What searches before each answer, and what no number places, is OpenAI's to judge.
        ("another", ["gpt-5-search-api", "gpt-5-search-api-2025-10-14", "gpt-6-search", "gpt-oss-120b", "gpt-live"]),
    ],
)
@pytest.mark.parametrize("provider", ["openai", "azure"])
def test_names_of_openai_count_as_the_newest_model_that_is_known(provider: str, known: str, names: list[str]) -> None:
    for profile in ROWS[provider].profiles:
        assert profile.of(known) is not profile or known == "another"
        for name in names:
            assert _facts(profile.of(name)) == _facts(profile.of(known)), name


def _facts(profile: Profile) -> dict[str, Any]:
    return {field.name: getattr(profile, field.name) for field in fields(profile) if field.name != "models"}


def test_what_a_client_says_in_the_providers_own_words_counts() -> None:
    own = {"reasoning": {"max_tokens": 2000}}
    assert fitted("openrouter", "a/b", reasoning_effort="low", **own)[0]["reasoning"] == own["reasoning"]


def test_mistral_gets_only_what_it_knows_under_its_own_names() -> None:
    sent, dropped = fitted(
        "mistral",
        "mistral-large-latest",
        max_completion_tokens=9,
        seed=7,
        user="ann",
        store=True,
        temperature=1.9,
        stream=True,
        stream_options={"include_usage": True},
        tools=[LOOK],
        tool_choice="required",
    )
    assert sent == {
        "model": "mistral-large-latest",
        "messages": HI,
        "max_tokens": 9,
        "random_seed": 7,
        "temperature": 1.5,
        "stream": True,
        "tools": [LOOK],
        "tool_choice": "any",
    }
    assert sorted(dropped) == ["store", "temperature", "user"]


def test_mistral_is_shown_no_tools_where_none_may_be_called() -> None:
    sent, dropped = fitted("mistral", "mistral-large-latest", tools=[LOOK], tool_choice="none")
    assert (sent, dropped) == ({"model": "mistral-large-latest", "messages": HI}, [])


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=8, unique=True))
def test_ids_of_calls_have_nine_characters_there_and_still_pair(ids: list[str]) -> None:
    messages = [message for call_id in ids for message in (called(call_id), result(call_id))]
    sent = fitted("mistral", "mistral-large-latest", messages=messages)[0]["messages"]
    given_ids = [message["tool_calls"][0]["id"] for message in sent[::2]]
    assert [message["tool_call_id"] for message in sent[1::2]] == given_ids
    assert all(re.fullmatch("[A-Za-z0-9]{9}", call_id) for call_id in given_ids)
    assert len(set(given_ids)) == len(ids)


def test_ids_of_its_own_stay_as_they_are() -> None:
    messages = [called("rEJDoePqM"), result("rEJDoePqM")]
    assert fitted("mistral", "mistral-large-latest", messages=messages)[0]["messages"] == messages


def test_assistant_speaks_between_a_tool_and_anybody_else_and_is_gone_on_with_at_the_end() -> None:
    messages = [*HI, called("a"), result("a"), *HI, {"role": "assistant", "content": "Well,"}]
    sent = fitted("mistral", "mistral-large-latest", messages=messages)[0]["messages"]
    assert [m["role"] for m in sent] == ["user", "assistant", "tool", "assistant", "user", "assistant"]
    assert sent[-1] == {"role": "assistant", "content": "Well,", "prefix": True}


def test_file_has_the_form_that_the_provider_reads_or_is_refused() -> None:
    part = {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}}
    messages = [{"role": "user", "content": [part]}]
    document = {"type": "document_url", "document_url": "data:application/pdf;base64,AA==", "document_name": "a.pdf"}
    assert fitted("mistral", "m", messages=messages)[0]["messages"][0]["content"] == [document]
    assert fitted("openai", "gpt-4o", messages=messages)[0]["messages"] == messages
    for provider in ("azure", "groq", "ollama", "deepseek"):
        with pytest.raises(InvalidRequest) as refused:
            fitted(provider, "m", messages=messages)
        assert refused.value.param == "messages[0].content[0]"
        assert provider in refused.value.message


def test_choice_that_is_ignored_is_made_by_what_is_shown() -> None:
    assert fitted("ollama", "m", tools=[LOOK, FIND], tool_choice=NAMED)[0] == {
        "model": "m",
        "messages": HI,
        "tools": [FIND],
    }
    assert "tools" not in fitted("ollama", "m", tools=[LOOK], tool_choice="none")[0]
    sent, _ = fitted("lmstudio", "m", tools=[LOOK, FIND], tool_choice=NAMED)
    assert (sent["tools"], sent["tool_choice"]) == ([FIND], "required")


def test_schema_is_asked_for_as_the_provider_knows_it() -> None:
    assert fitted("openai", "gpt-4o", response_format=FORM)[0]["response_format"] == FORM
    flat = {"type": "json_schema", "schema": SCHEMA}
    assert fitted("together", "m", response_format=FORM)[0]["response_format"] == flat
    sent, dropped = fitted("deepseek", "deepseek-chat", response_format=FORM)
    assert (sent["response_format"], dropped) == ({"type": "json_object"}, [])
    assert sent["messages"][0]["role"] == "system"
    assert orjson.dumps(SCHEMA).decode() in sent["messages"][0]["content"]
    assert "response_format" not in fitted("perplexity", "sonar", response_format={"type": "json_object"})[0]


@pytest.mark.parametrize("content", ["Be brief.", [{"type": "text", "text": "Be brief."}], None])
def test_words_about_the_form_stand_behind_the_callers_own(content: Any) -> None:
    messages = [{"role": "system", "content": content}, *HI]
    told = fitted("deepseek", "deepseek-chat", messages=messages, response_format=FORM)[0]["messages"]
    assert len(told) == 2
    written = orjson.dumps(told[0]).decode()
    assert "JSON Schema" in written
    assert content is None or written.index("Be brief.") < written.index("JSON Schema")


@pytest.mark.parametrize(("field", "value"), [("n", 2), ("logprobs", True), ("logit_bias", {"1": 2})])
def test_what_would_change_the_answer_is_refused_by_field_and_provider(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        fitted("groq", "m", **{field: value})
    assert (refused.value.param, refused.value.code) == (field, "unsupported_parameter")
    assert "groq" in refused.value.message
    sent, dropped = fitted("groq", "m", n=1, logprobs=False, logit_bias={})
    assert (set(sent), dropped) == ({"model", "messages"}, [])


def test_turns_of_one_role_become_one_where_they_must_alternate() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    messages = [
        *HI,
        {"role": "user", "content": "Ho"},
        {"role": "user", "content": [image]},
        {"role": "assistant", "content": "a"},
    ]
    sent = fitted("perplexity", "sonar", messages=messages)[0]["messages"]
    assert [m["role"] for m in sent] == ["user", "assistant"]
    assert sent[0]["content"] == [{"type": "text", "text": "Hi\n\nHo"}, image]


@given(st.one_of(st.floats(allow_nan=False), st.integers(), st.booleans(), st.text(max_size=3)))
def test_numbers_are_brought_within_their_bounds_and_nothing_else_is_touched(value: Any) -> None:
    facts = ChatProfile(ranges={"temperature": Range(0, 1)})
    outbound = DIALECT.encode(asked(temperature=value), Origin("lab", "m", facts))
    sent = orjson.loads(outbound.body)["temperature"]
    if isinstance(value, int | float) and not isinstance(value, bool):
        assert sent == min(max(value, 0), 1)
        assert list(outbound.dropped) == ([] if -0.011 <= value <= 1.011 else ["temperature"])
    else:
        assert sent == value


def test_metadata_goes_unsaid_where_there_is_no_place_for_it() -> None:
    sent, dropped = fitted("ollama", "m", metadata={"trace": "7"})
    assert ("metadata" in sent, dropped) == (False, [])


@pytest.mark.parametrize(
    ("provider", "fields", "expected"),
    [
        ("openai", {"response_format": FORM, "tools": [LOOK], "tool_choice": "required"}, True),
        ("deepseek", {}, True),
        ("deepseek", {"response_format": FORM}, False),
        ("deepseek", {"response_format": {"type": "json_object"}}, True),
        ("ollama", {"tools": [FIND], "tool_choice": "auto"}, True),
        ("ollama", {"tools": [FIND], "tool_choice": "none"}, True),
        ("ollama", {"tools": [FIND], "tool_choice": "required"}, False),
        ("ollama", {"tools": [FIND], "tool_choice": NAMED}, False),
        ("lmstudio", {"tools": [FIND], "tool_choice": "required"}, True),
    ],
)
def test_answer_is_passed_on_unless_it_has_to_be_looked_at(
    provider: str, fields: dict[str, Any], expected: bool
) -> None:
    origin = Origin(provider, "m", ROWS[provider].profile(ChatProfile))
    assert DIALECT.can_pass_on(asked(**fields), origin) is expected


EVERYTHING = {
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.example/y.png"}}]},
        called("call-1", reasoning="Hm.", reasoning_content="Hm.", refusal="No."),
        result("call-1"),
        *HI,
        *HI,
        {"role": "assistant", "content": "It is"},
    ],
    "tools": [LOOK],
    "response_format": FORM,
    "reasoning_effort": "high",
    "max_tokens": 9**9,
    **dict.fromkeys(("temperature", "top_p", "frequency_penalty", "presence_penalty"), 1.99),
    **dict.fromkeys(("seed", "top_k", "n", "logprobs", "top_logprobs", "logit_bias", "service_tier", "user"), 7),
}
ALL_PROFILES = [
    of_model
    for row in ROWS.values()
    for profile in row.profiles
    if isinstance(profile, ChatProfile)
    for of_model in (profile, *(of_model for _, of_model in profile.models))
]


@pytest.mark.parametrize("name", [field.name for field in fields(ChatProfile)])
@pytest.mark.parametrize("choice", ["auto", "none", "required", NAMED])
def test_a_fact_that_adapts_bodies_is_one_of_those_that_are_looked_for(name: str, choice: Any) -> None:
    for given_facts in ALL_PROFILES:
        facts = replace(ChatProfile(), **{name: getattr(given_facts, name)})
        if is_adapted(facts):
            continue
        report = Report.of_body(Origin("lab", "m"))
        body: Any = {"model": "m", **EVERYTHING, "tool_choice": choice}
        assert adapt_body(body.copy(), facts, Origin("lab", "m", facts), report) == body
        assert report.dropped == []


def test_what_is_dropped_is_named_in_the_order_of_its_name() -> None:
    names = ["user", "seed", "top_k", "stop", "n"]
    facts = ChatProfile(dropped=frozenset(names))
    settings: dict[str, Any] = dict.fromkeys(names, 7)
    outbound = DIALECT.encode(asked(**settings), Origin("lab", "m", facts))
    assert outbound.dropped == sorted(names)
