"""Reads token counts in Gemini's words (shared facts on providers, section 0.3)."""

from typing import Any

from gateway.dialects.counts import count
from gateway.events import Usage

# The Gemini API's words, and Vertex AI's.
_TIERS = {
    "standard": "default",
    "flex": "flex",
    "priority": "priority",
    "ON_DEMAND": "default",
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_PRIORITY": "priority",
}


class Tokens:
    """The counts of one answer. Those of a stream's chunks are cumulative, and each may leave some out.

    The last word on a count holds, not the highest: what Gemini 2.0 is asked counts less at the end (recordings
    `gemini/031` and `034`), and the total that it tells there is the sum of what it tells there.
    """

    def __init__(self) -> None:
        self._raw: dict[str, Any] = {}

    def take(self, document: dict[str, Any]) -> None:
        """Note the counts of a chunk."""
        told = document.get("usageMetadata")
        if type(told) is dict:
            self._raw.update(told)

    @property
    def tier(self) -> str | None:
        """The service tier in OpenAI's words, where it was told."""
        tier = self._raw.get("serviceTier") or self._raw.get("trafficType")
        return _TIERS.get(tier) if isinstance(tier, str) else None

    def usage(self) -> Usage | None:
        """Token counts in OpenAI's meaning; None where nothing was told."""
        raw = self._raw
        if not raw:
            return None
        prompt = count(raw, "promptTokenCount") + count(raw, "toolUsePromptTokenCount")
        reasoning = count(raw, "thoughtsTokenCount")
        completion = count(raw, "candidatesTokenCount") + reasoning
        cached = min(count(raw, "cachedContentTokenCount"), prompt)
        return Usage(prompt=prompt, completion=completion, cached=cached, reasoning=reasoning, raw=raw)
