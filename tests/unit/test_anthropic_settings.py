"""The settings of a request as Anthropic has them, by model."""

from typing import Any

import pytest

from gateway.providers.anthropic import ROW
from tests.unit.anthropic_requests import FABLE, HAIKU, OLD, OPUS_46, OPUS_48, SONNET_4, encode, refusal, settings
from tests.unit.chat_requests import user
from tests.unit.generations import generation_of


@pytest.mark.parametrize(
    ("model", "asked", "limit"),
    [
        (OLD, {}, 4096),
        ("claude-3-5-haiku-20241022", {}, 8192),
        ("claude-next", {}, 8192),
        (HAIKU, {}, 32_000),
        (OLD, {"max_tokens": 10_000}, 4096),
        (HAIKU, {"max_tokens": 5}, 5),
        (HAIKU, {"max_completion_tokens": 5.0}, 5),
        (HAIKU, {"max_tokens": 50, "max_completion_tokens": 5}, 5),
        (OPUS_48, {"max_tokens": 128_000}, 128_000),
    ],
)
def test_limit_is_always_told(model: str, asked: dict[str, Any], limit: int) -> None:
    # One over the model's own is brought down to it, which is reported.
    told = {"dropped": ["max_tokens"]} if asked.get("max_tokens", 0) > limit and len(asked) == 1 else {}
    assert settings(model, **asked) == {"max_tokens": limit, **told}


@pytest.mark.parametrize("limit", [-1, 1.5, "5", False, [5]])
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_limit_that_is_no_whole_number_is_refused_by_its_name(name: str, limit: Any) -> None:
    assert refusal(generation_of(items=[user("Hi.")], fields={name: limit})) == (name, "invalid_value")


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "level"),
    [
        (HAIKU, "minimal", {"type": "enabled", "budget_tokens": 1024}, None),
        (SONNET_4, "medium", {"type": "enabled", "budget_tokens": 10_000}, None),
        (OPUS_46, "minimal", {"type": "adaptive"}, "low"),
        (OPUS_46, "xhigh", {"type": "adaptive"}, "max"),
        (OPUS_48, "xhigh", {"type": "adaptive", "display": "summarized"}, "xhigh"),
        (FABLE, "max", {"type": "adaptive", "display": "summarized"}, "max"),
        (OPUS_48, "none", {"type": "disabled"}, None),
        (HAIKU, "none", {"type": "disabled"}, None),
        (OLD, "none", None, None),
    ],
)
def test_effort_is_said_in_the_models_own_way(model: str, effort: str, thinking: Any, level: str | None) -> None:
    told = settings(model, reasoning_effort=effort)
    assert told.get("thinking") == thinking
    assert told.get("output_config") == ({"effort": level} if level else None)
    assert "dropped" not in told


@pytest.mark.parametrize("model", [OLD, "claude-next"])
def test_effort_is_left_out_where_the_model_does_not_think(model: str) -> None:
    assert settings(model, reasoning_effort="high")["dropped"] == ["reasoning_effort"]


def test_limit_is_raised_above_the_budget() -> None:
    told = settings(HAIKU, reasoning_effort="high", max_tokens=100)
    assert told["max_tokens"] == 16_484


def test_budget_gives_way_to_what_the_model_can_answer() -> None:
    told = settings("claude-opus-4-1", reasoning_effort="max", max_tokens=100)
    assert (told["max_tokens"], told["thinking"]["budget_tokens"]) == (32_000, 31_999)


def test_anthropics_own_words_travel() -> None:
    own = {"thinking": {"type": "enabled", "budget_tokens": 3000}, "container": "c_1", "inference_geo": "eu"}
    assert settings(HAIKU, **own) == {"max_tokens": 32_000, **own}
    assert settings(OPUS_48, output_config={"effort": "low"})["output_config"] == {"effort": "low"}


@pytest.mark.parametrize("own", [{"type": "enabled", "clear_thinking": False}, {"clear_thinking": False}, {"type": 1}])
def test_thinking_that_is_another_providers_is_left_out_and_said_and_the_effort_counts(own: Any) -> None:
    told = settings(HAIKU, reasoning_effort="low", thinking=own)
    assert (told["thinking"]["type"], told["dropped"]) == ("enabled", ["thinking"])
    assert settings(HAIKU, thinking=own) == {"max_tokens": 32_000, "dropped": ["thinking"]}


@pytest.mark.parametrize("value", [False, True, 0, "", [], {}])
def test_field_that_nobody_here_knows_is_said_whatever_its_value(value: Any) -> None:
    assert settings(HAIKU, enable_thinking=value)["dropped"] == ["enable_thinking"]


