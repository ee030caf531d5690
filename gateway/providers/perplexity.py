"""Perplexity: models that search, and call no tools."""

from dataclasses import replace

from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

# Shared facts on providers, sections 17 and 18, and its API reference (August 2026).
PROFILE = ChatProfile(
    context_too_long=compatible.TOO_LONG,
    token_limit_field="max_tokens",
    formats=frozenset({"json_schema"}),
    refused=frozenset({"n", "logprobs", "top_logprobs", "logit_bias", "stop", "audio", "modalities"}),
    dropped=frozenset(
        {
            "prediction",
            # It always tells usage.
            "stream_options",
            "seed",
            "user",
            "service_tier",
            "store",
            "prompt_cache_key",
            "safety_identifier",
            "verbosity",
            "metadata",
        }
    )
    | compatible.OF_OPENAI,
    takes_developer_role=False,
    takes_tools=False,
    # After the system, user and assistant take turns.
    system_messages="first",
    takes_turns_in_row=False,
    dropped_of_messages=compatible.OF_ANSWERS | {"name", "refusal", "reasoning_content", "reasoning"},
    part_forms={"file": None, "input_audio": None},
    thinking=Thinking("effort"),
)
_REASONING = replace(
    PROFILE,
    think_tags="translated",
    thinking=Thinking(
        "effort",
        {
            "none": "minimal",
            **{word: word for word in ("minimal", "low", "medium", "high")},
            **dict.fromkeys(("xhigh", "max"), "high"),
        },
    ),
)

ROW = Row(
    name="perplexity",
    base_url="https://api.perplexity.ai",
    key_variable="PERPLEXITY_API_KEY",
    base_url_variable="PERPLEXITY_BASE_URL",
    key_variables=("PPLX_API_KEY",),
    profiles=(PROFILE.with_models({r"sonar-(reasoning|deep-research).*": _REASONING}),),
)
