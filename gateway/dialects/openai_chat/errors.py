"""Finds the error in what a chat upstream sends; what it means is the same in all of OpenAI's dialects."""

from gateway.dialects.base import Origin, Refused
from gateway.dialects.error_bodies import error_fields, has_failed, reports_error
from gateway.dialects.errors import decode_in_band, decode_refusal
from gateway.dialects.profiles.base import Profile
from gateway.errors import UpstreamError
from gateway.neutral.json import JsonObject

_PROMPT = "messages"
_FAILURES = frozenset({"error", "insufficient_system_resource", "abort"})


def decode_error(refused: Refused, profile: Profile) -> UpstreamError:
    """The error for the client, by status first, then by the upstream's own code."""
    return decode_refusal(refused, profile, _PROMPT)


def error_in_band(document: JsonObject, origin: Origin) -> UpstreamError | None:
    """The error in a body that came with status 200.

    It is `{"error": …}`, vLLM's `{"object": "error", …}`, or the bare fields where a completion would have its choices.
    """
    is_error = document.get("error") or document.get("object") == "error" or has_failed(document)
    if not is_error and ("choices" in document or "usage" in document or not reports_error(document)):
        return None
    return decode_in_band(error_fields(document), origin, _PROMPT)


def error_of_choice(choice: JsonObject, origin: Origin) -> UpstreamError | None:
    """The error with which one choice of an answer ended (OpenRouter), or the finish reason that reports a failure."""
    if error := choice.get("error"):
        return decode_in_band(error_fields({"error": error}), origin, _PROMPT)
    reason = choice.get("finish_reason")
    if isinstance(reason, str) and reason.lower() in _FAILURES:
        message = f"{origin.provider} broke off the answer ({reason})."
        return UpstreamError(503, message, type="server_error", code="overloaded")
    return None
