"""What makes two requests the same: the client's key, bound to its gateway key, and the body."""

import asyncio
import hashlib
import time

import orjson

from gateway.accounting.token_ratios import text_size
from gateway.errors import InvalidRequest
from gateway.http import Body, Request
from gateway.neutral.json import Json, text_or_none
from gateway.store.idempotency import Attempt

NAME = "Idempotency-Key"
_LONGEST = 255
_LONGEST_MODEL = 512
_CANONICAL = orjson.OPT_SORT_KEYS


async def identified(request: Request[Body], key: bytes, owner: str, seconds: float) -> Attempt:
    """The request as an attempt at it, by `owner`, is stored; one that nobody ends goes after so many seconds.

    Raises `InvalidRequest` for what is no idempotency key.
    """
    if not 0 < len(key) <= _LONGEST or not all(0x20 <= byte <= 0x7E for byte in key):
        message = f"The header {NAME} must have 1 to {_LONGEST} printable ASCII characters."
        raise InvalidRequest(message, param=NAME, code="invalid_value")
    fingerprint, size = await asyncio.to_thread(_read, request) if request.is_large else _read(request)
    came = time.time() - (time.perf_counter() - request.access.begun)
    return Attempt(
        digest=hashlib.sha256(b"\0".join((request.key_id.encode(), key))).digest(),
        key_id=request.key_id,
        operation=request.operation,
        fingerprint=fingerprint,
        created_at=came,
        expires_at=came + seconds,
        owner=owner,
        request_id=request.id,
        model=_storable(text_or_none(_field(request, "model"))),
        prompt_bytes=size,
    )


def forbids_keeping(request: Request[Body]) -> bool:
    """Whether the answer must not be kept. Where `store` is not sent, the idempotency key itself is the consent."""
    return _field(request, "store") is False


def _field(request: Request[Body], name: str) -> Json:
    return request.body.get(name) if isinstance(request.body, dict) else None


def _storable(model: str | None) -> str | None:
    # A client chose the name. PostgreSQL takes no NUL in a text, and nobody looks for a model that has one.
    return None if model is None or "\0" in model else model[:_LONGEST_MODEL]


def _read(request: Request[Body]) -> tuple[bytes, int]:
    """The digest of the body, and the size of what counts as its prompt."""
    canonical = orjson.dumps(request.body, option=_CANONICAL)
    return hashlib.sha256(b"\0".join((request.operation.encode(), canonical))).digest(), text_size(canonical)
