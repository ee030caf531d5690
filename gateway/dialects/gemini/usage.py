"""Reads token counts (shared facts on providers, section 0.3)."""

from collections.abc import Sequence

from gateway.dialects.decoder import later_counts
from gateway.neutral.events import Usage
from gateway.neutral.json import Json, JsonObject, count_or_zero, object_or_empty, text_or_none

# The Gemini API's service tiers and Vertex AI's, as OpenAI's.
_TIERS = {
    "standard": "default",
    "flex": "flex",
    "priority": "priority",
    "ON_DEMAND": "default",
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_PRIORITY": "priority",
}


class TokenCounts:
    """The counts of one answer. Those of a stream's chunks are cumulative, and each may leave some out.

    The last value of a count is the right one, not the highest: the prompt tokens of Gemini 2.0 are fewer at the end
    (recordings `gemini/031` and `034`), and its total is the sum of these. A zero after a number counts for nothing.
    """

    def __init__(self) -> None:
        self._raw: JsonObject = {}

    def add(self, usage_metadata: Json) -> None:
        """Note the counts of a chunk."""
        later = object_or_empty(usage_metadata)
        if all(later.values()):
            self._raw.update(later)
        else:
            self._raw = later_counts(self._raw, later)

    def add_all(self, given: Sequence[Json]) -> None:
        """Note the counts of some chunks in a row: those of the last, where it has all that the others have."""
        last = object_or_empty(given[-1])
        names = last.keys()
        is_all = all(last.values()) and all(type(one) is dict and one.keys() <= names for one in given)
        for one in given[-1:] if is_all else given:
            self.add(one)

    @property
    def tier(self) -> str | None:
        """The service tier as OpenAI names it."""
        tier = text_or_none(self._raw.get("serviceTier") or self._raw.get("trafficType"))
        return None if tier is None else _TIERS.get(tier)

    def usage(self) -> Usage | None:
        """Token counts as OpenAI defines them; None where there were none."""
        raw = self._raw
        if not raw:
            return None
        prompt = count_or_zero(raw.get("promptTokenCount")) + count_or_zero(raw.get("toolUsePromptTokenCount"))
        reasoning = count_or_zero(raw.get("thoughtsTokenCount"))
        completion = count_or_zero(raw.get("candidatesTokenCount")) + reasoning
        cached = min(count_or_zero(raw.get("cachedContentTokenCount")), prompt)
        return Usage(prompt=prompt, completion=completion, cached=cached, reasoning=reasoning, raw=raw)
