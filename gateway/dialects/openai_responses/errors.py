"""Finds the error in what a Responses upstream sends; what it means is the same in all of OpenAI's dialects."""

from gateway.dialects.base import Origin, Refused
from gateway.dialects.error_bodies import error_fields
from gateway.dialects.errors import decode_in_band, decode_refusal
from gateway.dialects.profiles.base import Profile
from gateway.errors import UpstreamError
from gateway.neutral.json import JsonObject

_PROMPT = "input"


def decode_error(refused: Refused, profile: Profile) -> UpstreamError:
    """The error for the client, by status first, then by the upstream's own code."""
    return decode_refusal(refused, profile, _PROMPT)


def error_in_band(document: JsonObject, origin: Origin) -> UpstreamError:
    """The error in a body or an event that is one: nested under `error`, or flat."""
    return decode_in_band(error_fields(document), origin, _PROMPT)


def failure(response: JsonObject, status: str, origin: Origin) -> UpstreamError:
    """The error behind a Response that failed, or came to another end before it was complete."""
    if response.get("error"):
        return error_in_band(response, origin)
    message = f"{origin.provider} broke off the answer ({status})."
    return UpstreamError(503, message, type="server_error", code="overloaded")
