"""Answers that came compressed, though `accept-encoding: identity` asked for none: gzip, deflate, zstd.

A small answer could be unpacked to one that fills the memory: a whole one is read up to its limit, a stream in pieces.
"""

import re
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Protocol

from gateway.wire.errors import BadReply, WireError
from gateway.wire.transport import MAX_BODY_BYTES, Answer, Stream

_HEADER = "content-encoding"
_PLAIN = ("", "identity")
_KNOWN = frozenset({"gzip", "x-gzip", "deflate", "zstd"})
# Nobody uses two on purpose; with each one more, a small answer could be unpacked a thousand times larger.
_MOST_CODINGS = 2
_GZIP_OR_ZLIB = 47
_HEAD = 2
_GZIP_HEAD = b"\x1f\x8b\x08"
_ZSTANDARD_HEADS = (b"\x28\xb5\x2f\xfd", *(bytes((first, 0x2A, 0x4D, 0x18)) for first in range(0x50, 0x60)))
"""Of a frame, and of those that are skipped (RFC 8878, section 3.1)."""
_PIECE = 1024 * 1024
# Of Zstandard, four bytes can be a block of 128 KiB, and all of what it is given is unpacked at once.
_SLICE = 128
_DEFLATE_SLICE = 4096
_MOST_MEMBERS = 10_000
"""An empty member has 20 bytes, and unpacks to nothing that would count."""
_WINDOW = 8 * 1024 * 1024
"""What RFC 9659 lets a sender use."""
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


