"""Reads OpenAI's list of models, and what compatible servers make of it."""

from gateway.dialects.base import ListedModel
from gateway.neutral.json import (
    JsonObject,
    count_or_zero,
    object_or_empty,
    object_or_none,
    objects_in,
    parse,
    text_or_none,
)

# OpenRouter, Groq and Together, vLLM, Mistral (shared facts on providers, and those servers' documentation).
_WINDOWS = ("context_length", "context_window", "max_model_len", "max_context_length")
_OUTPUTS = ("max_completion_tokens", "max_output_tokens")


def listed_models(body: bytes) -> list[ListedModel]:
    """The models in an upstream's own list. Raises `ValueError` if it is none."""
    document = parse(body)
    given = object_or_none(document)
    entries = document if given is None else given.get("data")
    if not isinstance(entries, list):
        raise ValueError("the model list has no data")
    return [
        _listed(entry, name) for entry in objects_in(entries) if (name := text_or_none(entry.get("id"))) is not None
    ]


def _listed(entry: JsonObject, name: str) -> ListedModel:
    # OpenRouter has the limit of answers apart, as that of the provider it would choose.
    output = _first(entry, _OUTPUTS) or count_or_zero(
        object_or_empty(entry.get("top_provider")).get("max_completion_tokens")
    )
    return ListedModel(name, _first(entry, _WINDOWS), output or None)


def _first(entry: JsonObject, names: tuple[str, ...]) -> int | None:
    return next((found for name in names if (found := count_or_zero(entry.get(name)))), None)
