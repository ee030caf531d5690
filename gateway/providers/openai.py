"""OpenAI itself."""

from gateway.providers.row import Facts, Row

ROW = Row(
    name="openai",
    dialect="openai-chat",
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    base_url_variable="OPENAI_BASE_URL",
    # Usage in a stream comes on request only (shared facts on providers, section 1, August 2026).
    facts=Facts(stream_usage=True),
)
