"""Hugging Face's router: open models at whoever runs them."""

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

ROW = Row(
    name="huggingface",
    base_url="https://router.huggingface.co/v1",
    key_variable="HF_TOKEN",
    base_url_variable="HUGGINGFACE_BASE_URL",
    key_variables=("HUGGINGFACE_API_KEY", "HUGGINGFACEHUB_API_TOKEN"),
    # Shared facts on providers, section 18 (August 2026). What the servers behind it lack, they say themselves.
    profiles=(
        ChatProfile(
            context_too_long=compatible.TOO_LONG,
            think_tags="translated",
            token_limit_field="max_tokens",
            dropped=frozenset({"metadata"}) | compatible.OF_OPENAI,
            takes_developer_role=False,
            part_forms={"file": None, "input_audio": None},
            refused=frozenset({"audio", "modalities", "web_search_options"}),
        ),
    ),
)
