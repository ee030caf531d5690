"""Fireworks: open models, in a dialect close to OpenAI's."""

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

ROW = Row(
    name="fireworks",
    base_url="https://api.fireworks.ai/inference/v1",
    key_variable="FIREWORKS_API_KEY",
    base_url_variable="FIREWORKS_BASE_URL",
    # Its Responses API was never recorded; chat is what is known to work.
    # Shared facts on providers, section 15 (August 2026, read in client libraries; not recorded).
    profiles=(
        ChatProfile(
            context_too_long=compatible.TOO_LONG,
            think_tags="translated",
            token_limit_field="max_tokens",
            renamed={"prompt_cache_key": "prompt_cache_isolation_key"},
            refused=frozenset({"audio", "modalities", "web_search_options"}),
            dropped=frozenset({"store", "service_tier", "safety_identifier", "prompt_cache_retention", "verbosity"})
            | compatible.OF_OPENAI,
            takes_developer_role=False,
            part_forms={"file": None, "input_audio": None},
            reasoning_field="reasoning_content",
        ),
    ),
)
