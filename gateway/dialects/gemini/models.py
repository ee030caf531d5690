"""Reads Google's lists of models."""

import re

from gateway.dialects.base import ListedModel
from gateway.neutral.json import (
    JsonObject,
    count_or_zero,
    list_or_none,
    object_or_empty,
    objects_in,
    parse,
    text_or_none,
)

_METHOD = "generateContent"
_GENERATING = re.compile(r"gemini-(?!embedding)")


def listed_models(body: bytes) -> list[ListedModel]:
    """The models that can answer, of the Gemini API or of Vertex AI. Raises `ValueError` if it is no list."""
    document = object_or_empty(parse(body))
    entries = list_or_none(document.get("models") or document.get("publisherModels"))
    if entries is None:
        raise ValueError("the model list has no models")
    return [
        ListedModel(name, _limit(entry, "inputTokenLimit"), _limit(entry, "outputTokenLimit"))
        for entry in objects_in(entries)
        if (name := _name(entry)) is not None and _can_answer(entry, name)
    ]


def _limit(entry: JsonObject, name: str) -> int | None:
    return count_or_zero(entry.get(name)) or None


def _can_answer(entry: JsonObject, name: str) -> bool:
    """Whether its methods include it; Vertex AI lists everything that Google makes without them, so by the name."""
    methods = list_or_none(entry.get("supportedGenerationMethods"))
    return _METHOD in methods if methods is not None else _GENERATING.match(name) is not None


def _name(entry: JsonObject) -> str | None:
    """The name that requests have: `models/M` and `publishers/google/models/M` are M."""
    name = text_or_none(entry.get("name"))
    return name if name is None or name.startswith("tunedModels/") else name.rpartition("models/")[2]
