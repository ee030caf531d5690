"""An answer as it is kept: its headers and its bytes, sealed for its gateway key and the client's key."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import orjson

from gateway.errors import Header
from gateway.http import Reply, StreamReply
from gateway.sealing import Sealer
from gateway.store.idempotency import Attempt
from gateway.wire import sse

REPLAYED: Header = (b"x-waystone-replayed", b"true")
NOT_KEPT: Header = (b"x-waystone-idempotency", b"not-kept")
_LARGE_BYTES = 128 * 1024
"""Sealing so many takes a quarter of a millisecond; larger ones have a thread."""
_EVENT = b"\nevent: "
_COMPLETE = (b"response.completed\n", b"response.incomplete\n")
_RESPONSE = re.compile(
    rb'\{"id":"([^"]+)","object":"response","created_at":[0-9]+,(?:[^{}]{0,64},)?"status":"([a-z_]+)"'
)
"""What a Responses object of ours begins with: it may be megabytes long, and is not parsed."""
_HEAD_BYTES = 4096
"""Of a stream, within which its first event has that."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole answer with status 200: JSON, or the events of a stream.

    `response_id`: the stream is that of a response in the background, which has its events; `data` is empty then.
    """

    headers: Sequence[Header]
    data: bytes
    is_stream: bool
    response_id: str | None = None

    @property
    def speaks_of(self) -> str | None:
        """The id of the response that the answer is, or is the stream of; None for any other answer."""
        if self.response_id is not None:
            return self.response_id
        return streamed_response(self.data) if self.is_stream else response_state(self.data)[0]

    def replay(self) -> Reply | StreamReply:
        """The answer, to be sent again."""
        headers = [*self.headers, REPLAYED]
        if self.is_stream:
            return StreamReply(_whole(self.data), headers=headers)
        return Reply(self.data, headers=headers)


async def sealed(sealer: Sealer, attempt: Attempt, kept: Kept) -> bytes:
    """The answer as it is stored."""
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in kept.headers]
    plain = orjson.dumps([kept.is_stream, headers, kept.response_id]) + b"\n" + kept.data
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
    is_stream, texts, response_id = orjson.loads(head)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in texts]
    return Kept(headers, data, is_stream, response_id)


def is_whole(data: bytes) -> bool:
    """Whether a stream has come to an end that is no failure."""
    if not data.endswith(sse.DONE):
        return False
    last = data.rfind(_EVENT)
    return last < 0 or data.startswith(_COMPLETE, last + len(_EVENT))


def response_state(body: bytes) -> tuple[str | None, str | None]:
    """The id and the status of a Responses object; None twice for any other answer."""
    found = _RESPONSE.match(body)
    return (None, None) if found is None else (found[1].decode(), found[2].decode())


def streamed_response(data: bytes) -> str | None:
    """The id of the response that a stream is of; None for any other stream."""
    found = _RESPONSE.search(data, 0, _HEAD_BYTES)
    return None if found is None else found[1].decode()


def _purpose(attempt: Attempt) -> str:
    return f"idempotency {attempt.digest.hex()}"


async def _whole(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data
