"""Reads Anthropic's list of models."""

from gateway.dialects.base import ListedModel
from gateway.neutral.json import count_or_zero, list_or_none, object_or_empty, objects_in, parse, text_or_none


def listed_models(body: bytes) -> list[ListedModel]:
    """The models in the list. Raises `ValueError` if it is none."""
    entries = list_or_none(object_or_empty(parse(body)).get("data"))
    if entries is None:
        raise ValueError("the model list has no data")
    return [
        ListedModel(
            name, count_or_zero(entry.get("max_input_tokens")) or None, count_or_zero(entry.get("max_tokens")) or None
        )
        for entry in objects_in(entries)
        if (name := text_or_none(entry.get("id"))) is not None
    ]
