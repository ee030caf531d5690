"""Translates the errors of upstreams: refusals, and answers that break off."""

from gateway.dialects.base import Origin, Refused
from gateway.dialects.error_bodies import error_fields, read_error, reports_error
from gateway.dialects.limits import exhausted
from gateway.dialects.profiles.base import Profile
from gateway.dialects.waiting import bounded, waiting
from gateway.errors import UpstreamDown, UpstreamError
from gateway.neutral.json import (
    Json,
    JsonObject,
    number_or_none,
    object_or_empty,
    text_or_empty,
    text_or_none,
    texts_in,
)

_CONTEXT = "context_length_exceeded"
_CONVERSATION = "messages"
# llama.cpp's own type for it (seen with xllamacpp 2026.10).
_CONTEXT_NAMES = frozenset({_CONTEXT, "exceed_context_size_error", "too_many_prompt_tokens"})
# Mistral's type for it comes with status 400 (shared facts on providers, section 9).
_UNKNOWN_MODEL = frozenset({"model_not_found", "invalid_model"})
_BAD_KEYS = frozenset({"invalid_api_key"})
_QUOTAS = frozenset({"insufficient_quota"})
_INVALID = "invalid_request_error"
_SHOULD_RETRY = {"true": True, "false": False}
# What errors that come with status 200 mean, where they give no status of their own.
_STATUSES = {
    _INVALID: 400,
    "BadRequestError": 400,
    "tool_use_failed": 400,
    _CONTEXT: 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "NotFoundError": 404,
    "model_not_found": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    # The codes of a Response that failed (shared facts on the Responses API, section 1.8); what is not here is a 502.
    **dict.fromkeys(
        (
            *("invalid_prompt", "data_residency_mismatch", "bio_policy", "misalignment_policy_violation"),
            *("invalid_image", "invalid_image_format", "invalid_base64_image", "invalid_image_url", "image_too_large"),
            *("image_too_small", "image_parse_error", "image_content_policy_violation", "invalid_image_mode"),
            *("image_file_too_large", "unsupported_image_media_type", "empty_image_file", "image_file_not_found"),
            "failed_to_download_image",
        ),
        400,
    ),
}


def decode_refusal(refused: Refused, profile: Profile, prompt: str) -> UpstreamError:
    """The error for the client, by status first, then by the upstream's own code.

    `prompt` is the field that has the prompt in the dialect's requests: a context that is too long is about that.
    """
    return decode_fields(read_error(refused.body), refused, profile, prompt)


def decode_in_band(fields: JsonObject, origin: Origin, prompt: str) -> UpstreamError:
    """The error for the fields of one that came with status 200."""
    refused = Refused(origin.provider, _status(fields), {}, b"", is_in_band=True)
    return decode_fields(fields, refused, origin.profile, prompt)


def error_instead(document: Json, origin: Origin) -> UpstreamError | None:
    """The error that came where an answer should be, by itself or in a list; None for what is neither."""
    entries = document if isinstance(document, list) else [document]
    if not any(isinstance(entry, dict) and reports_error(entry) for entry in entries):
        return None
    return decode_in_band(error_fields(document), origin, _CONVERSATION)


def decode_fields(fields: JsonObject, refused: Refused, profile: Profile, prompt: str) -> UpstreamError:
    """The error for a refusal whose body was read into OpenAI's fields: `message`, `type`, `code`, `param`.

    By status first, then by the code or type; a dialect whose upstream has codes of its own writes OpenAI's in
    their place. `wait`, in seconds, is when to try again, where the body has it.
    """
    error = _decoded(fields, refused, profile, prompt)
    should_retry = _SHOULD_RETRY.get(refused.headers.get("x-should-retry", ""))
    return error.replaced(wait=_wait(fields, refused), should_retry=should_retry)


def _wait(fields: JsonObject, refused: Refused) -> float | None:
    """Seconds after which to try again: by the body, by `retry-after`, or where a limit is exceeded by its reset."""
    given = number_or_none(fields.get("wait"))
    if given is not None:
        return bounded(given)
    wait = waiting(refused.headers)
    return exhausted(refused.headers) if wait is None and refused.status == 429 else wait


