"""Reads OpenAI's list of models, and what compatible servers make of it."""

from typing import Any

import orjson

from gateway.dialects.base import ListedModel
from gateway.dialects.counts import count

# OpenRouter, Groq and Together, vLLM, Mistral (shared facts on providers, and those servers' documentation).
_WINDOWS = ("context_length", "context_window", "max_model_len", "max_context_length")
_OUTPUTS = ("max_completion_tokens", "max_output_tokens")


def listed_models(body: bytes) -> list[ListedModel]:
    """The models in an upstream's own list. Raises `ValueError` if it is none."""
    document = orjson.loads(body)
    entries = document.get("data") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise ValueError("the model list has no data")
    return [_listed(entry) for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]


def _listed(entry: dict[str, Any]) -> ListedModel:
    # OpenRouter tells the limit of answers apart, as that of the provider it would choose.
    output = _first(entry, _OUTPUTS) or count(entry.get("top_provider"), "max_completion_tokens")
    return ListedModel(entry["id"], _first(entry, _WINDOWS), output or None)


def _first(entry: dict[str, Any], names: tuple[str, ...]) -> int | None:
    return next((found for name in names if (found := count(entry, name))), None)
