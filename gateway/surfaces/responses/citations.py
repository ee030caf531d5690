"""Citations and log probabilities of the chat dialect, in the form of the Responses API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from gateway.neutral.json import Json, JsonObject, integer_or_none, list_or_empty, object_or_none, objects_in
from gateway.neutral.json import text_or_empty as text
from gateway.neutral.json import text_or_none as optional_text

if TYPE_CHECKING:
    from generated import models

_INDEXES = ("start_index", "end_index")


def flat_annotation(annotation: JsonObject) -> models.Annotation | None:
    """A citation, which chat nests under its type, flat. None for one that cites nothing."""
    kind = optional_text(annotation.get("type", "url_citation"))
    if kind is None:
        return None
    nested = object_or_none(annotation.get(kind))
    flat: JsonObject = {**(annotation if nested is None else nested), "type": kind}
    if kind == "url_citation":
        if optional_text(flat.get("url")) is None:
            return None
        flat["title"] = text(flat.get("title"))
        for name in _INDEXES:
            flat[name] = integer_or_none(flat.get(name)) or 0
    # Beside the fields that a citation must have, it keeps those that only its provider knows.
    return cast("models.Annotation", flat)


def response_logprobs(entries: Iterable[Mapping[str, Json]]) -> list[models.LogProb]:
    """Log probabilities with every field present: chat leaves `bytes` null, here it is a list."""
    return [
        {**_token(entry), "top_logprobs": [_token(other) for other in objects_in(entry.get("top_logprobs"))]}
        for entry in entries
    ]


def _token(entry: Mapping[str, Json]) -> models.TopLogProb:
    logprob = entry.get("logprob")
    return {
        "token": text(entry.get("token")),
        "logprob": logprob if isinstance(logprob, int | float) else 0,
        "bytes": [byte for byte in list_or_empty(entry.get("bytes")) if isinstance(byte, int)],
    }
