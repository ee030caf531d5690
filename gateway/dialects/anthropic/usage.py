"""Reads Anthropic's token counts in OpenAI's meaning (shared facts on providers, section 0.3)."""

from gateway.neutral.events import Usage
from gateway.neutral.json import JsonObject, count_or_zero, object_or_empty


def read_usage(raw: JsonObject) -> Usage:
    """The counts of one answer. Tokens read from a cache, or written to it, are no part of `input_tokens` there."""
    cached = count_or_zero(raw.get("cache_read_input_tokens"))
    written = count_or_zero(raw.get("cache_creation_input_tokens"))
    completion = count_or_zero(raw.get("output_tokens"))
    reasoning = count_or_zero(object_or_empty(raw.get("output_tokens_details")).get("thinking_tokens"))
    return Usage(
        prompt=count_or_zero(raw.get("input_tokens")) + cached + written,
        completion=completion,
        cached=cached,
        cache_write=written,
        reasoning=min(reasoning, completion),
        raw=raw,
    )