def _decoded(fields: JsonObject, refused: Refused, profile: Profile, prompt: str) -> UpstreamError:
    if profile.unknown_model and profile.unknown_model in _said(fields).lower():
        return _unknown_model(fields, refused)
    match refused.status:
        case 401 | 403 if not _is_moderation(fields):
            return _refused_key(refused)
        case 402:
            return _no_credit(refused)
        case 404:
            return _unknown_model(fields, refused)
        case 429 | 498:
            return _throttled(fields, refused)
        case 400 | 403 | 413 | 415 | 422:
            return _invalid(fields, refused, profile, prompt)
        case status if status in (408, 409, 424) or status >= 500:
            message = f"{refused.provider} failed to answer (status {status})."
            if refused.is_in_band and (said := _said(fields)):
                message = f"{refused.provider} failed to answer: {said}"
            error = UpstreamError(503, message, type="server_error", code="overloaded")
            return _later(error, refused)
        case status:
            return UpstreamDown(f"{refused.provider} answered with status {status}.", code="upstream_error")


def _invalid(fields: JsonObject, refused: Refused, profile: Profile, prompt: str) -> UpstreamError:
    code, message = text_or_none(fields.get("code")), _message(fields, refused)
    if profile.refused_key and profile.refused_key.search(text_or_empty(fields.get("message"))):
        return _refused_key(refused)
    if _is_context(fields, profile):
        return UpstreamError(400, message, type=_INVALID, code=_CONTEXT, param=prompt)
    if code in _BAD_KEYS:
        return _refused_key(refused)
    if _names(fields) & _QUOTAS:
        return _no_credit(refused)
    if _names(fields) & _UNKNOWN_MODEL:
        return _unknown_model(fields, refused)
    if refused.status == 403:
        return UpstreamError(400, message, type=_INVALID, code="content_filter")
    return UpstreamError(400, message, type=_INVALID, code=code, param=text_or_none(fields.get("param")))


def _refused_key(refused: Refused) -> UpstreamError:
    message = f"{refused.provider} refused the gateway's credentials. The operator of this gateway must mend them."
    return UpstreamDown(message, code="upstream_auth")


def _no_credit(refused: Refused) -> UpstreamError:
    message = f"{refused.provider} has no credit left. The operator of this gateway must top it up."
    return UpstreamDown(message, code="insufficient_quota")


def _unknown_model(fields: JsonObject, refused: Refused) -> UpstreamError:
    message = _message(fields, refused)
    return UpstreamError(404, message, type=_INVALID, code="model_not_found", param="model")


def _throttled(fields: JsonObject, refused: Refused) -> UpstreamError:
    code = "insufficient_quota" if _names(fields) & _QUOTAS else "rate_limit_exceeded"
    error = UpstreamError(429, _message(fields, refused), type="rate_limit_error", code=code)
    return _later(error, refused)


def _later(error: UpstreamError, refused: Refused) -> UpstreamError:
    """Pass on when to come again, in the spellings that clients read."""
    given = [(name, refused.headers.get(name, "")) for name in ("retry-after", "retry-after-ms")]
    return error.with_headers(
        *(
            (name.encode(), value.encode())
            for name, value in given
            if value and len(value) <= 64 and value.isascii() and value.isprintable()
        )
    )


def _is_context(fields: JsonObject, profile: Profile) -> bool:
    if _names(fields) & _CONTEXT_NAMES:
        return True
    return bool(profile.context_too_long and profile.context_too_long.search(text_or_empty(fields.get("message"))))


def _names(fields: JsonObject) -> set[str]:
    """The code and the type, as far as they are there."""
    return {*texts_in([fields.get("code"), fields.get("type")])}


def _is_moderation(fields: JsonObject) -> bool:
    """Whether a 403 is about what the caller wrote (OpenRouter; shared facts on providers, section 13)."""
    metadata = object_or_empty(fields.get("metadata"))
    return "reasons" in metadata or "flagged_input" in metadata


def _status(fields: JsonObject) -> int:
    """The status that an error in a body names; 502 where it names none."""
    for name in ("status_code", "statusCode", "status", "code"):
        value = fields.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:4])
        if isinstance(value, int) and 400 <= value <= 599:
            return value
    names = texts_in([fields.get("code"), fields.get("type")])
    return next((_STATUSES[name] for name in names if name in _STATUSES), 502)


def _message(fields: JsonObject, refused: Refused) -> str:
    return f"{refused.provider}: {_said(fields) or f'it answered with status {refused.status}.'}"


def _said(fields: JsonObject) -> str:
    return text_or_empty(fields.get("message"))
