"""Reads Bedrock's token counts (shared facts on providers, section 0.3)."""

from gateway.neutral.events import Usage
from gateway.neutral.json import Json, count_or_zero, object_or_none


def read_usage(given: Json) -> Usage | None:
    """Token counts in OpenAI's meaning; None where there are none. Input tokens are without those of the cache."""
    raw = object_or_none(given)
    if raw is None:
        return None
    read, written = count_or_zero(raw.get("cacheReadInputTokens")), count_or_zero(raw.get("cacheWriteInputTokens"))
    return Usage(
        prompt=count_or_zero(raw.get("inputTokens")) + read + written,
        completion=count_or_zero(raw.get("outputTokens")),
        cached=read,
        cache_write=written,
        raw=raw,
    )
