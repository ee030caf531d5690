"""OpenAI itself."""

import re
from collections.abc import Mapping
from dataclasses import replace

from gateway.dialects.profiles import Facts, Thinking
from gateway.providers.row import Row

# Fields by which other providers' answers tell reasoning; OpenAI knows no such field of a message.
_REASONING = frozenset({"reasoning_content", "reasoning", "reasoning_details"})
# What is refused while a model reasons, and harmless to leave out. `logprobs` and `logit_bias` are refused, too, but
# the answer would be another one: OpenAI says so itself (shared facts on providers, section 1, verified July 2026).
_SAMPLING = frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty"})

# Usage in a stream comes on request only (shared facts on providers, section 1, August 2026).
# The next three are of its own dialect's making (shared facts on the Responses API, section 2).
BASE = Facts(
    stream_usage=True,
    takes_custom_tools=True,
    takes_allowed_tools=True,
    takes_refusals=True,
    # Without it there may be none in answers that are not stored (shared facts on providers, section 2).
    asks_encrypted_reasoning=True,
    # AIHubMix's document: ignored for OpenAI and Azure.
    dropped=frozenset({"top_k"}),
    dropped_of_messages=_REASONING,
    # Shared facts on providers, section 1. Ollama takes them (recording ollama/004).
    takes_output_parts=False,
)


def _efforts(*known: str) -> Thinking:
    """The efforts that a model knows; each of OpenAI's goes as the nearest of them."""
    ladder = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    places = {word: place for place, word in enumerate(ladder)}
    nearest: Mapping[str, str] = {
        word: min(known, key=lambda other: (abs(places[other] - places[word]), places[other])) for word in ladder
    }
    return Thinking("effort", nearest)


# Which model takes what: shared facts on providers, section 1, live-verified July 2026. Names that nobody knows yet
# are OpenAI's to judge.
_REASONING_MODEL = replace(BASE, token_limit_field="max_completion_tokens", reasons=True, dropped_reasoning=_SAMPLING)
_O1_MINI = replace(_REASONING_MODEL, takes_system_role=False, takes_developer_role=False, thinking=Thinking("effort"))
_O_SERIES = replace(_REASONING_MODEL, thinking=_efforts("low", "medium", "high"))
_CHAT = replace(_REASONING_MODEL, thinking=_efforts("medium"))
_FIVE = replace(_REASONING_MODEL, thinking=_efforts("minimal", "low", "medium", "high"))
_FIVE_PRO = replace(_REASONING_MODEL, thinking=_efforts("high"))
_PRO = replace(_REASONING_MODEL, thinking=_efforts("medium", "high", "xhigh"))
_CODEX = replace(_REASONING_MODEL, thinking=_efforts("low", "medium", "high", "xhigh"))
_FIVE_ONE = replace(_REASONING_MODEL, reasons=False, thinking=_efforts("none", "low", "medium", "high"))
_FIVE_TWO = replace(_REASONING_MODEL, reasons=False, thinking=_efforts("none", "low", "medium", "high", "xhigh"))
_NEWER = replace(_REASONING_MODEL, thinking=_efforts("none", "low", "medium", "high", "xhigh", "max"))
_NO_REASONING = replace(BASE, thinking=Thinking("effort"))

_DATE = r"(-\d{4}-\d{2}-\d{2})?"
_MODELS = (
    (r"o1-(mini|preview)", _O1_MINI),
    (r"o\d(-mini|-pro|-deep-research|-mini-deep-research)?", _O_SERIES),
    (r"gpt-5-chat(-latest)?|chatgpt-4o-latest|(ft:)?gpt-(3\.5|4).*", _NO_REASONING),
    (r"gpt-5(\.\d+)-chat(-latest)?", _CHAT),
    (r"gpt-5(-mini|-nano|-codex|-codex-mini)?", _FIVE),
    (r"gpt-5-pro", _FIVE_PRO),
    (r"gpt-5\.\d+-pro", _PRO),
    (r"gpt-5\.1-codex.*", _CODEX),
    (r"gpt-5\.1", _FIVE_ONE),
    (r"gpt-5\.[2-4](-codex|-mini|-nano)?", _FIVE_TWO),
    (r"gpt-5\.[5-9](-\w+)?", _NEWER),
)

FACTS = replace(BASE, models=tuple((re.compile(f"(?:{pattern}){_DATE}"), facts) for pattern, facts in _MODELS))

ROW = Row(
    name="openai",
    dialects=("openai-chat", "openai-responses"),
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    base_url_variable="OPENAI_BASE_URL",
    facts=FACTS,
    headers={"openai-organization": "{organization}", "openai-project": "{project}"},
    # As OpenAI's own clients read them.
    variables={"organization": "OPENAI_ORG_ID", "project": "OPENAI_PROJECT_ID"},
)
