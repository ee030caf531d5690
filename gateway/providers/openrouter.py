"""OpenRouter: every model behind one chat dialect, which it fits to them itself."""

from dataclasses import replace

from gateway.dialects.profiles.base import Profile, Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.providers import compatible
from gateway.providers.row import Row

_WORDS = ("none", "minimal", "low", "medium", "high", "xhigh")
# Shared facts on providers, section 13 (August 2026).
_SHARED = Profile(
    context_too_long=compatible.TOO_LONG,
    # Not among its parameters; those of the cache it passes on to OpenAI.
    dropped=frozenset({"moderation"}),
    # In chat, too, its own field for it is older, and does more.
    thinking=Thinking("reasoning", {**{word: word for word in _WORDS}, "max": "xhigh"}),
)

ROW = Row(
    name="openrouter",
    profiles=(
        replace(
            ChatProfile.over(_SHARED),
            token_limit_field="max_tokens",
            # The text alone: `reasoning_details` go back as they came, whatever this says.
            reasoning_field="reasoning",
        ),
        replace(ResponsesProfile.over(_SHARED), asks_encrypted_reasoning=True),
    ),
    base_url="https://openrouter.ai/api/v1",
    key_variable="OPENROUTER_API_KEY",
    base_url_variable="OPENROUTER_BASE_URL",
    # It shows its users which program asked.
    headers={"x-title": "Waystone"},
)
