"""Reads Cohere's list of models."""

import orjson

from gateway.dialects.base import ListedModel
from gateway.dialects.counts import count


def listed_models(body: bytes) -> list[ListedModel]:
    """The models that chat. Raises `ValueError` if it is no list of models."""
    document = orjson.loads(body)
    entries = document.get("models") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("the model list has no models")
    return [
        ListedModel(entry["name"], count(entry, "context_length") or None)
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and "chat" in _endpoints(entry)
    ]


def _endpoints(entry: dict[str, object]) -> list[object]:
    found = entry.get("endpoints")
    return found if isinstance(found, list) else ["chat"]
