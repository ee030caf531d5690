"""The size of an image is read out of its first bytes, whatever they are, and gives its tokens as published."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.profiles.tokens import ImageTokens
from gateway.tokens.images import LARGEST_SIDE, Size, image_size, image_tokens, size_of


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x02\0\0\0"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0"


def jpeg(width: int, height: int, before: bytes = b"") -> bytes:
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + len(before)) + before
    frame = b"\xff\xc2" + struct.pack(">HBHH", 17, 8, height, width)
    return b"\xff\xd8" + thumbnail + b"\xff" + frame + b"\3"


def webp_lossy(width: int, height: int) -> bytes:
    return b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width | 0x4000, height)


def webp_lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", bits) + b"\0" * 5


def webp_extended(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + sides


FORMATS = {"png": png, "gif": gif, "jpeg": jpeg, "lossy": webp_lossy, "lossless": webp_lossless, "x": webp_extended}


@pytest.mark.parametrize("name", FORMATS)
@given(width=st.integers(1, 0x3FFF), height=st.integers(1, 0x3FFF))
def test_size_is_read_in_each_format(name: str, width: int, height: int) -> None:
    image = FORMATS[name](width, height)
    assert size_of(image) == Size(width, height)
    data = base64.b64encode(image + b"the rest of it").decode()
    assert image_size(f"data:image/{name};base64,{data}") == Size(width, height)


def test_size_of_a_jpeg_stands_behind_what_comes_before() -> None:
    assert size_of(jpeg(30, 20, before=b"\xff\xc0" * 10_000)) == Size(30, 20)


@given(st.one_of(st.binary(max_size=200), *(st.just(make(9, 9)) for make in FORMATS.values())), st.data())
def test_bytes_that_are_no_image_have_no_size_and_raise_nothing(image: bytes, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(image)))
    place = data.draw(st.integers(0, max(end - 1, 0)))
    broken = image[:place] + data.draw(st.binary(max_size=4)) + image[place:end]
    for head in (broken, b"\xff\xd8" + broken, b"\x89PNG\r\n\x1a\n" + broken, b"RIFF\0\0\0\0WEBP" + broken):
        found = size_of(head)
        assert found is None or (0 < found.width <= LARGEST_SIDE and 0 < found.height <= LARGEST_SIDE)


@given(st.text(max_size=60))
def test_text_that_is_no_image_has_no_size_and_raises_nothing(text: str) -> None:
    for url in (text, f"data:image/png;base64,{text}", f"data:{text}", f"data:image/png;base64,iVBORw0KGgo{text}"):
        image_size(url)


def test_address_is_not_fetched_and_has_no_size() -> None:
    assert image_size("https://example.org/a.png") is None


TILES, PATCHES = ImageTokens("tiles", 170, 85), ImageTokens("patches", 1.62)
AREA, SQUARES = ImageTokens("area", 750), ImageTokens("squares", 258)


@pytest.mark.parametrize(
    ("facts", "size", "detail", "tokens"),
    [
        # The examples of OpenAI's guide.
        (TILES, Size(1024, 1024), "high", 765),
        (TILES, Size(2048, 4096), "high", 1105),
        (TILES, Size(4096, 8192), "low", 85),
        (TILES, Size(1, 1), None, 255),
        (PATCHES, Size(1024, 1024), None, 1659),
        (PATCHES, Size(10_000, 10_000), None, 2465),
        # The guide's own example, 1452 patches.
        (PATCHES, Size(1800, 2400), None, 2353),
        (AREA, Size(1568, 1568), None, 1600),
        # Those of Anthropic's.
        (AREA, Size(200, 200), None, 54),
        (AREA, Size(1000, 1000), None, 1334),
        (AREA, Size(5000, 5), None, 5),
        (SQUARES, Size(384, 384), None, 258),
        (SQUARES, Size(385, 100), None, 258),
        (SQUARES, Size(1536, 769), None, 4 * 258),
    ],
)
def test_image_takes_what_its_provider_has_published(
    facts: ImageTokens, size: Size, detail: str | None, tokens: int
) -> None:
    assert image_tokens(size, facts, detail) == tokens


@pytest.mark.parametrize("facts", [TILES, PATCHES, AREA, SQUARES])
@given(st.integers(1, LARGEST_SIDE), st.integers(1, LARGEST_SIDE))
def test_image_of_any_size_takes_some_tokens_and_not_too_many(facts: ImageTokens, width: int, height: int) -> None:
    assert 0 < image_tokens(Size(width, height), facts) <= 258 * (LARGEST_SIDE // 768 + 1) ** 2
