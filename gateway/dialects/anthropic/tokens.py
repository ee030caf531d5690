"""Reads Anthropic's token counts in OpenAI's meaning (shared facts on providers, section 0.3)."""

from typing import Any

from gateway.dialects.counts import count
from gateway.events import Usage


def read_usage(raw: dict[str, Any]) -> Usage:
    """The counts of one answer. Tokens read from a cache, or written to it, are no part of `input_tokens` there."""
    cached, written = count(raw, "cache_read_input_tokens"), count(raw, "cache_creation_input_tokens")
    completion = count(raw, "output_tokens")
    return Usage(
        prompt=count(raw, "input_tokens") + cached + written,
        completion=completion,
        cached=cached,
        cache_write=written,
        reasoning=min(count(raw.get("output_tokens_details"), "thinking_tokens"), completion),
        raw=raw,
    )


def merged(known: dict[str, Any], later: Any) -> dict[str, Any]:
    """Counts of a stream: those at its end, as far as they are there, take the place of those at its beginning."""
    if not isinstance(later, dict):
        return known
    return {**known, **{name: value for name, value in later.items() if value is not None}}
