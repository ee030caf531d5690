"""Reads Google's errors, whole bodies and those in the middle of a stream."""

import re

from gateway.dialects.base import Origin, Refused
from gateway.dialects.error_bodies import error_fields, read_error, reports_error
from gateway.dialects.errors import decode_fields
from gateway.dialects.profiles.base import Profile
from gateway.errors import UpstreamError
from gateway.neutral.json import (
    JsonObject,
    integer_or_none,
    objects_in,
    text_or_empty,
)

_PROMPT = "contents"
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
_TOO_LONG = re.compile(r"input token count .* exceeds the maximum number of tokens", re.IGNORECASE)
# google.rpc.Code in the numbers of HTTP (shared facts on providers, section 5).
_STATUSES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_BAD_KEY = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED", "ACCESS_TOKEN_EXPIRED"})
_A_DAY = "PerDay"


def decode_error(refused: Refused, profile: Profile) -> UpstreamError:
    """The error for the client, by status first, then by Google's own reason."""
    return _decoded(read_error(refused.body), refused, profile)


def error_in_band(document: JsonObject, origin: Origin) -> UpstreamError | None:
    """The error in a body that came with status 200."""
    if not reports_error(document):
        return None
    error = error_fields(document)
    return _decoded(error, Refused(origin.provider, _status(error), {}, b"", is_in_band=True), origin.profile)


def _decoded(error: JsonObject, refused: Refused, profile: Profile) -> UpstreamError:
    """The error for Google's fields, which become OpenAI's."""
    fields: JsonObject = {**error}
    details = objects_in(error.get("details"))
    if any(text_or_empty(one.get("reason")) in _BAD_KEY for one in details):
        fields["code"] = "invalid_api_key"
    elif _TOO_LONG.search(text_or_empty(error.get("message"))):
        fields["code"] = "context_length_exceeded"
    elif any(_is_daily(one) for one in details):
        fields["code"] = "insufficient_quota"
    wait = next((seconds for one in details if (seconds := _delay(one)) is not None), None)
    if wait is not None:
        fields["wait"] = wait
    decoded = decode_fields(fields, refused, profile, _PROMPT)
    if fields.get("code") == "insufficient_quota":
        # There is a delay with it, of seconds; the quota comes back tomorrow.
        return decoded.replaced(should_retry=False)
    return decoded


def _delay(detail: JsonObject) -> float | None:
    """The seconds of a `google.rpc.RetryInfo`: `"48s"`, `"34.4s"`."""
    match = _SECONDS.fullmatch(text_or_empty(detail.get("retryDelay")))
    return float(match[1]) if match else None


def _is_daily(detail: JsonObject) -> bool:
    """Whether a `google.rpc.QuotaFailure` is about the quota of a day."""
    return any(_A_DAY in text_or_empty(one.get("quotaId")) for one in objects_in(detail.get("violations")))


def _status(error: JsonObject) -> int:
    code = integer_or_none(error.get("code"))
    if code is not None and 400 <= code <= 599:
        return code
    return _STATUSES.get(text_or_empty(error.get("status")), 502)
