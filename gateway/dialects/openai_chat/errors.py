"""Finds the error in what a chat upstream sends; what it means is the same in all of OpenAI's dialects."""

from gateway.dialects.base import Origin, Refused
from gateway.dialects.error_bodies import error_fields
from gateway.dialects.errors import decode_in_band, decode_refusal
from gateway.dialects.profiles.base import Profile
from gateway.errors import UpstreamError
from gateway.neutral.json import JsonObject

_PROMPT = "messages"


def decode_error(refused: Refused, profile: Profile) -> UpstreamError:
    """The error for the client, by status first, then by the upstream's own code."""
    return decode_refusal(refused, profile, _PROMPT)


def error_in_band(document: JsonObject, origin: Origin) -> UpstreamError | None:
    """The error in a body that came with status 200.

    It is `{"error": …}`, vLLM's `{"object": "error", …}`, or the bare fields where a completion would have its choices.
    """
    if not document.get("error") and document.get("object") != "error" and not _is_bare_error(document):
        return None
    return decode_in_band(error_fields(document), origin, _PROMPT)


def _is_bare_error(document: JsonObject) -> bool:
    if "choices" in document or "usage" in document:
        return False
    return isinstance(document.get("message") or document.get("detail"), str)
