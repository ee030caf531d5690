"""Reads the token counts of a Response (shared facts on providers, section 0.3)."""

from typing import Any

from gateway.dialects.counts import count
from gateway.events import Usage


def read_usage(raw: dict[str, Any]) -> Usage:
    """Token counts in OpenAI's meaning, what is left out 0. A detail never exceeds its parent."""
    prompt = count(raw, "input_tokens") or count(raw, "prompt_tokens")
    completion = count(raw, "output_tokens") or count(raw, "completion_tokens")
    before = raw.get("input_tokens_details") or raw.get("prompt_tokens_details")
    after = raw.get("output_tokens_details") or raw.get("completion_tokens_details")
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=min(count(before, "cached_tokens"), prompt),
        cache_write=min(count(before, "cache_write_tokens"), prompt),
        reasoning=min(count(after, "reasoning_tokens"), completion),
        raw=raw,
    )
