"""Reads Anthropic's errors, plain ones and those in mid-stream."""

from gateway.dialects.base import Origin, Refused
from gateway.dialects.error_bodies import error_fields, read_error
from gateway.dialects.errors import decode_fields, decode_in_band
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.errors import UpstreamError
from gateway.neutral.json import JsonObject, text_or_empty

_PROMPT = "messages"
# The status that each type has (shared facts on providers, section 4); in mid-stream there is only the type.
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def decode_error(refused: Refused, profile: AnthropicProfile) -> UpstreamError:
    """The error for a refusal: `{"type": "error", "error": {"type", "message"}, "request_id"}`."""
    return decode_fields(_fields(read_error(refused.body), profile), refused, profile, _PROMPT)


def error_in_band(document: JsonObject, origin: Origin) -> UpstreamError:
    """The error that came with status 200."""
    fields = _fields(error_fields(document), AnthropicProfile.own(origin.profile))
    status = _STATUSES.get(text_or_empty(fields.get("type")))
    return decode_in_band(fields if status is None else {**fields, "status_code": status}, origin, _PROMPT)


def _fields(fields: JsonObject, profile: AnthropicProfile) -> JsonObject:
    """The error's fields, with OpenAI's code where only the message shows what it is."""
    if profile.no_credit and profile.no_credit.search(text_or_empty(fields.get("message"))):
        return {**fields, "code": "insufficient_quota"}
    return fields
