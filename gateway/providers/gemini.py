"""Google's Gemini API, and what its models have in common with those in Vertex AI."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from gateway.dialects.profiles import Facts, Thinking
from gateway.providers.row import Row

_BUDGET, _LEVEL = "thinkingBudget", "thinkingLevel"
# Suggested budgets, and the bounds of the models (shared facts on providers, section 5, August 2026): 2.5 Flash can be
# told not to think, Pro cannot think less than 128 tokens.
_BUDGETS: Mapping[str, int] = MappingProxyType(
    {"minimal": 512, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576}
)
_LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "none": "MINIMAL",
        "minimal": "MINIMAL",
        "low": "LOW",
        "medium": "MEDIUM",
        "high": "HIGH",
        "xhigh": "HIGH",
        "max": "HIGH",
    }
)

# From 3 on: levels, JSON Schema, forms together with tools, signatures that are wanted back (section 5; recordings
# `gemini/024`, `gemini/025`, `vertex/010`). A model that nobody has listed is newer than those that are.
NEWEST = Facts(thinking=Thinking(_LEVEL, _LEVELS), wants_signatures=True, tells_hosted_calls=True, takes_file_urls=True)
# Three models have no level below LOW.
_NO_MINIMAL = replace(NEWEST, thinking=Thinking(_LEVEL, {**_LEVELS, "none": "LOW", "minimal": "LOW"}))
# Before 3, tools of Google's do not mix with functions, nor forms with any.
_EARLIER = Facts(takes_forms_with_tools=False, takes_hosted_with_tools=False, takes_file_urls=True)
_PRO_2_5 = replace(_EARLIER, thinking=Thinking(_BUDGET, {"none": 128, **_BUDGETS}))
_FLASH_2_5 = replace(_EARLIER, thinking=Thinking(_BUDGET, {"none": 0, **_BUDGETS}))
# These neither think nor know `parametersJsonSchema` and `responseJsonSchema`, which came with 2.5.
_OLDEST = replace(_EARLIER, takes_json_schema=False)

MODELS: Sequence[tuple[re.Pattern[str], Facts]] = (
    (re.compile(r"(models/)?(gemini-3-pro|gemini-3\.1-pro|gemini-3\.7-flash)(-.*)?"), _NO_MINIMAL),
    # Those that draw or speak do not think.
    (re.compile(r"(models/)?gemini-2\.5-.*(image|tts|audio).*"), _EARLIER),
    (re.compile(r"(models/)?gemini-2\.5-pro(-.*)?"), _PRO_2_5),
    (re.compile(r"(models/)?gemini-2\.5-.*"), _FLASH_2_5),
    (re.compile(r"(models/)?(gemini-(1|2\.0)|gemma|learnlm).*"), _OLDEST),
)
"""What is particular to models, by their names."""

# It has no field for the caller's user; Vertex AI has labels (section 0.4).
_NOBODY = frozenset({"user", "safety_identifier"})


def _everywhere(facts: Facts) -> Facts:
    return replace(facts, dropped=_NOBODY)


ROW = Row(
    name="gemini",
    dialects=("gemini",),
    base_url="https://generativelanguage.googleapis.com/v1beta",
    key_variable="GEMINI_API_KEY",
    key_variables=("GOOGLE_API_KEY",),
    base_url_variable="GEMINI_BASE_URL",
    facts=replace(_everywhere(NEWEST), models=tuple((pattern, _everywhere(facts)) for pattern, facts in MODELS)),
)
