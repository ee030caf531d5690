"""How large an image is, out of its first bytes, and how many tokens it takes by what its provider has published."""

import base64
import binascii
import math
import struct

from gateway.dialects.data_urls import DATA_URL_HEAD
from gateway.dialects.profiles.tokens import ImageTokens
from gateway.neutral.values import value

MOST_HEAD = 256 * 1024
"""Bytes of an image in which its size is looked for; a JPEG may have a preview and a colour profile in front of it."""
LARGEST_SIDE = 65_535
"""Pixels; a format has no larger ones, or nobody reads them."""


@value
class Size:
    """Pixels. Both are at least 1."""

    width: int
    height: int


USUAL = Size(1024, 1024)
"""What an image is taken for that is not in the request: nothing is fetched."""
_PATCH, _MOST_PATCHES = 32, 1536
_MOST_OF_AREA = 1600
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_MOST_SEGMENTS = 1000
_WEBP_CHUNK = 20


def image_size(url: str) -> Size | None:
    """The size of an image in a `data:` URL: a PNG, JPEG, GIF or WebP. None for anything else. Raises nothing."""
    found = DATA_URL_HEAD.match(url)
    if found is None or ";base64" not in found[2].lower():
        return None
    start = found.end()
    text = url[start : start + (MOST_HEAD // 3) * 4]
    try:
        return size_of(base64.b64decode(text[: len(text) // 4 * 4].encode("ascii", "replace")))
    except binascii.Error:
        return None


def size_of(head: bytes) -> Size | None:
    """The size of the image that begins with these bytes; None where that cannot be seen. Raises nothing."""
    found: tuple[int, int] | None = None
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR" and len(head) >= 24:
        found = struct.unpack_from(">II", head, 16)
    elif head.startswith((b"GIF87a", b"GIF89a")) and len(head) >= 10:
        found = struct.unpack_from("<HH", head, 6)
    elif head.startswith(b"\xff\xd8"):
        found = _jpeg(head)
    elif head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        found = _webp(head)
    if found is None or not (0 < found[0] <= LARGEST_SIDE and 0 < found[1] <= LARGEST_SIDE):
        return None
    return Size(*found)


def image_tokens(size: Size, facts: ImageTokens, detail: str | None = None) -> int:
    """The tokens of one image. `detail` is OpenAI's: `low`, `high` or `auto`."""
    match facts.form:
        case "tiles":
            # OpenAI: within 2048 pixels, then the shorter side 768 at most, in tiles of 512. Guide "Images and vision",
            # https://platform.openai.com/docs/guides/images-vision, section "Calculating costs", 2026.
            tiles = 0 if detail == "low" else _squares(_shorter(_within(size, 2048), 768), 512)
            return math.ceil(facts.base + facts.each * tiles)
        case "patches":
            # OpenAI's smaller and newer models, the same guide: patches of 32 pixels, by a factor.
            return math.ceil(facts.base + facts.each * _patches(size))
        case "area":
            # Anthropic: within 1568 pixels, and scaled down to some 1600 tokens where it would take more.
            # https://docs.claude.com/en/docs/build-with-claude/vision, 2026.
            fitting = _within(size, 1568)
            return min(math.ceil(fitting.width * fitting.height / facts.each), _MOST_OF_AREA)
        case "squares":
            # Gemini 2.0 and later: one where both sides are 384 pixels or less, else as many as tiles of 768.
            # https://ai.google.dev/gemini-api/docs/image-understanding, 2026.
            is_small = max(size.width, size.height) <= 384
            return math.ceil(facts.each * (1 if is_small else _squares(size, 768)))


def _patches(size: Size) -> int:
    """Patches of 32 pixels. An image with more than 1536 of them is scaled until so many whole ones are left."""
    if (whole := _squares(size, _PATCH)) <= _MOST_PATCHES:
        return whole
    factor = math.sqrt(_PATCH**2 * _MOST_PATCHES / (size.width * size.height))
    sides = size.width * factor / _PATCH, size.height * factor / _PATCH
    factor = min(math.floor(side) / side for side in sides)
    # What is whole but for the last digits of a float is whole.
    return math.prod(max(math.ceil(round(side * factor, 6)), 1) for side in sides)


def _within(size: Size, longest: int) -> Size:
    return _scaled(size, min(1.0, longest / max(size.width, size.height)))


def _shorter(size: Size, longest: int) -> Size:
    return _scaled(size, min(1.0, longest / min(size.width, size.height)))


def _scaled(size: Size, factor: float) -> Size:
    return Size(max(round(size.width * factor), 1), max(round(size.height * factor), 1))


def _squares(size: Size, side: int) -> int:
    return math.ceil(size.width / side) * math.ceil(size.height / side)


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """The size in the header of the first frame, which stands among the first segments."""
    place = 2
    for _ in range(_MOST_SEGMENTS):
        if place + 9 > len(head) or head[place] != 0xFF:
            break
        marker = head[place + 1]
        if marker == 0xFF:
            place += 1
        elif marker in _JPEG_WITHOUT_LENGTH:
            place += 2
        elif marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", head, place + 5)
            return width, height
        else:
            place += 2 + max(int(struct.unpack_from(">H", head, place + 2)[0]), 2)
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    """The size in the first chunk: lossy, lossless or extended."""
    if len(head) < _WEBP_CHUNK + 10:
        return None
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, _WEBP_CHUNK + 6)
            # The two highest bits are a scale.
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(head[_WEBP_CHUNK + 1 : _WEBP_CHUNK + 5], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            sides = head[_WEBP_CHUNK + 4 : _WEBP_CHUNK + 10]
            return int.from_bytes(sides[:3], "little") + 1, int.from_bytes(sides[3:], "little") + 1
    return None
