"""Reads the control plane's list of foundation models."""

from gateway.dialects.base import ListedModel
from gateway.neutral.json import JsonObject, list_or_none, objects_in, parse_object, text_or_none


def listed_models(body: bytes) -> list[ListedModel]:
    """The models that answer with text; those that need an inference profile are listed by their own names.

    Raises `ValueError` if it is no such list.
    """
    entries = list_or_none((parse_object(body) or {}).get("modelSummaries"))
    if entries is None:
        raise ValueError("the model list has no modelSummaries")
    return [
        ListedModel(name)
        for entry in objects_in(entries)
        if (name := text_or_none(entry.get("modelId"))) is not None and _answers_with_text(entry)
    ]


def _answers_with_text(entry: JsonObject) -> bool:
    modalities = list_or_none(entry.get("outputModalities"))
    return modalities is None or "TEXT" in modalities
