"""Google's Gemini API, and what its models have in common with those in Vertex AI."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.profiles.tokens import ImageTokens, TokenFacts, TokenTable
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

# Both APIs count for every model (https://ai.google.dev/api/tokens, August 2026). Images:
# https://ai.google.dev/gemini-api/docs/image-understanding; a tokenizer of its own, whose counts are near those of
# `o200k` (recording `openrouter/013`).
_TOKENS = TokenTable(TokenFacts(per_o200k=1.0, image=ImageTokens("squares", 258), is_counted=True))

# From 3 on: levels, JSON Schema, formats together with tools, signatures that are wanted back (section 5; recordings
# `gemini/024`, `gemini/025`, `vertex/010`). A model that nobody has listed is newer than those that are.
NEWEST = GeminiProfile(
    tokens=_TOKENS,
    thinking=Thinking(_LEVEL, _LEVELS),
    wants_signatures=True,
    tells_hosted_calls=True,
    takes_file_urls=True,
)
# Three models have no level below LOW.
_NO_MINIMAL = replace(NEWEST, thinking=Thinking(_LEVEL, {**_LEVELS, "none": "LOW", "minimal": "LOW"}))
# Before 3, tools of Google's do not mix with functions, nor formats with any.
_EARLIER = GeminiProfile(
    tokens=_TOKENS, takes_formats_with_tools=False, takes_hosted_with_tools=False, takes_file_urls=True
)
_PRO_2_5 = replace(_EARLIER, thinking=Thinking(_BUDGET, {"none": 128, **_BUDGETS}))
_FLASH_2_5 = replace(_EARLIER, thinking=Thinking(_BUDGET, {"none": 0, **_BUDGETS}))
# These neither think nor know `parametersJsonSchema` and `responseJsonSchema`, which came with 2.5.
_OLDEST = replace(_EARLIER, takes_json_schema=False)

MODELS = NEWEST.with_models(
    {
        r"(models/)?(gemini-3-pro|gemini-3\.1-pro|gemini-3\.7-flash)(-.*)?": _NO_MINIMAL,
        # Those that draw or speak do not think.
        r"(models/)?gemini-2\.5-.*(image|tts|audio).*": _EARLIER,
        r"(models/)?gemini-2\.5-pro(-.*)?": _PRO_2_5,
        r"(models/)?gemini-2\.5-.*": _FLASH_2_5,
        r"(models/)?(gemini-(1|2\.0)|gemma|learnlm).*": _OLDEST,
    }
)
"""What is particular to models, by their names."""


def _in_its_api(profile: GeminiProfile) -> GeminiProfile:
    # It has no field for the caller's user; Vertex AI has labels (section 0.4).
    return replace(profile, dropped=frozenset({"user", "safety_identifier"}))


ROW = Row(
    name="gemini",
    profiles=(MODELS.everywhere(_in_its_api),),
    base_url="https://generativelanguage.googleapis.com/v1beta",
    key_variable="GEMINI_API_KEY",
    key_variables=("GOOGLE_API_KEY",),
    base_url_variable="GEMINI_BASE_URL",
)
