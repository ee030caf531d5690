"""Reads the control plane's list of foundation models."""

import orjson

from gateway.dialects.base import ListedModel


def listed_models(body: bytes) -> list[ListedModel]:
    """The models that answer with text; those that only go by an inference profile are listed by their own names.

    Raises `ValueError` if it is no such list.
    """
    document = orjson.loads(body)
    found = document.get("modelSummaries") if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise ValueError("the model list has no modelSummaries")
    return [ListedModel(entry["modelId"]) for entry in found if _answers_with_text(entry)]


def _answers_with_text(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("modelId"), str):
        return False
    told = entry.get("outputModalities")
    return "TEXT" in told if isinstance(told, list) else True
