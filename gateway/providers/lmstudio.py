"""LM Studio: models on a desk."""

from gateway.dialects.profiles import Facts
from gateway.providers import compatible
from gateway.providers.row import Row

ROW = Row(
    name="lmstudio",
    dialects=("openai-chat", "openai-responses"),
    base_url="http://localhost:1234/v1",
    key_variable="LMSTUDIO_API_KEY",
    base_url_variable="LMSTUDIO_BASE_URL",
    scheme="none",
    # Shared facts on providers, section 18, and its documentation (August 2026): a choice is a word, a form a schema.
    facts=Facts(
        context_too_long=compatible.TOO_LONG,
        token_limit_field="max_tokens",
        tool_choices=frozenset({"auto", "none", "required"}),
        forms=frozenset({"json_schema"}),
        refused=frozenset({"n", "audio", "modalities", "web_search_options"}),
        dropped=frozenset({"metadata"}),
        takes_developer_role=False,
        takes_image_urls=False,
        part_forms={"file": None, "input_audio": None},
    ),
)
