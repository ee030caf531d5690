"""OpenAI itself."""

from gateway.providers.row import Facts, Row

ROW = Row(
    name="openai",
    dialects=("openai-chat", "openai-responses"),
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    base_url_variable="OPENAI_BASE_URL",
    # Usage in a stream comes on request only (shared facts on providers, section 1, August 2026).
    # The other three are of its own dialect's making (shared facts on the Responses API, section 2).
    facts=Facts(
        stream_usage=True,
        takes_custom_tools=True,
        takes_allowed_tools=True,
        takes_refusals=True,
        # Without it there may be none in answers that are not stored (shared facts on providers, section 2).
        asks_encrypted_reasoning=True,
        dropped=frozenset({"top_k"}),
    ),
)
