"""Z.AI: the GLM models."""

from gateway.dialects.profiles.base import Range, Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

ROW = Row(
    name="zai",
    base_url="https://api.z.ai/api/paas/v4",
    key_variable="ZAI_API_KEY",
    base_url_variable="ZAI_BASE_URL",
    key_variables=("ZHIPUAI_API_KEY", "GLM_API_KEY"),
    # Shared facts on providers, section 18, and its API reference (August 2026).
    profiles=(
        ChatProfile(
            context_too_long=compatible.TOO_LONG,
            token_limit_field="max_tokens",
            ranges={"temperature": Range(0, 1), "top_p": Range(0.01, 1)},
            tool_choices=frozenset({"auto"}),
            formats=frozenset({"json_object"}),
            renamed={"user": "user_id"},
            refused=frozenset({"n", "logprobs", "top_logprobs", "logit_bias", "audio", "modalities"}),
            dropped=frozenset(
                (
                    *(
                        "prediction",
                        "seed",
                        "top_k",
                        "frequency_penalty",
                        "presence_penalty",
                        "parallel_tool_calls",
                        "service_tier",
                    ),
                    *("store", "safety_identifier", "prompt_cache_key", "verbosity", "metadata"),
                )
            )
            | compatible.OF_OPENAI,
            takes_developer_role=False,
            part_forms={"file": None, "input_audio": None},
            reasoning_field="reasoning_content",
            thinking=Thinking(
                "thinking", {"none": None, **dict.fromkeys(("minimal", "low", "medium", "high", "xhigh", "max"), "")}
            ),
        ),
    ),
)
