"""Reads Google's errors, whole bodies and those in the middle of a stream."""

import re
from typing import Any

import orjson

from gateway.dialects.base import Origin, Refused
from gateway.dialects.errors import decode_fields
from gateway.dialects.profiles import Facts
from gateway.errors import UpstreamError

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


def decode_error(refused: Refused, facts: Facts) -> UpstreamError:
    """The error for the client, by status first, then by Google's own reason."""
    return _decoded(_error_of(_parsed(refused.body)), refused, facts)


def error_in_band(document: dict[str, Any], origin: Origin) -> UpstreamError | None:
    """The error in a body that came with status 200."""
    error = document.get("error")
    if not isinstance(error, dict):
        return None
    return _decoded(error, Refused(origin.provider, _status(error), {}, b""), origin.facts)


def _decoded(error: dict[str, Any], refused: Refused, facts: Facts) -> UpstreamError:
    """The error for Google's fields, in OpenAI's words."""
    fields: dict[str, Any] = {"message": error.get("message")}
    details = [one for one in error.get("details") or () if isinstance(one, dict)] if _has_list(error) else []
    if any(one.get("reason") in _BAD_KEY for one in details):
        fields["code"] = "invalid_api_key"
    elif isinstance(fields["message"], str) and _TOO_LONG.search(fields["message"]):
        fields["code"] = "context_length_exceeded"
    elif any(_is_daily(one) for one in details):
        fields["code"] = "insufficient_quota"
    wait = next((seconds for one in details if (seconds := _delay(one)) is not None), None)
    if wait is not None:
        fields["wait"] = wait
    decoded = decode_fields(fields, refused, facts, _PROMPT)
    if fields.get("code") == "insufficient_quota":
        # There is a delay with it, of seconds; the quota comes back tomorrow.
        return decoded.replaced(should_retry=False)
    return decoded


def _has_list(error: dict[str, Any]) -> bool:
    return isinstance(error.get("details"), list)


def _delay(detail: dict[str, Any]) -> float | None:
    """The seconds of a `google.rpc.RetryInfo`: `"48s"`, `"34.4s"`."""
    delay = detail.get("retryDelay")
    match = _SECONDS.fullmatch(delay) if isinstance(delay, str) else None
    return float(match[1]) if match else None


def _is_daily(detail: dict[str, Any]) -> bool:
    """Whether a `google.rpc.QuotaFailure` is about the quota of a day."""
    violations = detail.get("violations")
    for violation in violations if isinstance(violations, list) else ():
        if isinstance(violation, dict) and _A_DAY in str(violation.get("quotaId")):
            return True
    return False


def _status(error: dict[str, Any]) -> int:
    code = error.get("code")
    if type(code) is int and 400 <= code <= 599:
        return code
    return _STATUSES.get(str(error.get("status")), 502)


def _error_of(document: Any) -> dict[str, Any]:
    """The error in a body; a stream without events wraps it in an array."""
    if isinstance(document, list) and document:
        document = document[0]
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) else {}


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
