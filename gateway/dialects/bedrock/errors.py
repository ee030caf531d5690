"""Translates Bedrock's exceptions, those of a refusal and those that come in the middle of a stream."""

from gateway.dialects.base import Origin, Refused
from gateway.dialects.error_bodies import error_fields, read_error
from gateway.dialects.errors import decode_fields
from gateway.dialects.profiles.base import Profile
from gateway.errors import UpstreamError
from gateway.neutral.json import Json, JsonObject, text_or_empty, text_or_none

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
# No code identifies these (recordings bedrock/018 and 034): an unknown model is a validation that failed, like any.
_UNKNOWN_MODEL = "model identifier is invalid"


def decode_error(refused: Refused, profile: Profile) -> UpstreamError:
    """The error for the client, by status first, then by Bedrock's kind of exception."""
    kind = refused.headers.get("x-amzn-errortype", "").partition(":")[0]
    return decode_fields(_fields(kind, read_error(refused.body)), refused, profile, _PROMPT)


def error_in_band(exception: JsonObject, origin: Origin) -> UpstreamError:
    """The error for an exception that came in the middle of a stream: `{"<its kind>": payload}`."""
    nothing: tuple[str, Json] = ("", None)
    kind, payload = next(iter(exception.items()), nothing)
    # In a stream, kinds begin with a small letter.
    kind = kind[:1].upper() + kind[1:]
    refused = Refused(origin.provider, _STATUSES.get(kind, 500), {}, b"", is_in_band=True)
    return decode_fields(_fields(kind, error_fields(payload)), refused, origin.profile, _PROMPT)


def _fields(kind: str, error: JsonObject) -> JsonObject:
    """OpenAI's fields for an exception."""
    # Without the header, some bodies still name the kind, as AWS's older protocols do.
    kind = kind or text_or_empty(error.get("__type")).rpartition("#")[2]
    code = _CODES.get(kind)
    if kind in ("", _VALIDATION) and _UNKNOWN_MODEL in text_or_empty(error.get("message")):
        code = "model_not_found"
    return {**error, "type": kind or error.get("type"), "code": code or text_or_none(error.get("code"))}
