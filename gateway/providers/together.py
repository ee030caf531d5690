"""Together: open models, with a schema in a place of its own."""

from dataclasses import replace

from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

_SOME = ("minimal", "low", "medium", "high", "xhigh", "max")

# Shared facts on providers, section 14 (August 2026).
PROFILE = ChatProfile(
    context_too_long=compatible.TOO_LONG,
    think_tags="translated",
    token_limit_field="max_tokens",
    flattens_schema=True,
    refused=frozenset({"audio", "modalities", "web_search_options"}),
    dropped=frozenset(
        {
            "prediction",
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
    part_forms={"file": None, "input_audio": None},
    reasoning_field="reasoning",
    # Most models know none.
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
_HYBRID = replace(PROFILE, thinking=Thinking("enabled", {"none": None, **dict.fromkeys(_SOME, "")}))

ROW = Row(
    name="together",
    base_url="https://api.together.xyz/v1",
    key_variable="TOGETHER_API_KEY",
    base_url_variable="TOGETHER_BASE_URL",
    key_variables=("TOGETHERAI_API_KEY",),
    profiles=(
        PROFILE.with_models(
            {
                r"openai/gpt-oss.*": _GPT_OSS,
                r"(?i).*(deepseek-v3\.1|deepseek-v4|glm-4\.[5-9]|glm-5|kimi-k2\.5|qwen3\.5).*": _HYBRID,
            }
        ),
    ),
)
