"""What makes two requests the same: the client's key, bound to its gateway key, and the body."""

import asyncio
import time
from collections.abc import Iterator

import orjson

from gateway.accounting.token_ratios import text_size
from gateway.http import Body, Request
from gateway.neutral.json import Json, text_or_none
from gateway.sealing import Sealer
from gateway.store.idempotency import Attempt

NAME = "Idempotency-Key"
_LONGEST_MODEL = 512
_CANONICAL = orjson.OPT_SORT_KEYS
_LEVELS = 5
"""Of a body: its fields, its items, their fields, their parts, and the fields of these."""


async def identified(
    request: Request[Body], key: bytes, owner: str, seconds: float, sealer: Sealer, turns: asyncio.Lock
) -> Attempt:
    """The request as an attempt at it, by `owner`, is stored; one that nobody ends goes after so many seconds.

    Large bodies take turns. What is stored of the body and of the client's key are digests that nobody can make
    without the gateway's secret: a prompt could be guessed by a digest without one.
    """
    if request.is_large:
        async with turns:
            fingerprint, size = await asyncio.to_thread(_read, request, sealer)
    else:
        fingerprint, size = _read(request, sealer)
    came = time.time() - (time.perf_counter() - request.access.begun)
    return Attempt(
        digest=sealer.digest("idempotency key", b"\0".join((request.key_id.encode(), key))),
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


def _read(request: Request[Body], sealer: Sealer) -> tuple[bytes, int]:
    """The digest of the body, and the size of what counts as its prompt."""
    body: object = request.body
    canonical = b"".join(_pieces(body, _LEVELS)) if request.is_large else orjson.dumps(body, option=_CANONICAL)
    return sealer.digest(f"idempotent request {request.operation}", canonical), text_size(canonical)


def _pieces(value: object, levels: int) -> Iterator[bytes]:
    """The canonical JSON of a value, in pieces: between two of them other threads go on."""
    if levels and isinstance(value, dict) and value:
        lead = b"{"
        for name in sorted(value):
            yield lead + orjson.dumps(name) + b":"
            yield from _pieces(value[name], levels - 1)
            lead = b","
        yield b"}"
    elif levels and isinstance(value, list) and value:
        lead = b"["
        for item in value:
            yield lead
            yield from _pieces(item, levels - 1)
            lead = b","
        yield b"]"
    else:
        yield orjson.dumps(value, option=_CANONICAL)
