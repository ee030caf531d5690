"""Reads token counts (shared facts on providers, section 0.3)."""

from gateway.neutral.events import Usage
from gateway.neutral.json import Json, count_or_zero, object_or_empty


def read_usage(given: Json) -> Usage | None:
    """Token counts in OpenAI's meaning; None where nothing was counted.

    The images of a prompt are counted apart from its texts: recordings `cohere/007` (34 tokens of text for an image
    of 259, and 267 billed) and `cohere/020` (502 tokens, 496 of which every prompt of that kind has).
    """
    raw = object_or_empty(given)
    if not raw:
        return None
    tokens, images = object_or_empty(raw.get("tokens")), "image_tokens"
    if not tokens:
        tokens, images = object_or_empty(raw.get("billed_units")), "images"
    prompt = count_or_zero(tokens.get("input_tokens")) + count_or_zero(tokens.get(images))
    completion = count_or_zero(tokens.get("output_tokens"))
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=min(count_or_zero(raw.get("cached_tokens")), prompt),
        reasoning=min(count_or_zero(tokens.get("reasoning_tokens")), completion),
        raw=raw,
    )
