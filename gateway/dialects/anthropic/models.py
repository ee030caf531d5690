"""Reads Anthropic's list of models."""

import orjson

from gateway.dialects.base import ListedModel
from gateway.dialects.counts import count


def listed_models(body: bytes) -> list[ListedModel]:
    """The models in the list. Raises `ValueError` if it is none."""
    document = orjson.loads(body)
    entries = document.get("data") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("the model list has no data")
    return [
        ListedModel(entry["id"], count(entry, "max_input_tokens") or None, count(entry, "max_tokens") or None)
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    ]
