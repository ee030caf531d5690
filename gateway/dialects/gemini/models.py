"""Reads Google's lists of models."""

import re
from typing import Any

import orjson

from gateway.dialects.base import ListedModel
from gateway.dialects.counts import count

_ANSWERS = "generateContent"
_ANSWERING = re.compile(r"gemini-(?!embedding)")


def listed_models(body: bytes) -> list[ListedModel]:
    """The models that can answer, of the Gemini API or of Vertex AI. Raises `ValueError` if it is no list."""
    document = orjson.loads(body)
    entries = (document.get("models") or document.get("publisherModels")) if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("the model list has no models")
    return [
        ListedModel(_name(entry), count(entry, "inputTokenLimit") or None, count(entry, "outputTokenLimit") or None)
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and _can_answer(entry)
    ]


def _can_answer(entry: dict[str, Any]) -> bool:
    """Whether it says so; Vertex AI's list of everything that Google makes tells by the name alone."""
    methods = entry.get("supportedGenerationMethods")
    if isinstance(methods, list):
        return _ANSWERS in methods
    return _ANSWERING.match(_name(entry)) is not None


def _name(entry: dict[str, Any]) -> str:
    """The name that requests have: `models/M` and `publishers/google/models/M` are M."""
    name: str = entry["name"]
    return name.rpartition("models/")[2] if not name.startswith("tunedModels/") else name
