"""vLLM: a server of one's own, which knows all of OpenAI's chat and more."""

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

ROW = Row(
    name="vllm",
    base_url="http://localhost:8000/v1",
    key_variable="VLLM_API_KEY",
    base_url_variable="VLLM_BASE_URL",
    scheme="none",
    # Shared facts on providers, section 17 (August 2026): unknown fields are ignored, reasoning goes by two names.
    profiles=(
        ChatProfile(
            context_too_long=compatible.TOO_LONG,
            think_tags="translated",
            token_limit_field="max_tokens",
            dropped=frozenset({"metadata"}) | compatible.OF_OPENAI,
            takes_developer_role=False,
            # Of OpenAI's parts it has no files.
            part_forms={"file": None},
            refused=frozenset({"audio", "modalities", "web_search_options"}),
        ),
    ),
)
