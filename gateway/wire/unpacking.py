"""Unpacks gzip, deflate and zstd in pieces, so that a small body that unpacks to a huge one never fills the memory."""

import zlib
from collections.abc import Iterator
from typing import Protocol

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


class DamagedData(Exception):
    """Data that is not in the coding that it is said to be in."""


class Unpacker(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data unpacks to, in pieces of some megabytes at most. Raises `DamagedData`."""

    @property
    def is_complete(self) -> bool:
        """Whether all of it has come, as far as the coding shows."""


def unpacker_of(coding: str) -> Unpacker:
    """What unpacks a body in a coding of HTTP's registry: `gzip`, `x-gzip`, `deflate` or `zstd`."""
    return _Zstandard() if coding == "zstd" else _Deflate()


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

    @property
    def is_complete(self) -> bool:
        return self._inner is not None and self._inner.eof

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
                    raise DamagedData
                inner = self._inner = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                piece = inner.decompress(data, _PIECE)
            except zlib.error:
                raise DamagedData from None
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

    @property
    def is_complete(self) -> bool:
        return bool(self._inner.eof)

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
                    raise DamagedData from None
                left = self._inner.unused_data
