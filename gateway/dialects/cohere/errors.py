"""Translates Cohere's errors: refusals, and answers that broke off (shared facts on providers, section 8)."""

from dataclasses import replace

from gateway.dialects.base import Origin, Refused
from gateway.dialects.error_bodies import error_fields, read_error, reports_error
from gateway.dialects.errors import decode_fields, decode_in_band
from gateway.dialects.profiles.base import Profile
from gateway.errors import UpstreamDown, UpstreamError
from gateway.neutral.json import Json, JsonObject, text_or_empty, text_or_none

_PROMPT = "messages"
_CODES = {"TOO_MANY_TOKENS": "context_length_exceeded"}
# Groq's status for a lack of capacity; Cohere's for a key that is not valid.
_INVALID_TOKEN = 498


def decode_error(refused: Refused, profile: Profile) -> UpstreamError:
    """The error for the client, by status first, then by Cohere's own type of it."""
    if refused.status == _INVALID_TOKEN:
        refused = replace(refused, status=401)
    return decode_fields(_fields(read_error(refused.body)), refused, profile, _PROMPT)


def error_in_band(document: JsonObject, origin: Origin) -> UpstreamError | None:
    """The error that came with status 200 where an answer would have its message."""
    if isinstance(document.get("message"), dict) or not reports_error(document):
        return None
    return decode_in_band(_fields(error_fields(document)), origin, _PROMPT)


def broken_off(reason: Json, ended: JsonObject, origin: Origin) -> UpstreamError | None:
    """The error behind a finish reason that is a failure."""
    message = text_or_empty(ended.get("error"))
    detail = f": {message}" if message else "."
    if text_or_none(ended.get("error_type")) in _CODES:
        fields = _fields({"message": ended.get("error"), "error_type": ended.get("error_type")})
        return decode_in_band(fields, origin, _PROMPT)
    if reason == "ERROR":
        return UpstreamDown(f"{origin.provider} broke off the answer{detail}", code="upstream_error")
    if reason == "TIMEOUT":
        return UpstreamError(503, f"{origin.provider} ran out of time{detail}", type="server_error", code="overloaded")
    return None


def _fields(error: JsonObject) -> JsonObject:
    """OpenAI's fields for Cohere's."""
    code = _CODES.get(text_or_empty(error.get("error_type")))
    return error if code is None else {**error, "code": code}
