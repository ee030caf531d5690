"""Cohere's own platform."""

import re
from dataclasses import replace

from gateway.dialects.profiles.base import Effort, Range, Thinking
from gateway.dialects.profiles.cohere import CohereProfile
from gateway.dialects.profiles.tokens import TokenFacts, TokenTable
from gateway.providers.row import Row

_ALL = CohereProfile(
    # https://docs.cohere.com/reference/tokenize, August 2026.
    tokens=TokenTable(TokenFacts(is_counted=True)),
    # Shared facts on providers, section 8, August 2026.
    ranges={
        "presence_penalty": Range(0, 1),
        "frequency_penalty": Range(0, 1),
        "top_p": Range(0.01, 0.99),
        "top_k": Range(0, 500),
    },
    # AnswerMetadata in words alone: "too many tokens: size limit exceeded by …" (Cohere's documentation of errors).
    context_too_long=re.compile(r"too many tokens", re.I),
)
# Budgets in tokens; at the two highest efforts the model decides itself.
_EFFORTS: dict[str, Effort] = {"none": None, "minimal": 512, "low": 1024, "medium": 4096, "high": 16384}
_THINKING = Thinking("budget", {**_EFFORTS, "xhigh": "unbounded", "max": "unbounded"})
_REASONS = replace(_ALL, thinking=_THINKING)
_TEXT_ONLY = replace(_ALL, takes_parts=False)

ROW = Row(
    name="cohere",
    base_url="https://api.cohere.com",
    key_variable="COHERE_API_KEY",
    key_variables=("CO_API_KEY",),
    base_url_variable="COHERE_BASE_URL",
    profiles=(
        # What is not known is taken for new: it sees and reasons, as Command A+ does (recordings cohere/004 to 007).
        _REASONS.with_models(
            {
                r"command-a-reasoning.*": replace(_REASONS, takes_parts=False),
                r"command-a-vision.*|c4ai-aya-vision.*": _ALL,
                r"command-a-(0\d-2025|translate.*)|command-r7b.*": _TEXT_ONLY,
                # Tool choice came with Command R7B.
                r"command(-(r|light|nightly).*)?|c4ai-.*": replace(_TEXT_ONLY, tool_choices=frozenset({"auto"})),
            }
        ),
    ),
)
