"""Writes the parts of messages as Anthropic's blocks: texts, images, documents."""

import base64
import binascii
import mimetypes
from typing import Any

from gateway.dialects.conversation.data_urls import read_data_url
from gateway.dialects.conversation.report import Report
from gateway.dialects.profiles import Facts

Block = dict[str, Any]
Part = dict[str, Any]

# Shared facts on providers, section 4.
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_DOCUMENT = "application/pdf"
_TEXTS = ("application/json", "application/xml", "application/yaml", "application/javascript")
# Files without a type are told by how they begin, in base64.
_PDF = "JVBERi0"


def mark_of(part: dict[str, Any]) -> Block:
    """The mark that the prefix up to here is to be cached: Anthropic's own, or OpenAI's."""
    mark = part.get("cache_control")
    if isinstance(mark, dict):
        return {"cache_control": mark}
    return {"cache_control": {"type": "ephemeral"}} if part.get("prompt_cache_breakpoint") else {}


def text_blocks(parts: list[Part]) -> list[Block]:
    """The blocks of texts and refusals. Blank ones, which Anthropic refuses, are left out."""
    blocks: list[Block] = []
    for part in parts:
        text = part["refusal"] if part["type"] == "refusal" else part["text"]
        if text and not text.isspace():
            # Nearly all are nothing but their text.
            more = mark_of(part) if len(part) > 2 else {}
            blocks.append({"type": "text", "text": text, **more})
    return blocks


class BlockWriter:
    """Writes parts for one upstream; what it cannot be shown is refused where it stands."""

    def __init__(self, facts: Facts, report: Report) -> None:
        self._facts = facts
        self._report = report

    def write(self, parts: list[Part], number: int, field: str = "content") -> list[Block]:
        """The blocks for the parts of the item with this number. Raises `InvalidRequest`."""
        blocks: list[Block] = []
        for place, part in enumerate(parts):
            if part["type"] in ("text", "refusal"):
                blocks += text_blocks([part])
            else:
                path = self._report.item(number, f".{field}[{place}]")
                blocks.append({**self._shown(part, path), **mark_of(part)})
        return blocks

    def _shown(self, part: Part, path: str) -> Block:
        match part:
            case {"type": "image_url", "image_url": {"url": str() as url, **more}}:
                if more.get("detail") not in (None, "auto"):
                    self._report.leave_out(f"{path}.detail")
                return self._image(url, path)
            case {"type": "file", "file": dict() as file}:
                extra = {name: part[name] for name in ("citations", "context") if part.get(name) is not None}
                return {**self._file(file, path), **extra}
            case {"type": "image_url" | "file"}:
                raise self._report.invalid("An image or a file needs its address or its data", path)
            case _:
                raise self._report.unsupported(f"content of type {part['type']!r}", f"{path}.type")

    def _image(self, url: str, path: str) -> Block:
        if not url.startswith("data:"):
            return {"type": "image", "source": self._address(url, path)}
        kind, data = self._data(url, path)
        return self._picture(kind, data, path)

    def _picture(self, kind: str, data: str, path: str) -> Block:
        kind = "image/jpeg" if kind == "image/jpg" else kind
        if kind not in _IMAGES:
            raise self._report.unsupported(f"images of type {kind!r}, only JPEG, PNG, GIF and WebP", path)
        return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}

    def _file(self, file: dict[str, Any], path: str) -> Block:
        name = file.get("filename")
        title = {"title": name} if isinstance(name, str) and name else {}
        match file:
            case {"file_data": str() as data}:
                kind, data = self._data(data, path) if data.startswith("data:") else ("", data)
                return self._document(kind or _guessed(title.get("title", ""), data), data, title, path)
            case {"file_url": str() as url}:
                return {"type": "document", "source": self._address(url, path), **title}
            case {"file_id": str()}:
                raise self._report.unsupported("files by their id, only their data", path)
            case _:
                raise self._report.invalid("A file needs its data or its address", path)

    def _document(self, kind: str, data: str, title: Block, path: str) -> Block:
        if kind.startswith("image/"):
            return self._picture(kind, data, path)
        if kind == _DOCUMENT:
            return {"type": "document", "source": {"type": "base64", "media_type": kind, "data": data}, **title}
        if not kind.startswith("text/") and kind not in _TEXTS:
            raise self._report.unsupported(f"files of type {kind!r}, only PDF, texts and images", path)
        try:
            text = base64.b64decode(data, validate=True).decode()
        except (binascii.Error, ValueError):
            raise self._report.invalid("A text file is UTF-8 in base64", path) from None
        return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}, **title}

    def _address(self, url: str, path: str) -> Block:
        """A source that Anthropic fetches itself. The gateway never does."""
        if not url.startswith(("https://", "http://")):
            raise self._report.invalid("An address begins with https://, http:// or data:", path)
        if not self._facts.takes_image_urls:
            raise self._report.unsupported("data by its address, only in a data: URL", path)
        return {"type": "url", "url": url}

    def _data(self, url: str, path: str) -> tuple[str, str]:
        """The type of a data: URL, and its data in base64."""
        found = read_data_url(url)
        if found is None:
            raise self._report.invalid("A data: URL is data:<type>;base64,<data>", path)
        return found


def _guessed(name: str, data: str) -> str:
    """The type of a file that came without one."""
    if data.startswith(_PDF):
        return _DOCUMENT
    return mimetypes.guess_type(name)[0] or ("" if name else _DOCUMENT)
