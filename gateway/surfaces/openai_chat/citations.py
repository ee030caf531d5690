"""Citations and log probabilities in the form of chat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.neutral.json import Json, JsonObject, integer_or_none, list_or_none, object_or_none, objects_in
from gateway.neutral.json import text_or_empty as text
from gateway.neutral.json import text_or_none as optional_text

if TYPE_CHECKING:
    from generated import models

# Where in the text a citation stands: a page or a document as a range, a file at one place. Beside a range, and in any
# other annotation, `index` is a number of the provider's.
_RANGE = ("start_index", "end_index")
_PLACE = ("index",)


def chat_annotation(annotation: JsonObject, part_start: int) -> models.ChatCompletionUrlAnnotation | None:
    """A citation of a page, nested under its type. None for any other.

    Flat ones count from the beginning of their own part, which is `part_start` in the message.
    """
    nested = object_or_none(annotation.get("url_citation"))
    source, start = (annotation, part_start) if nested is None else (nested, 0)
    url = optional_text(source.get("url"))
    if annotation.get("type", "url_citation") != "url_citation" or url is None:
        return None
    citation: models.ChatCompletionUrlCitation = {
        "start_index": (integer_or_none(source.get("start_index")) or 0) + start,
        "end_index": (integer_or_none(source.get("end_index")) or 0) + start,
        "url": url,
        "title": text(source.get("title")),
    }
    return {"type": "url_citation", "url_citation": citation}


def chat_citation(annotation: JsonObject, part_start: int) -> JsonObject | None:
    """A citation of what has no address, as it came. None for one of a page, or of nothing.

    The kinds that clients know in a message's `annotations` are pages alone, and some refuse the answer for another.
    """
    kind = optional_text(annotation.get("type", "url_citation"))
    if kind in (None, "url_citation"):
        return None
    names = _PLACE if kind == "file_citation" and annotation.keys().isdisjoint(_RANGE) else _RANGE
    places = {name: at for name in names if (at := integer_or_none(annotation.get(name))) is not None}
    return {**annotation, **{name: at + part_start for name, at in places.items()}}


def chat_logprobs(entries: Iterable[JsonObject] | None) -> models.ChatCompletionLogprobs | None:
    """Log probabilities of the tokens of a text, with every field present. None where there are none."""
    content: list[models.ChatCompletionTokenLogprob] = [
        {**_token(entry), "top_logprobs": [_token(other) for other in _known(objects_in(entry.get("top_logprobs")))]}
        for entry in _known(entries or ())
    ]
    return {"content": content, "refusal": None} if content else None


def _known(entries: Iterable[JsonObject]) -> list[JsonObject]:
    """The entries with a token and its probability: elsewhere both may be left out."""
    return [entry for entry in entries if "token" in entry and "logprob" in entry]


def _token(entry: JsonObject) -> models.ChatCompletionTopLogprob:
    logprob = entry["logprob"]
    return {
        "token": text(entry["token"]),
        "logprob": logprob if isinstance(logprob, int | float) else 0,
        "bytes": _bytes(entry.get("bytes")),
    }


def _bytes(given: Json) -> list[int] | None:
    known = list_or_none(given)
    return None if known is None else [byte for byte in known if isinstance(byte, int)]
