"""Finds the error in what a Responses upstream sends; what it means is the same in all of OpenAI's dialects."""

from typing import Any

from gateway.dialects.base import Origin, Refused
from gateway.dialects.errors import decode_in_band, decode_refusal, error_fields
from gateway.dialects.profiles import Facts
from gateway.errors import UpstreamDown, UpstreamError

_PROMPT = "input"


class NotResponse(ValueError):
    """A reply or an event has another shape than any server that speaks the dialect gives it."""


def decode_error(refused: Refused, facts: Facts) -> UpstreamError:
    """The error for the client, by status first, then by the upstream's own code."""
    return decode_refusal(refused, facts, _PROMPT)


def error_in_band(document: dict[str, Any], origin: Origin) -> UpstreamError:
    """The error in a body or an event that is one: nested under `error`, or flat."""
    return decode_in_band(error_fields(document), origin, _PROMPT)


def failure(response: dict[str, Any], status: str, origin: Origin) -> UpstreamError:
    """The error behind a Response that failed, or came to another end before it was complete."""
    if response.get("error"):
        return error_in_band(response, origin)
    message = f"{origin.provider} broke off the answer ({status})."
    return UpstreamError(503, message, type="server_error", code="overloaded")


def bad_reply(provider: str, what: str) -> UpstreamDown:
    """The error for an answer that is none."""
    return UpstreamDown(f"{provider} {what}.", code="upstream_bad_reply")
