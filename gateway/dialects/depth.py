"""Deals with what can be read but not written: JSON is written less deep than it is read."""

from typing import Any

import orjson

from gateway.errors import InvalidRequest

# The gateway's answers have what an upstream sends some levels deeper; orjson writes 254.
_DEEPEST = 200


def written(body: Any) -> bytes:
    """The body of a request as JSON. Raises `InvalidRequest` for one that is too deep."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        raise InvalidRequest("The body is nested too deeply.", code="invalid_value") from None


def is_too_deep(payload: bytes, document: Any) -> bool:
    """Whether a document could not be passed on. Only one with many brackets has to be looked at."""
    if payload.count(b"[") + payload.count(b"{") <= _DEEPEST:
        return False
    level = [document]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return False
    return True


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [inner for inner in value.values() if isinstance(inner, dict | list)]
    return [inner for inner in value if isinstance(inner, dict | list)] if isinstance(value, list) else []
