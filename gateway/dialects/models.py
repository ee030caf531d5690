"""Reads OpenAI's list of models, and what compatible servers make of it."""

import orjson


def model_names(body: bytes) -> list[str]:
    """The names in an upstream's own list of models. Raises `ValueError` if it is none."""
    document = orjson.loads(body)
    entries = document.get("data") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise ValueError("the model list has no data")
    return [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
