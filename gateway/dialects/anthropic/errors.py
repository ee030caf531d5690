"""Reads Anthropic's errors, plain ones and those in mid-stream."""

from typing import Any

import orjson

from gateway.dialects.base import Origin, Refused
from gateway.dialects.errors import decode_fields, decode_in_band, error_fields
from gateway.dialects.profiles import Facts
from gateway.errors import UpstreamError

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


def decode_error(refused: Refused, facts: Facts) -> UpstreamError:
    """The error for a refusal: `{"type": "error", "error": {"type", "message"}, "request_id"}`."""
    try:
        document = orjson.loads(refused.body)
    except orjson.JSONDecodeError:
        document = None
    return decode_fields(_fields(document, facts), refused, facts, _PROMPT)


def error_in_band(document: dict[str, Any], origin: Origin) -> UpstreamError:
    """The error that came with status 200."""
    fields = _fields(document, origin.facts)
    status = _STATUSES.get(str(fields.get("type")), 500)
    return decode_in_band({**fields, "status": status}, origin, _PROMPT)


def _fields(document: Any, facts: Facts) -> dict[str, Any]:
    """The error's fields, with OpenAI's code where prose alone tells what it is."""
    fields = error_fields(document)
    message = fields.get("message")
    if facts.no_credit and isinstance(message, str) and facts.no_credit.search(message):
        return {**fields, "code": "insufficient_quota"}
    return fields
