"""Writes the parts of messages as Anthropic's content blocks: texts, images, documents."""

import base64
import binascii
import mimetypes
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeGuard

from gateway.dialects.anthropic.types import (
    Base64Source,
    Block,
    DocumentBlock,
    ImageBlock,
    InputBlock,
    RequestBody,
    TextBlock,
    Tool,
    ToolResultBlock,
    UrlSource,
)
from gateway.dialects.cache_control import anthropic_control
from gateway.dialects.data_urls import read_data_url
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.report import Report
from gateway.neutral.json import Json, object_or_empty
from gateway.neutral.parts import (
    WORDS,
    AudioPart,
    CacheControl,
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    UnknownPart,
)
from gateway.neutral.paths import field_path

# Shared facts on providers, section 4.
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_DOCUMENT = "application/pdf"
_TEXTS = ("application/json", "application/xml", "application/yaml", "application/javascript")
MOST_CACHE_CONTROLS = 4
"""In one request."""
# How a PDF begins, in base64: the type of a file that came without one.
_PDF = "JVBERi0"


def text_blocks(parts: Iterable[Part]) -> list[TextBlock]:
    """The blocks of texts and refusals. Blank ones, which Anthropic refuses, are left out."""
    blocks: list[TextBlock] = []
    for part in parts:
        if isinstance(part, WORDS) and part.text and not part.text.isspace():
            block: TextBlock = {"type": "text", "text": part.text}
            if part.cache and type(part) is TextPart and (cache := anthropic_control(part.cache)) is not None:
                block["cache_control"] = cache
            blocks.append(block)
    return blocks


class ContentWriter:
    """Writes parts for one upstream, and refuses what it cannot take."""

    def __init__(self, profile: AnthropicProfile, report: Report) -> None:
        self._profile = profile
        self._report = report

    def write(self, parts: Sequence[Part]) -> list[InputBlock]:
        """The blocks for the parts of one content. Raises `InvalidRequest`."""
        if len(parts) == 1 and type(part := parts[0]) is TextPart and not part.cache:
            # Most are.
            return [{"type": "text", "text": part.text}] if part.text and not part.text.isspace() else []
        blocks: list[InputBlock] = []
        for part in parts:
            match part:
                case TextPart() | RefusalPart():
                    blocks += text_blocks((part,))
                case ImagePart():
                    blocks.append(_cached(self._image_part(part), part.cache))
                case FilePart():
                    blocks.append(_cached(self._file(part), part.cache))
                case AudioPart():
                    raise self._unsupported("input_audio", part)
                case UnknownPart():
                    raise self._unsupported(part.kind, part)
        return blocks

    def _unsupported(self, kind: str, part: Part) -> Exception:
        return self._report.unsupported(f"content of type {kind!r}", field_path(part.path, "type"))

    def _image_part(self, part: ImagePart) -> ImageBlock:
        if part.detail not in (None, "auto"):
            self._report.drop(field_path(part.path, "detail"))
        url = part.url or ""
        if not url.startswith("data:"):
            return {"type": "image", "source": self._url(url, part.path)}
        kind, data = self._data(url, part.path)
        return self._image(kind, data, part.path)

    def _image(self, kind: str, data: str, path: str) -> ImageBlock:
        kind = "image/jpeg" if kind == "image/jpg" else kind
        if kind not in _IMAGES:
            raise self._report.unsupported(f"images of type {kind!r}, only JPEG, PNG, GIF and WebP", path)
        return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}

    def _file(self, part: FilePart) -> ImageBlock | DocumentBlock:
        block = self._file_block(part)
        if block["type"] == "document":
            if part.filename:
                block["title"] = part.filename
            if (citations := part.extra.get("citations")) is not None:
                block["citations"] = citations
            if (context := part.extra.get("context")) is not None:
                block["context"] = context
        return block

    def _file_block(self, part: FilePart) -> ImageBlock | DocumentBlock:
        data, path = part.data, part.path
        if data is not None:
            kind, data = self._data(data, path) if data.startswith("data:") else ("", data)
            return self._file_data(kind or _guessed(part.filename or "", data), data, path)
        if part.file_id is not None:
            raise self._report.unsupported("files by their id, only their data", path)
        return {"type": "document", "source": self._url(part.url or "", path)}

    def _file_data(self, kind: str, data: str, path: str) -> ImageBlock | DocumentBlock:
        if kind.startswith("image/"):
            return self._image(kind, data, path)
        if kind == _DOCUMENT:
            source: Base64Source = {"type": "base64", "media_type": kind, "data": data}
            return {"type": "document", "source": source}
        if not kind.startswith("text/") and kind not in _TEXTS:
            raise self._report.unsupported(f"files of type {kind!r}, only PDF, texts and images", path)
        try:
            text = base64.b64decode(data, validate=True).decode()
        except (binascii.Error, ValueError):
            raise self._report.invalid("A text file is UTF-8 in base64", path) from None
        return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}}

    def _url(self, url: str, path: str) -> UrlSource:
        """A source that Anthropic fetches itself. The gateway never does."""
        if not url.startswith(("https://", "http://")):
            raise self._report.invalid("An address begins with https://, http:// or data:", path)
        if not self._profile.takes_image_urls:
            raise self._report.unsupported("data by its address, only in a data: URL", path)
        return {"type": "url", "url": url}

    def _data(self, url: str, path: str) -> tuple[str, str]:
        """The type of a data: URL, and its data in base64."""
        found = read_data_url(url)
        if found is None:
            raise self._report.invalid("A data: URL is data:<type>;base64,<data>", path)
        return found


