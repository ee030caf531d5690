"""Reads Bedrock's token counts (shared facts on providers, section 0.3)."""

from typing import Any

from gateway.dialects.counts import count
from gateway.events import Usage


def read_usage(raw: Any) -> Usage | None:
    """Token counts in OpenAI's meaning; None where there are none. Input tokens are without those of the cache."""
    if not isinstance(raw, dict):
        return None
    read, written = count(raw, "cacheReadInputTokens"), count(raw, "cacheWriteInputTokens")
    return Usage(
        prompt=count(raw, "inputTokens") + read + written,
        completion=count(raw, "outputTokens"),
        cached=read,
        cache_write=written,
        raw=raw,
    )
