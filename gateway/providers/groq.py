"""Groq: OpenAI's chat, without what its hardware has no time for."""

from dataclasses import replace

from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

_LOW, _HIGH = ("minimal", "low"), ("high", "xhigh", "max")

# Shared facts on providers, section 10 (August 2026): each of `refused` is a 400, and so is a name in a message.
PROFILE = ChatProfile(
    context_too_long=compatible.TOO_LONG,
    token_limit_field="max_completion_tokens",
    refused=frozenset({"n", "logprobs", "top_logprobs", "logit_bias", "audio", "modalities"}),
    dropped=frozenset(
        {"prediction", "top_k", "store", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "verbosity"}
    )
    | compatible.OF_OPENAI,
    dropped_of_messages=compatible.OF_ANSWERS | {"name", "refusal", "annotations", "audio"},
    reasoning_field="reasoning",
    takes_developer_role=False,
    part_forms={"file": None, "input_audio": None},
    # A schema is kept on selected models only; elsewhere the answer is held to it.
    formats=frozenset({"json_object"}),
    thinking=Thinking("effort"),
)
_WITH_SCHEMA = replace(PROFILE, formats=frozenset({"json_object", "json_schema"}))
_GPT_OSS = replace(
    _WITH_SCHEMA,
    thinking=Thinking("effort", {**dict.fromkeys(_LOW, "low"), "medium": "medium", **dict.fromkeys(_HIGH, "high")}),
)
# As they come, these two write their reasoning into the text.
_QWEN = replace(
    PROFILE,
    defaults={"reasoning_format": "parsed"},
    thinking=Thinking("effort", {"none": "none", **dict.fromkeys((*_LOW, "medium", *_HIGH), "default")}),
)
_R1 = replace(PROFILE, reasons=True, defaults={"reasoning_format": "parsed"})

ROW = Row(
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    key_variable="GROQ_API_KEY",
    base_url_variable="GROQ_BASE_URL",
    profiles=(
        PROFILE.with_models(
            {
                r"openai/gpt-oss.*": _GPT_OSS,
                r"qwen/.*|qwen-qwq.*": _QWEN,
                r"deepseek-r1.*": _R1,
                r"moonshotai/kimi.*|meta-llama/llama-4.*": _WITH_SCHEMA,
            }
        ),
    ),
)