def _cached(block: ImageBlock | DocumentBlock, given: Sequence[CacheControl]) -> ImageBlock | DocumentBlock:
    if given and (cache := anthropic_control(given)) is not None:
        block["cache_control"] = cache
    return block


def _guessed(name: str, data: str) -> str:
    """The type of a file that came without one."""
    if data.startswith(_PDF):
        return _DOCUMENT
    return mimetypes.guess_type(name)[0] or ("" if name else _DOCUMENT)


def limit_cache_controls(body: RequestBody) -> bool:
    """Remove cache controls until there are no more than Anthropic takes. True if any was removed.

    The first stays, for what all conversations begin with, and the last ones, for where this one goes on.
    """
    cached = [block for block in _cacheable(body) if "cache_control" in block]
    most = MOST_CACHE_CONTROLS - ("cache_control" in body)
    if len(cached) <= most:
        return False
    for block in cached[1 : len(cached) - most + 1]:
        del block["cache_control"]
    return True


def keep_longer(body: RequestBody, lifetime: str) -> bool:
    """Give the cache controls that have none the longer lifetime. False where there is none, or one cannot have it.

    Longer lifetimes come first, or Anthropic refuses the request: what follows a shorter one of the client's own is
    kept no longer than that.
    """
    cached = [block for block in _cacheable(body) if "cache_control" in block]
    shorter: Json = None
    is_kept = bool(cached)
    for block in cached:
        control = object_or_empty(block["cache_control"])
        if (own := control.get("ttl")) is None:
            block["cache_control"] = {**control, "ttl": shorter or lifetime}
            is_kept = is_kept and shorter is None
        elif own != lifetime:
            shorter = own
    return is_kept


def is_cached(body: RequestBody) -> bool:
    """Whether anything of a request has a cache control."""
    return any("cache_control" in block for block in _cacheable(body))


def _cacheable(body: RequestBody) -> Iterator[Tool | Block]:
    """Everything that can have a cache control, in the order of the prefix: tools, system, messages."""
    yield from body.get("tools", ())
    system = body.get("system", "")
    if not isinstance(system, str):
        yield from system
    for message in body["messages"]:
        for block in message["content"]:
            if _is_tool_result(block) and isinstance(block["content"], list):
                yield from block["content"]
            yield block


def _is_tool_result(block: Block) -> TypeGuard[ToolResultBlock]:
    return block["type"] == "tool_result"
