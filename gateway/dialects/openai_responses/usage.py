"""Reads the token counts of a Response (shared facts on providers, section 0.3)."""

from gateway.neutral.events import Usage
from gateway.neutral.json import JsonObject, count_or_zero, object_or_empty


def read_usage(raw: JsonObject) -> Usage:
    """Token counts in OpenAI's meaning, what is left out 0. A detail never exceeds its parent."""
    prompt = count_or_zero(raw.get("input_tokens")) or count_or_zero(raw.get("prompt_tokens"))
    completion = count_or_zero(raw.get("output_tokens")) or count_or_zero(raw.get("completion_tokens"))
    before = object_or_empty(raw.get("input_tokens_details") or raw.get("prompt_tokens_details"))
    after = object_or_empty(raw.get("output_tokens_details") or raw.get("completion_tokens_details"))
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=min(count_or_zero(before.get("cached_tokens")), prompt),
        cache_write=min(count_or_zero(before.get("cache_write_tokens")), prompt),
        reasoning=min(count_or_zero(after.get("reasoning_tokens")), completion),
        raw=raw,
    )
