"""Translates Bedrock's exceptions, those of a refusal and those that come in the middle of a stream."""

from typing import Any

import orjson

from gateway.dialects.base import Origin, Refused
from gateway.dialects.errors import decode_fields
from gateway.dialects.profiles import Facts
from gateway.errors import UpstreamError

_PROMPT = "messages"
_VALIDATION = "ValidationException"
# OpenAI's code for Bedrock's kinds of errors (shared facts on providers, sections 7 and 19).
_CODES = {
    "UnrecognizedClientException": "invalid_api_key",
    "ExpiredTokenException": "invalid_api_key",
    "InvalidSignatureException": "invalid_api_key",
    "IncompleteSignatureException": "invalid_api_key",
    "MissingAuthenticationTokenException": "invalid_api_key",
    "AccessDeniedException": "invalid_api_key",
    "ResourceNotFoundException": "model_not_found",
    "ThrottlingException": "rate_limit_exceeded",
    "ModelNotReadyException": "rate_limit_exceeded",
    "ServiceQuotaExceededException": "insufficient_quota",
}
# The status that an exception has where it is a refusal; in a stream, the whole has status 200.
_STATUSES = {
    "ValidationException": 400,
    "ServiceQuotaExceededException": 400,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelStreamErrorException": 424,
    "ThrottlingException": 429,
    "ModelNotReadyException": 429,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
    **{name: 403 for name, code in _CODES.items() if code == "invalid_api_key"},
}
# No code tells of these (recordings bedrock/018 and 034): an unknown model is a validation that failed, like any.
_UNKNOWN_MODEL = "model identifier is invalid"


def decode_error(refused: Refused, facts: Facts) -> UpstreamError:
    """The error for the client, by status first, then by Bedrock's kind of exception."""
    try:
        document = orjson.loads(refused.body)
    except orjson.JSONDecodeError:
        document = None
    kind = refused.headers.get("x-amzn-errortype", "").partition(":")[0]
    return decode_fields(_fields(kind, document), refused, facts, _PROMPT)


def error_in_band(told: Any, origin: Origin) -> UpstreamError:
    """The error for an exception that came in the middle of a stream: `{"<its kind>": payload}`."""
    kind, payload = next(iter(told.items()), ("", None)) if isinstance(told, dict) else ("", None)
    # In a stream, kinds begin with a small letter.
    kind = kind[:1].upper() + kind[1:]
    refused = Refused(origin.provider, _STATUSES.get(kind, 500), {}, b"")
    return decode_fields(_fields(kind, payload), refused, origin.facts, _PROMPT)


def _fields(kind: str, document: Any) -> dict[str, Any]:
    """OpenAI's fields for an exception."""
    told = document if isinstance(document, dict) else {}
    if not kind:
        # Without the header, some bodies still name the kind, as AWS's older protocols do.
        named = told.get("__type")
        kind = named.rpartition("#")[2] if isinstance(named, str) else ""
    message = told.get("message") or told.get("Message")
    message = message if isinstance(message, str) else None
    code = _CODES.get(kind)
    if kind in ("", _VALIDATION) and message and _UNKNOWN_MODEL in message:
        code = "model_not_found"
    return {"message": message, "type": kind or None, "code": code}
