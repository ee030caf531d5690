"""Reads Cohere's list of models."""

from gateway.dialects.base import ListedModel
from gateway.neutral.json import JsonObject, count_or_zero, list_or_none, objects_in, parse_object, text_or_none


def listed_models(body: bytes) -> list[ListedModel]:
    """The models that chat. Raises `ValueError` if it is no list of models."""
    entries = list_or_none((parse_object(body) or {}).get("models"))
    if entries is None:
        raise ValueError("the model list has no models")
    return [
        ListedModel(name, count_or_zero(entry.get("context_length")) or None)
        for entry in objects_in(entries)
        if (name := text_or_none(entry.get("name"))) is not None and _chats(entry)
    ]


def _chats(entry: JsonObject) -> bool:
    endpoints = list_or_none(entry.get("endpoints"))
    return endpoints is None or "chat" in endpoints
