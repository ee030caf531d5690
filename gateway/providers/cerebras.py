"""Cerebras: open models, fast, and text alone."""

from dataclasses import replace

from gateway.dialects.profiles.base import Range, Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

# Shared facts on providers, section 18 (August 2026).
PROFILE = ChatProfile(
    context_too_long=compatible.TOO_LONG,
    token_limit_field="max_completion_tokens",
    ranges={"temperature": Range(0, 1.5)},
    refused=frozenset({"logit_bias", "n", "audio", "modalities", "web_search_options"}),
    dropped=frozenset(
        {
            "frequency_penalty",
            "presence_penalty",
            "top_k",
            "store",
            "safety_identifier",
            "prompt_cache_key",
            "verbosity",
            "metadata",
        }
    )
    | compatible.OF_OPENAI,
    takes_developer_role=False,
    takes_parts=False,
    # It comes back under this name (recording cerebras/001).
    reasoning_field="reasoning",
    dropped_of_messages=compatible.OF_ANSWERS | {"refusal", "annotations", "audio"},
    thinking=Thinking("effort"),
)
_GPT_OSS = replace(
    PROFILE,
    thinking=Thinking(
        "effort",
        {
            **dict.fromkeys(("minimal", "low"), "low"),
            "medium": "medium",
            **dict.fromkeys(("high", "xhigh", "max"), "high"),
        },
    ),
)

ROW = Row(
    name="cerebras",
    base_url="https://api.cerebras.ai/v1",
    key_variable="CEREBRAS_API_KEY",
    base_url_variable="CEREBRAS_BASE_URL",
    profiles=(PROFILE.with_models({r"gpt-oss.*": _GPT_OSS}),),
)
