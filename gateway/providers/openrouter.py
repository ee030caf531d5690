"""OpenRouter: every model behind one chat dialect, which it fits to them itself."""

from gateway.dialects.profiles import Facts, Thinking
from gateway.providers import compatible
from gateway.providers.row import Row

_WORDS = ("none", "minimal", "low", "medium", "high", "xhigh")

ROW = Row(
    name="openrouter",
    dialects=("openai-chat", "openai-responses"),
    base_url="https://openrouter.ai/api/v1",
    key_variable="OPENROUTER_API_KEY",
    base_url_variable="OPENROUTER_BASE_URL",
    # Shared facts on providers, section 13 (August 2026).
    facts=Facts(
        context_too_long=compatible.TOO_LONG,
        token_limit_field="max_tokens",
        # Its own field for it is older, and does more.
        thinking=Thinking("reasoning", {**{word: word for word in _WORDS}, "max": "xhigh"}),
        # The text alone: `reasoning_details` go back as they came, whatever this says.
        reasoning_field="reasoning",
        asks_encrypted_reasoning=True,
    ),
    # It shows its users which program asked.
    headers={"x-title": "Waystone"},
)
