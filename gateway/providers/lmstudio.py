"""LM Studio: models on a desk."""

from dataclasses import replace

from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.providers import compatible
from gateway.providers.row import Row

# Shared facts on providers, section 18, and its documentation (August 2026).
_SHARED = Profile(
    context_too_long=compatible.TOO_LONG,
    dropped=frozenset({"metadata"}) | compatible.OF_OPENAI,
    takes_image_urls=False,
)

ROW = Row(
    name="lmstudio",
    profiles=(
        replace(
            ChatProfile.over(_SHARED),
            think_tags="translated",
            token_limit_field="max_tokens",
            refused=frozenset({"n", "audio", "modalities", "web_search_options"}),
            # A choice is a word, a format a schema.
            tool_choices=frozenset({"auto", "none", "required"}),
            formats=frozenset({"json_schema"}),
            takes_developer_role=False,
            part_forms={"file": None, "input_audio": None},
        ),
        replace(ResponsesProfile.over(_SHARED), takes_developer_role=False),
    ),
    base_url="http://localhost:1234/v1",
    key_variable="LMSTUDIO_API_KEY",
    base_url_variable="LMSTUDIO_BASE_URL",
    scheme="none",
)