class _Unpacker(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data unpacks to, in pieces of some megabytes at most. Raises `BadReply`."""


def is_coded(headers: Mapping[str, str]) -> bool:
    """Whether a body has to be unpacked."""
    return _HEADER in headers and bool(_codings(headers))


def unpacked(answer: Answer) -> Answer:
    """The answer with its body as it was before it was packed.

    Raises `BadReply` for another coding, for data that is damaged, and for more than an answer may have. A refusal
    stays one: what cannot be read of it is left out.
    """
    try:
        body = answer.body
        for unpacker in _unpackers(answer.headers):
            body = _whole(unpacker, body)
    except BadReply:
        if _is_success(answer.status):
            raise
        body = _as_it_came(answer.body)
    return Answer(answer.status, answer.headers, body)


async def unpacked_chunks(
    status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes], provider: str
) -> AsyncIterator[bytes]:
    """The chunks of a stream, unpacked as they come; of a refusal, all at once.

    Raises `UpstreamDown` for what cannot be unpacked, if it is no refusal.
    """
    if not _is_success(status):
        body = await Stream(status, headers, chunks).read(provider)
        yield unpacked(Answer(status, headers, body)).body
        return
    try:
        unpackers = _unpackers(headers)
        async for chunk in chunks:
            for piece in _through(unpackers, chunk):
                if piece:
                    yield piece
    except WireError as error:
        raise error.down(provider) from None


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _codings(headers: Mapping[str, str]) -> list[str]:
    """The codings of a body, in the order in which it was packed."""
    words = (word.strip() for word in headers[_HEADER].lower().split(","))
    return [word for word in words if word not in _PLAIN]


def _unpackers(headers: Mapping[str, str]) -> list[_Unpacker]:
    """What unpacks a body, step by step. Raises `BadReply` for another coding."""
    codings = _codings(headers)
    if len(codings) > _MOST_CODINGS or not _KNOWN.issuperset(codings):
        listed = headers[_HEADER].lower()
        name = listed if listed.isascii() and listed.isprintable() else "unknown"
        raise BadReply(f"{{}} sent an answer in the coding {name[:50].replace('{', '').replace('}', '')!r}.")
    return [_Zstandard() if coding == "zstd" else _Deflate() for coding in reversed(codings)]


def _whole(unpacker: _Unpacker, data: bytes) -> bytes:
    """All that the data unpacks to. Raises `BadReply`, also over `MAX_BODY_BYTES`."""
    pieces: list[bytes] = []
    size = 0
    for piece in unpacker.feed(data):
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise BadReply("{} sent an answer without end.")
        pieces.append(piece)
    return b"".join(pieces)


def _through(unpackers: Sequence[_Unpacker], data: bytes) -> Iterator[bytes]:
    """What the data unpacks to, one step after another."""
    if not unpackers:
        yield data
        return
    for piece in unpackers[0].feed(data):
        yield from _through(unpackers[1:], piece)


def _as_it_came(body: bytes) -> bytes:
    """A body whose coding is not what its header says, where it is text; else none."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return b""
    return b"" if _NO_TEXT.search(body) else body


class _Rest:
    """What follows a whole member or frame: another one, or something that is skipped (padding, the end of a line)."""

    def __init__(self, heads: tuple[bytes, ...]) -> None:
        self._heads = heads
        self._waiting = b""
        """The beginning of what may be a head."""

    def member(self, data: bytes) -> bytes:
        """The data from where another member begins; empty as long as none does."""
        data = (self._waiting + data).lstrip(b"\0")
        self._waiting = b""
        if data.startswith(self._heads):
            return data
        if any(head.startswith(data) for head in self._heads):
            self._waiting = data
        else:
            self._heads = ()
        return b""


class _Deflate:
    """Gzip and zlib, and the bare deflate that some servers send under the name of the latter."""

    def __init__(self) -> None:
        self._inner: zlib._Decompress | None = None
        self._rest = _Rest(())
        self._head = b""
        """What came before the two bytes by which it is known which of them it is."""
        self._members = 1

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._inner is None:
            data = self._head = self._head + data
            if len(data) < _HEAD:
                return
            self._inner, heads = _inflater(data)
            self._rest = _Rest(heads)
        # All that follows a member is copied: of a large piece with many small members, again and again.
        for place in range(0, len(data), _DEFLATE_SLICE):
            yield from self._inflated(data[place : place + _DEFLATE_SLICE])

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        inner = self._inner
        assert inner is not None
        is_full = True
        while data or is_full:
            if inner.eof:
                data = self._rest.member(data)
                if not data:
                    return
                self._members += 1
                if self._members > _MOST_MEMBERS:
                    raise _damaged()
                inner = self._inner = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                piece = inner.decompress(data, _PIECE)
            except zlib.error:
                raise _damaged() from None
            # One that is full may not be all that there is.
            is_full = len(piece) == _PIECE
            data = inner.unconsumed_tail or inner.unused_data
            yield piece


def _inflater(data: bytes) -> tuple["zlib._Decompress", tuple[bytes, ...]]:
    """What unpacks data that begins so, and how another member would begin: as the first one does."""
    try:
        zlib.decompressobj(_GZIP_OR_ZLIB).decompress(data[:_HEAD])
    except zlib.error:
        # Some servers leave out the header of zlib's.
        return zlib.decompressobj(-zlib.MAX_WBITS), ()
    head = data[:_HEAD]
    return zlib.decompressobj(_GZIP_OR_ZLIB), (_GZIP_HEAD if _GZIP_HEAD.startswith(head) else head,)


class _Zstandard:
    def __init__(self) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._frames = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._inner = self._frames.decompressobj()
        self._rest = _Rest(_ZSTANDARD_HEADS)

    def feed(self, data: bytes) -> Iterator[bytes]:
        for place in range(0, len(data), _SLICE):
            left = data[place : place + _SLICE]
            while left:
                if self._inner.eof:
                    # Some servers send a frame for each event.
                    left = self._rest.member(left)
                    if not left:
                        break
                    self._inner = self._frames.decompressobj()
                try:
                    yield self._inner.decompress(left)
                except self._error:
                    raise _damaged() from None
                left = self._inner.unused_data


def _damaged() -> BadReply:
    return BadReply("{} sent an answer that cannot be unpacked.")
