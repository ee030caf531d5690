"""An answer as it is kept: its headers and its bytes, sealed for its gateway key and the client's key."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import orjson

from gateway.errors import Header
from gateway.http import Reply, StreamReply
from gateway.sealing import Sealer
from gateway.store.idempotency import Attempt

REPLAYED: Header = (b"x-waystone-replayed", b"true")
NOT_KEPT: Header = (b"x-waystone-idempotency", b"not-kept")
_LARGE_BYTES = 128 * 1024
"""Sealing so many takes a quarter of a millisecond; larger ones have a thread."""
_DONE = b"data: [DONE]\n\n"
_EVENT = b"\nevent: "
_COMPLETE = (b"response.completed\n", b"response.incomplete\n")
_RESPONSE = b'"object":"response"'
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole answer with status 200: JSON, or the events of a stream."""

    headers: Sequence[Header]
    data: bytes
    is_stream: bool

    def replay(self) -> Reply | StreamReply:
        """The answer, to be sent again."""
        headers = [*self.headers, REPLAYED]
        if self.is_stream:
            return StreamReply(_whole(self.data), headers=headers)
        return Reply(self.data, headers=headers)


async def sealed(sealer: Sealer, attempt: Attempt, kept: Kept) -> bytes:
    """The answer as it is stored."""
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in kept.headers]
    plain = orjson.dumps([kept.is_stream, headers]) + b"\n" + kept.data
    if len(plain) < _LARGE_BYTES:
        return sealer.seal_bytes(attempt.key_id, _purpose(attempt), plain)
    return await asyncio.to_thread(sealer.seal_bytes, attempt.key_id, _purpose(attempt), plain)


async def opened(sealer: Sealer, attempt: Attempt, answer: bytes) -> Kept | None:
    """An answer that was stored for this request; None where it was sealed under another secret, or was changed."""
    if len(answer) < _LARGE_BYTES:
        plain = sealer.open_bytes(attempt.key_id, _purpose(attempt), answer)
    else:
        plain = await asyncio.to_thread(sealer.open_bytes, attempt.key_id, _purpose(attempt), answer)
    if plain is None:
        return None
    head, _, data = plain.partition(b"\n")
    is_stream, headers = orjson.loads(head)
    return Kept([(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers], data, is_stream)


def is_whole(data: bytes) -> bool:
    """Whether a stream has come to an end that is no failure."""
    if not data.endswith(_DONE):
        return False
    last = data.rfind(_EVENT)
    return last < 0 or data.startswith(_COMPLETE, last + len(_EVENT))


def response_state(body: bytes) -> tuple[str | None, str | None]:
    """The id and the status of a Responses object; None twice for any other answer."""
    if _RESPONSE not in body[:_HEAD_BYTES]:
        return None, None
    document = orjson.loads(body)
    if document.get("object") != "response":
        return None, None
    return document.get("id"), document.get("status")


def _purpose(attempt: Attempt) -> str:
    return f"idempotency {attempt.digest.hex()}"


async def _whole(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data
