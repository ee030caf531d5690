"""Translates what Cohere says when it refuses, or breaks off (shared facts on providers, section 8)."""

from dataclasses import replace
from typing import Any

import orjson

from gateway.dialects.base import Origin, Refused
from gateway.dialects.errors import decode_fields, decode_in_band
from gateway.dialects.profiles import Facts
from gateway.errors import UpstreamDown, UpstreamError

_PROMPT = "messages"
_CODES = {"TOO_MANY_TOKENS": "context_length_exceeded"}
# Groq's word for having no room; with Cohere the key is not valid.
_INVALID_TOKEN = 498


def decode_error(refused: Refused, facts: Facts) -> UpstreamError:
    """The error for the client, by status first, then by Cohere's own type of it."""
    try:
        document = orjson.loads(refused.body)
    except orjson.JSONDecodeError:
        document = None
    if refused.status == _INVALID_TOKEN:
        refused = replace(refused, status=401)
    return decode_fields(_fields(document), refused, facts, _PROMPT)


def error_in_band(document: dict[str, Any], origin: Origin) -> UpstreamError | None:
    """The error that came with status 200 where an answer would have its message."""
    if isinstance(document.get("message"), str) and "type" not in document:
        return decode_in_band(_fields(document), origin, _PROMPT)
    return None


def broken_off(reason: Any, ended: dict[str, Any], origin: Origin) -> UpstreamError | None:
    """The error behind a finish reason by which Cohere says that it failed."""
    said = ended.get("error")
    told = f": {said}" if isinstance(said, str) and said else "."
    if ended.get("error_type") in _CODES:
        return decode_in_band(_fields({"message": said, "error_type": ended["error_type"]}), origin, _PROMPT)
    if reason == "ERROR":
        return UpstreamDown(f"{origin.provider} broke off the answer{told}", code="upstream_error")
    if reason == "TIMEOUT":
        message = f"{origin.provider} ran out of time{told}"
        return UpstreamError(503, message, type="server_error", code="overloaded")
    return None


def _fields(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        return {}
    kind = document.get("error_type")
    code = _CODES.get(kind) if isinstance(kind, str) else None
    return {"message": document.get("message"), "code": code}
