"""Answers that came compressed, though `accept-encoding: identity` asked for none: gzip, deflate, zstd.

A small answer could be unpacked to one that fills the memory: a whole one is read up to its limit, a stream in pieces.
"""

import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Protocol

from gateway.wire.errors import BadReply, WireError
from gateway.wire.transport import MAX_BODY_BYTES, Answer

_HEADER = "content-encoding"
_PLAIN = ("", "identity")
_GZIP_OR_ZLIB = 47
_HEAD = 2
_PIECE = 1024 * 1024
# Of Zstandard, four bytes can be a block of 128 KiB, and all of what it is given is unpacked at once.
_SLICE = 128
_WINDOW = 8 * 1024 * 1024
"""What RFC 9659 lets a sender use."""


class _Unpacker(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data unpacks to, in pieces of some megabytes at most. Raises `BadReply`."""


def is_coded(headers: Mapping[str, str]) -> bool:
    """Whether a body has to be unpacked."""
    return _HEADER in headers and headers[_HEADER].lower() not in _PLAIN


def unpacked(answer: Answer) -> Answer:
    """The answer with its body as it was before it was packed.

    Raises `BadReply` for another coding, for data that is damaged, and for more than an answer may have.
    """
    pieces: list[bytes] = []
    size = 0
    for piece in _unpacker(answer.headers).feed(answer.body):
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise BadReply("{} sent an answer without end.")
        pieces.append(piece)
    return Answer(answer.status, answer.headers, b"".join(pieces))


async def unpacked_chunks(
    headers: Mapping[str, str], chunks: AsyncIterator[bytes], provider: str
) -> AsyncIterator[bytes]:
    """The chunks of a stream, unpacked as they come. Raises `UpstreamDown` for what cannot be unpacked."""
    try:
        unpacker = _unpacker(headers)
        async for chunk in chunks:
            for piece in unpacker.feed(chunk):
                if piece:
                    yield piece
    except WireError as error:
        raise error.down(provider) from None


def _unpacker(headers: Mapping[str, str]) -> _Unpacker:
    match headers[_HEADER].lower():
        case "gzip" | "x-gzip" | "deflate":
            return _Deflate()
        case "zstd":
            return _Zstandard()
        case other:
            name = other if other.isascii() and other.isprintable() else "unknown"
            raise BadReply(f"{{}} sent an answer in the coding {name[:50].replace('{', '').replace('}', '')!r}.")


class _Deflate:
    """Gzip and zlib, and the bare deflate that some servers send under the name of the latter."""

    def __init__(self) -> None:
        self._inner: zlib._Decompress | None = None
        self._head = b""
        """What came before the two bytes by which it is known which of them it is."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._inner is None:
            data = self._head = self._head + data
            if len(data) < _HEAD:
                return
            self._inner = _inflater(data)
        is_full = True
        while data or is_full:
            if self._inner.eof:
                if not data.strip(b"\0"):
                    # Padding.
                    return
                # Another member of a gzip file.
                self._inner = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                piece = self._inner.decompress(data, _PIECE)
            except zlib.error:
                raise _damaged() from None
            # One that is full may not be all that there is.
            is_full = len(piece) == _PIECE
            data = self._inner.unconsumed_tail or self._inner.unused_data
            yield piece


def _inflater(head: bytes) -> "zlib._Decompress":
    """What unpacks data that begins so: some servers leave out the header of zlib's."""
    try:
        zlib.decompressobj(_GZIP_OR_ZLIB).decompress(head[:_HEAD])
    except zlib.error:
        return zlib.decompressobj(-zlib.MAX_WBITS)
    return zlib.decompressobj(_GZIP_OR_ZLIB)


class _Zstandard:
    def __init__(self) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._frames = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._inner = self._frames.decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        for place in range(0, len(data), _SLICE):
            left = data[place : place + _SLICE]
            while left:
                if self._inner.eof:
                    # Some servers send a frame for each event.
                    self._inner = self._frames.decompressobj()
                try:
                    yield self._inner.decompress(left)
                except self._error:
                    raise _damaged() from None
                left = self._inner.unused_data


def _damaged() -> BadReply:
    return BadReply("{} sent an answer that cannot be unpacked.")
