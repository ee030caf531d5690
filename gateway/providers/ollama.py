"""Ollama: models on a machine of one's own."""

from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

# Not spoken: its native `/api/chat` (shared facts on providers, section 16). It can set the size of the context, and
# nothing else that OpenAI's clients know of; it has no ids for calls, no tool choice and no account of reasoning.
ROW = Row(
    name="ollama",
    base_url="http://localhost:11434/v1",
    key_variable="OLLAMA_API_KEY",
    base_url_variable="OLLAMA_BASE_URL",
    scheme="none",
    # Shared facts on providers, sections 0.4 and 16 (August 2026): the choice among tools is ignored, so it is made by
    # what is shown, and the answer is held to it.
    profiles=(
        ChatProfile(
            context_too_long=compatible.TOO_LONG,
            think_tags="translated",
            token_limit_field="max_tokens",
            tool_choices=frozenset({"auto"}),
            refused=frozenset({"n", "logprobs", "top_logprobs", "logit_bias", "audio", "modalities"}),
            dropped=frozenset(
                (
                    *(
                        "prediction",
                        "user",
                        "top_k",
                        "parallel_tool_calls",
                        "service_tier",
                        "store",
                        "safety_identifier",
                    ),
                    *("prompt_cache_key", "verbosity", "metadata"),
                )
            )
            | compatible.OF_OPENAI,
            takes_developer_role=False,
            takes_image_urls=False,
            part_forms={"file": None, "input_audio": None},
            reasoning_field="reasoning",
            thinking=Thinking(
                "effort",
                {
                    **{word: word for word in ("none", "low", "medium", "high", "max")},
                    "minimal": "low",
                    "xhigh": "max",
                },
            ),
        ),
    ),
    note="Its context is short by default; what does not fit is cut off in silence (num_ctx).",
)
