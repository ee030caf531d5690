"""Compressed answers are unpacked whole, wherever they were cut, in as many pieces as they were packed in."""

import gzip
import zlib
from collections.abc import AsyncIterator, Callable

import pytest
import zstandard

from gateway.errors import UpstreamDown
from gateway.wire.codings import is_coded, unpacked, unpacked_chunks
from gateway.wire.errors import BadReply
from gateway.wire.transport import Answer

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def members(data: bytes, pack: Callable[[bytes], bytes], between: bytes = b"") -> bytes:
    return between.join(pack(data[at : at + 9]) for at in range(0, len(data), 9))


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "members": ("gzip", lambda data: members(data, gzip.compress)),
    "padded": ("gzip", lambda data: gzip.compress(data) + bytes(512)),
    "padded members": ("gzip", lambda data: members(data, gzip.compress, bytes(3)) + bytes(3)),
    "gzip and a line's end": ("gzip", lambda data: gzip.compress(data) + b"\r\n"),
    "gzip and garbage": ("gzip", lambda data: gzip.compress(data) + b"garbage"),
    "gzip, padding and garbage": ("gzip", lambda data: gzip.compress(data) + b"\0\0x"),
    "gzip and half a head": ("gzip", lambda data: gzip.compress(data) + b"\x1f\x8bx\x1f\x8b\x08"),
    "gzip and what begins as zlib": ("gzip", lambda data: gzip.compress(data) + b"X(8O"),
    "zlib": ("deflate", zlib.compress),
    "zlib members": ("deflate", lambda data: members(data, zlib.compress)),
    "zlib and a line's end": ("deflate", lambda data: zlib.compress(data) + b"\r\n"),
    "bare": ("deflate", bare),
    "bare and a line's end": ("deflate", lambda data: bare(data) + b"\r\n"),
    "zstd": ("zstd", zstd),
    "frames": ("zstd", lambda data: members(data, zstd)),
    "frames and a skipped one": ("zstd", lambda data: b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstd(data)),
    "zstd and a line's end": ("zstd", lambda data: zstd(data) + b"\r\n"),
    "zstd and padding": ("zstd", lambda data: zstd(data) + bytes(9)),
    "upper case": ("GZIP", gzip.compress),
    "gzip and identity": ("gzip, identity", gzip.compress),
    "identity and gzip": ("identity,x-gzip", gzip.compress),
    "gzip and an empty word": ("gzip,", gzip.compress),
    "gzip twice": ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    "gzip, then zstd": ("gzip, identity, zstd", lambda data: zstd(gzip.compress(data))),
    "zstd, then gzip": ("zstd, gzip", lambda data: members(zstd(data), gzip.compress)),
}
SAID = [b"", b"x", b'data: {"a": 1}\n\n' * 7, bytes(range(256)) * 9]


async def chunks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for place in range(0, len(data), size):
        yield data[place : place + size]


@pytest.mark.parametrize("data", SAID, ids=range(len(SAID)))
@pytest.mark.parametrize(("coding", "pack"), PACKERS.values(), ids=PACKERS)
async def test_what_was_packed_comes_out_however_it_was_cut(
    coding: str, pack: Callable[[bytes], bytes], data: bytes
) -> None:
    headers = {"content-encoding": coding}
    packed = pack(data)
    assert unpacked(Answer(200, headers, packed)).body == data
    for size in (1, 2, 7, 1 << 20):
        pieces = [piece async for piece in unpacked_chunks(200, headers, chunks(packed, size), "lab")]
        assert b"".join(pieces) == data


@pytest.mark.parametrize("coding", ["gzip", "zlib", "bare", "zstd"])
@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, (1 << 20) + 100, 5 << 20])
async def test_nothing_is_lost_where_a_piece_is_full(coding: str, size: int) -> None:
    name, pack = PACKERS[coding]
    assert len(unpacked(Answer(200, {"content-encoding": name}, pack(b"x" * size))).body) == size


@pytest.mark.parametrize(
    "name", ["gzip", "deflate", "zstd", "br", "gzip, identity", "gzip, br", "gzip, gzip, gzip", "{x}"]
)
async def test_what_cannot_be_unpacked_is_a_bad_reply(name: str) -> None:
    with pytest.raises(BadReply):
        unpacked(Answer(200, {"content-encoding": name}, b"\x1f\x8b no such thing"))
    headers = {"content-encoding": name}
    with pytest.raises(UpstreamDown) as down:
        [piece async for piece in unpacked_chunks(200, headers, chunks(b"\x1f\x8bx" * 9, 5), "lab")]
    assert down.value.code == "upstream_bad_reply"


REFUSED = b'{"error":{"message":"Come back on Monday."}}'
UNREADABLE = {
    "an unknown coding": ("br", b"\x0b\x02\x80abc", b""),
    "an unknown coding of few bytes": ("br", b"\x0b\x02abc", b""),
    "an unknown coding over plain bytes": ("none", REFUSED, REFUSED),
    "no coding at all": ("utf-8", REFUSED + "é".encode(), REFUSED + "é".encode()),
    "gzip that is plain": ("gzip", REFUSED, REFUSED),
    "zstd that is plain": ("zstd", REFUSED, REFUSED),
    "gzip that is damaged": ("gzip", gzip.compress(REFUSED)[:-8] + bytes(4) + gzip.compress(REFUSED)[-4:], b""),
    "gzip in an unknown coding": ("gzip, br", gzip.compress(REFUSED), b""),
    "gzip without end": ("gzip", gzip.compress(b" " * (65 << 20)), b""),
    "gzip with garbage": ("gzip", gzip.compress(REFUSED) + b"\r\n", REFUSED),
}


@pytest.mark.parametrize("status", [302, 400, 429, 503])
@pytest.mark.parametrize(("coding", "body", "expected"), UNREADABLE.values(), ids=UNREADABLE)
async def test_a_refusal_stays_one_in_whatever_coding(status: int, coding: str, body: bytes, expected: bytes) -> None:
    headers = {"content-encoding": coding, "retry-after": "7"}
    assert unpacked(Answer(status, headers, body)) == Answer(status, headers, expected)
    pieces = [piece async for piece in unpacked_chunks(status, headers, chunks(body, 1000), "lab")]
    assert b"".join(pieces) == expected


@pytest.mark.parametrize("coding", ["", "identity", "IDENTITY", "identity, identity", ",", " , identity,"])
def test_identity_is_no_coding(coding: str) -> None:
    assert not is_coded({"content-encoding": coding})
    assert not is_coded({})


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_members_without_end_are_refused(coding: str) -> None:
    members = gzip.compress(b"") * 20_000
    body = members if coding == "gzip" else gzip.compress(members)
    with pytest.raises(BadReply):
        unpacked(Answer(200, {"content-encoding": coding}, body))
    fewer = gzip.compress(b"") * 100 + gzip.compress(b"ok")
    body = fewer if coding == "gzip" else gzip.compress(fewer)
    assert unpacked(Answer(200, {"content-encoding": coding}, body)).body == b"ok"
