"""xAI: Grok, whose reasoning is told by each model in its own way."""

import re
from dataclasses import replace

from gateway.dialects.profiles.base import Profile, Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.providers import compatible
from gateway.providers.row import Row

_LOW, _HIGH = ("minimal", "low"), ("high", "xhigh", "max")

# Shared facts on providers, sections 0.4 and 12 (August 2026).
_SHARED = Profile(
    context_too_long=compatible.TOO_LONG,
    # A key that is unknown is a 400, and its error a text (recording xai/014).
    refused_key=re.compile(r"incorrect api key", re.I),
    dropped=frozenset({"top_k", "service_tier"}) | compatible.OF_OPENAI,
    # Most models refuse an effort.
    thinking=Thinking("effort"),
)
# Reasoning models refuse the penalties. `stop` they refuse as well, but without it the answer would be another one.
_REASONING = replace(_SHARED, reasons=True, dropped_reasoning=frozenset({"presence_penalty", "frequency_penalty"}))
_STEPS = {**dict.fromkeys(_LOW, "low"), "medium": "medium", **dict.fromkeys(_HIGH, "high")}
_GROK_3_MINI = replace(_REASONING, thinking=Thinking("effort", {**_STEPS, "none": "low", "medium": "high"}))
_GROK_45 = replace(_REASONING, thinking=Thinking("effort", {**_STEPS, "none": "low"}))
_GROK_43 = replace(_REASONING, thinking=Thinking("effort", {**_STEPS, "none": "none"}))
_MODELS = _SHARED.with_models(
    {
        r"grok-3-mini.*": _GROK_3_MINI,
        r"grok-4[.-]5.*|grok-build-latest": _GROK_45,
        r".*non-reasoning.*|grok-2.*": _SHARED,
        r"grok-4-1-fast.*|grok-4-fast.*|grok-code.*": _REASONING,
        r"grok-4.*|grok-3(-latest)?|grok-latest": _GROK_43,
    }
)


def _in_chat(profile: ChatProfile) -> ChatProfile:
    return replace(
        profile,
        dropped=profile.dropped | {"store"},
        token_limit_field="max_completion_tokens",
        takes_developer_role=False,
        part_forms={"input_audio": None, "file": None},
    )


def _in_responses(profile: ResponsesProfile) -> ResponsesProfile:
    # Encrypted reasoning carries it along without a state of its own (section 12).
    return replace(profile, takes_developer_role=False, asks_encrypted_reasoning=True)


ROW = Row(
    name="xai",
    profiles=(ChatProfile.over(_MODELS).everywhere(_in_chat), ResponsesProfile.over(_MODELS).everywhere(_in_responses)),
    base_url="https://api.x.ai/v1",
    key_variable="XAI_API_KEY",
    base_url_variable="XAI_BASE_URL",
)
