"""xAI: Grok, whose reasoning is told by each model in its own way."""

import re
from dataclasses import replace

from gateway.dialects.profiles import Facts, Thinking
from gateway.providers import compatible
from gateway.providers.row import Row

_LOW, _HIGH = ("minimal", "low"), ("high", "xhigh", "max")

# Shared facts on providers, sections 0.4 and 12 (August 2026).
FACTS = Facts(
    context_too_long=compatible.TOO_LONG,
    # A key that is unknown is a 400, and its error a text (recording xai/014).
    refused_key=re.compile(r"incorrect api key", re.I),
    token_limit_field="max_completion_tokens",
    dropped=frozenset({"top_k", "service_tier", "store"}),
    takes_developer_role=False,
    part_forms={"input_audio": None, "file": None},
    # Encrypted reasoning carries it along without a state of its own (section 12).
    asks_encrypted_reasoning=True,
    # Most models refuse an effort.
    thinking=Thinking("effort"),
)
# Reasoning models refuse the penalties. `stop` they refuse as well, but without it the answer would be another one.
_REASONING = replace(FACTS, reasons=True, dropped_reasoning=frozenset({"presence_penalty", "frequency_penalty"}))
_STEPS = {**dict.fromkeys(_LOW, "low"), "medium": "medium", **dict.fromkeys(_HIGH, "high")}
_GROK_3_MINI = replace(_REASONING, thinking=Thinking("effort", {**_STEPS, "none": "low", "medium": "high"}))
_GROK_45 = replace(_REASONING, thinking=Thinking("effort", {**_STEPS, "none": "low"}))
_GROK_43 = replace(_REASONING, thinking=Thinking("effort", {**_STEPS, "none": "none"}))

ROW = Row(
    name="xai",
    dialects=("openai-chat", "openai-responses"),
    base_url="https://api.x.ai/v1",
    key_variable="XAI_API_KEY",
    base_url_variable="XAI_BASE_URL",
    facts=replace(
        FACTS,
        models=(
            (re.compile(r"grok-3-mini.*"), _GROK_3_MINI),
            (re.compile(r"grok-4[.-]5.*|grok-build-latest"), _GROK_45),
            (re.compile(r".*non-reasoning.*|grok-2.*"), FACTS),
            (re.compile(r"grok-4-1-fast.*|grok-4-fast.*|grok-code.*"), _REASONING),
            (re.compile(r"grok-4.*|grok-3(-latest)?|grok-latest"), _GROK_43),
        ),
    ),
)
