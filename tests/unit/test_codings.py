"""Compressed answers are unpacked whole, wherever they were cut, in as many pieces as they were packed in."""

import gzip
import zlib
from collections.abc import AsyncIterator, Callable

import pytest
import zstandard

from gateway.errors import UpstreamDown
from gateway.wire.codings import unpacked, unpacked_chunks
from gateway.wire.errors import BadReply
from gateway.wire.transport import Answer

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "members": ("gzip", lambda data: b"".join(gzip.compress(data[at : at + 9]) for at in range(0, len(data), 9))),
    "padded": ("gzip", lambda data: gzip.compress(data) + bytes(512)),
    "zlib": ("deflate", zlib.compress),
    "bare": ("deflate", bare),
    "zstd": ("zstd", zstandard.ZstdCompressor().compress),
    "frames": (
        "zstd",
        lambda data: b"".join(zstandard.ZstdCompressor().compress(data[at : at + 9]) for at in range(0, len(data), 9)),
    ),
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
        pieces = [piece async for piece in unpacked_chunks(headers, chunks(packed, size), "lab")]
        assert b"".join(pieces) == data


@pytest.mark.parametrize("coding", ["gzip", "zlib", "bare", "zstd"])
@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, (1 << 20) + 100, 5 << 20])
async def test_nothing_is_lost_where_a_piece_is_full(coding: str, size: int) -> None:
    name, pack = PACKERS[coding]
    assert len(unpacked(Answer(200, {"content-encoding": name}, pack(b"x" * size))).body) == size


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd", "br", "gzip, identity", "{x}"])
async def test_what_cannot_be_unpacked_is_a_bad_reply(name: str) -> None:
    with pytest.raises(BadReply):
        unpacked(Answer(200, {"content-encoding": name}, b"\x1f\x8b no such thing"))
    with pytest.raises(UpstreamDown) as down:
        [piece async for piece in unpacked_chunks({"content-encoding": name}, chunks(b"\x1f\x8bx" * 9, 5), "lab")]
    assert down.value.code == "upstream_bad_reply"
