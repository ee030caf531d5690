"""Counts tokens with Gemini: `POST /models/M:countTokens`.

The Gemini API takes a whole request (https://ai.google.dev/api/tokens, August 2026); Vertex AI takes the fields of one
that have a part in its input (https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens).
"""

from urllib.parse import unquote

from gateway.dialects.base import CountCalls, Counting, Origin, Outbound
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.neutral.json import Json, JsonObject, count_or_none, object_or_empty, parse, written

_FIELDS = frozenset(("contents", "systemInstruction", "tools"))


def count_calls(sent: Outbound, origin: Origin) -> CountCalls:
    """The request as it would be sent, or what of it has a part in its input."""
    profile = GeminiProfile.own(origin.profile)
    model, _, _ = sent.path.rpartition(":")
    body: JsonObject = object_or_empty(parse(sent.body))
    if profile.counts_whole_requests:
        request: dict[str, Json] = {"model": unquote(model.removeprefix("/")), **body}
        counted: JsonObject = {"generateContentRequest": request}
    else:
        counted = {name: value for name, value in body.items() if name in _FIELDS}
    return CountCalls([Outbound(f"{model}:countTokens", written(counted), headers=sent.headers)])


def read_count(body: bytes) -> int | None:
    """The tokens of the input."""
    return count_or_none(object_or_empty(parse(body)).get("totalTokens"))


COUNTING = Counting(count_calls, read_count)
