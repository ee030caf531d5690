"""Reads token counts (shared facts on providers, section 0.3)."""

from typing import Any

from gateway.dialects.counts import count
from gateway.events import Usage


def read_usage(raw: Any) -> Usage | None:
    """Token counts in OpenAI's meaning; None where nothing was counted.

    The images of a prompt are counted apart from its texts: recordings `cohere/007` (34 tokens of text for an image
    of 259, and 267 billed) and `cohere/020` (502 tokens, 496 of which every prompt of that kind has).
    """
    if not isinstance(raw, dict) or not raw:
        return None
    tokens = raw.get("tokens")
    if isinstance(tokens, dict) and tokens:
        prompt = count(tokens, "input_tokens") + count(tokens, "image_tokens")
    else:
        tokens = raw.get("billed_units")
        prompt = count(tokens, "input_tokens") + count(tokens, "images")
    completion = count(tokens, "output_tokens")
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=min(count(raw, "cached_tokens"), prompt),
        reasoning=min(count(tokens, "reasoning_tokens"), completion),
        raw=raw,
    )