def test_temperature_is_brought_within_bounds() -> None:
    assert settings(temperature=1.7)["temperature"] == 1
    assert settings(temperature=0.2, top_k=4) == {"max_tokens": 32_000, "temperature": 0.2, "top_k": 4}


def test_newest_models_are_given_no_sampling() -> None:
    told = settings(OPUS_48, temperature=0.2, top_p=0.5, top_k=4)
    assert told == {"max_tokens": 32_000, "dropped": ["temperature", "top_k", "top_p"]}


def test_top_k_goes_to_models_before_opus_4_6() -> None:
    assert settings(OPUS_46, top_k=4)["dropped"] == ["top_k"]
    assert settings("claude-opus-4-5", top_k=4)["top_k"] == 4


def test_some_models_take_one_of_temperature_and_top_p() -> None:
    assert settings(HAIKU, temperature=0.2, top_p=0.5)["dropped"] == ["top_p"]
    assert settings(SONNET_4, temperature=0.2, top_p=0.5)["top_p"] == 0.5


def test_sampling_gives_way_to_thinking() -> None:
    told = settings(HAIKU, reasoning_effort="low", temperature=0.2, top_k=4)
    assert told["dropped"] == ["temperature", "top_k"]
    assert "dropped" not in settings(HAIKU, reasoning_effort="low", temperature=1)


def test_stops_that_are_blank_are_left_out() -> None:
    assert settings(stop="END")["stop_sequences"] == ["END"]
    told = settings(stop=["\n", "END"])
    assert (told["stop_sequences"], told["dropped"]) == (["END"], ["stop"])


def test_user_is_the_id_in_the_metadata() -> None:
    assert settings(user="u")["metadata"] == {"user_id": "u"}
    assert settings(safety_identifier="s")["metadata"] == {"user_id": "s"}
    assert settings(user="u", safety_identifier="s")["dropped"] == ["safety_identifier"]


@pytest.mark.parametrize(("tier", "sent"), [("auto", "auto"), ("default", "standard_only"), ("priority", "auto")])
def test_service_tier_has_anthropics_name(tier: str, sent: str) -> None:
    assert settings(service_tier=tier)["service_tier"] == sent


def test_tier_that_anthropic_has_not_is_left_out() -> None:
    assert settings(service_tier="flex")["dropped"] == ["service_tier"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", 1), ("presence_penalty", 1), ("verbosity", "low"), ("prompt_cache_key", "k"), ("yet_to_come", 1)],
)
def test_what_does_no_harm_is_left_out_and_said(name: str, value: Any) -> None:
    asked: dict[str, Any] = {name: value}
    assert settings(**asked)["dropped"] == [name]


@pytest.mark.parametrize(
    "asked", [{"n": 1}, {"logprobs": False}, {"modalities": ["text"]}, {"presence_penalty": 0}, {"store": False}]
)
def test_what_happens_anyway_is_not_spoken_of(asked: dict[str, Any]) -> None:
    assert "dropped" not in settings(**asked)


@pytest.mark.parametrize(
    "asked",
    [{"n": 2}, {"logprobs": True}, {"top_logprobs": 3}, {"logit_bias": {"1": 5}}, {"modalities": ["text", "audio"]}],
)
def test_what_would_change_the_answer_is_refused(asked: dict[str, Any]) -> None:
    (name,) = asked
    assert refusal(generation_of("m", items=[user()], fields=asked)) == (name, "unsupported_parameter")


def test_metadata_stays_with_the_gateway() -> None:
    body, dropped = encode(generation_of("m", items=[user()], metadata={"team": "a"}))
    assert "metadata" not in body
    assert dropped == []


@pytest.mark.parametrize(
    ("model", "form"),
    [
        ("claude-opus-4-20250514", "budget"),
        ("claude-opus-4-1-20250805", "budget"),
        ("claude-opus-4-5-20251101", "budget"),
        ("claude-sonnet-4-6", "adaptive"),
        ("claude-opus-4-7", "adaptive-shown"),
        ("claude-sonnet-5", "adaptive-shown"),
        ("claude-opus-5", "adaptive-shown"),
        ("claude-opus-10-1", "adaptive-shown"),
        ("claude-mythos-5", "adaptive-shown"),
        ("claude-3-7-sonnet-latest", "budget"),
        ("claude-3-haiku-20240307", "off"),
    ],
)
def test_models_are_known_by_their_names(model: str, form: str) -> None:
    thinking = ROW.own.of(model).thinking
    assert thinking is not None
    assert thinking.form == form
