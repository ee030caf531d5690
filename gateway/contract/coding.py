"""Decodes request bodies that came compressed, up to the size that a body may have."""

import asyncio

from gateway.errors import BodyTooLarge, InvalidRequest, UnsupportedMedia
from gateway.wire.unpacking import DamagedData, unpacker_of

CODING = b"content-encoding"
_TAKEN = {b"gzip": "gzip", b"x-gzip": "gzip", b"zstd": "zstd"}
_NONE = (b"", b"identity")
# Unpacking this much takes some milliseconds; then others have their turn.
_SLICE_BYTES = 1024 * 1024
_SLICE_PIECES = 256


async def decoded(data: bytes, header: bytes, limit: int) -> bytes:
    """A request's body without the coding that the header names.

    The size is counted while it is decoded, and nothing is kept beyond `limit`.

    Raises `UnsupportedMedia` for a coding other than gzip and zstd, and for several; `BodyTooLarge`; `InvalidRequest`
    for data that is damaged or incomplete.
    """
    codings = _listed(header)
    if not codings:
        return data
    coding = _TAKEN.get(codings[0]) if len(codings) == 1 else None
    if coding is None:
        message = "The body must come as it is, or compressed once, with `Content-Encoding: gzip` or `zstd`."
        raise UnsupportedMedia(message, headers=((b"accept-encoding", b"gzip, zstd"),))
    unpacker = unpacker_of(coding)
    pieces: list[bytes] = []
    size = since = count = 0
    try:
        for piece in unpacker.feed(data):
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            pieces.append(piece)
            count += 1
            if size - since > _SLICE_BYTES or count % _SLICE_PIECES == 0:
                since = size
                await asyncio.sleep(0)
    except DamagedData:
        raise _damaged(coding) from None
    if not unpacker.is_complete:
        raise _damaged(coding)
    return b"".join(pieces)


def too_large(limit: int) -> BodyTooLarge:
    """The error for a body of more than `limit` bytes, as it came or decoded."""
    return BodyTooLarge(f"The request body is larger than the {limit} bytes that this gateway takes.")


def _listed(value: bytes) -> list[bytes]:
    words = (word.strip().lower() for word in value.split(b","))
    return [word for word in words if word not in _NONE]


def _damaged(coding: str) -> InvalidRequest:
    return InvalidRequest(f"The body is not a complete {coding} stream.", code="invalid_encoding")
