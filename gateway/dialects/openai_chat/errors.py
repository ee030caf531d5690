"""Translates what a chat upstream says when it refuses."""

from typing import Any

import orjson

from gateway.dialects.base import Refused
from gateway.errors import UpstreamDown, UpstreamError
from gateway.providers.row import Facts

_CONTEXT = "context_length_exceeded"
# llama.cpp's own type for it (seen with xllamacpp 2026.10).
_CONTEXT_NAMES = frozenset({_CONTEXT, "exceed_context_size_error", "too_many_prompt_tokens"})
_INVALID = "invalid_request_error"


def decode_error(refused: Refused, facts: Facts) -> UpstreamError:
    """The error for the client, by status first, then by the upstream's own code."""
    fields = error_fields(refused.body)
    if refused.status in (400, 413, 422) and _is_context(fields, facts):
        return UpstreamError(400, _message(fields, refused), type=_INVALID, code=_CONTEXT, param="messages")
    match refused.status:
        case 401 | 403:
            message = f"{refused.provider} refused the gateway's credentials. The operator of this gateway must mend them."
            return UpstreamDown(message, code="upstream_auth")
        case 402:
            message = f"{refused.provider} has no credit left. The operator of this gateway must top it up."
            return UpstreamDown(message, code="insufficient_quota")
        case 404:
            return UpstreamError(
                404, _message(fields, refused), type=_INVALID, code="model_not_found", param="model"
            )
        case 429 | 498:
            return _throttled(fields, refused)
        case 400 | 409 | 413 | 415 | 422:
            code, param = _text(fields, "code"), _text(fields, "param")
            return UpstreamError(400, _message(fields, refused), type=_INVALID, code=code, param=param)
        case status if status in (408, 424) or status >= 500:
            message = f"{refused.provider} failed to answer (status {status})."
            return _later(UpstreamDown(message, status=503, code="overloaded"), refused)
        case status:
            return UpstreamDown(f"{refused.provider} answered with status {status}.", code="upstream_error")


def error_in_band(
    document: dict[str, Any], provider: str, facts: Facts | None = None
) -> UpstreamError | None:
    """The error in a body that came with status 200: `{"error": …}`, or vLLM's `{"object": "error", …}`."""
    error = document.get("error")
    if not error and document.get("object") != "error":
        return None
    fields = error_fields(orjson.dumps(document))
    code = fields.get("code")
    status = code if isinstance(code, int) and 400 <= code <= 599 else 502
    if status == 502 and _text(fields, "type") in (_INVALID, "BadRequestError"):
        status = 400
    refused = Refused(provider, status, {}, orjson.dumps({"error": fields}))
    return decode_error(refused, facts or Facts())


def error_fields(body: bytes) -> dict[str, Any]:
    """The fields of an error body, whichever of the shapes in use it has."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(document, dict):
        return {}
    error = document.get("error", document)
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else {}


def _is_context(fields: dict[str, Any], facts: Facts) -> bool:
    if _text(fields, "code") in _CONTEXT_NAMES or _text(fields, "type") in _CONTEXT_NAMES:
        return True
    return bool(facts.context_too_long and facts.context_too_long.search(_text(fields, "message") or ""))


def _throttled(fields: dict[str, Any], refused: Refused) -> UpstreamError:
    code = "insufficient_quota" if _text(fields, "code") == "insufficient_quota" else "rate_limit_exceeded"
    error = UpstreamError(429, _message(fields, refused), type="rate_limit_error", code=code)
    return _later(error, refused)


def _later(error: UpstreamError, refused: Refused) -> UpstreamError:
    """Pass on when to come again, in the spellings that clients read."""
    for name in ("retry-after", "retry-after-ms"):
        value = refused.headers.get(name, "")
        if value and len(value) <= 64 and value.isascii() and value.isprintable():
            error.headers.append((name.encode(), value.encode()))
    return error


def _message(fields: dict[str, Any], refused: Refused) -> str:
    said = _text(fields, "message") or _text(fields, "detail") or f"it answered with status {refused.status}."
    return f"{refused.provider}: {said[:2000]}"


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None
