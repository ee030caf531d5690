"""Writes the parts of a content as Converse's blocks: texts, images, documents, video, audio."""

import re
import string
from collections.abc import Sequence
from typing import Literal

from gateway.dialects.bedrock.types import CachePoint, ContentBlock, Document, Media, Source
from gateway.dialects.cache_control import anthropic_control
from gateway.dialects.data_urls import plain_audio, read_data_url
from gateway.dialects.report import Report
from gateway.neutral.json import object_or_none, text_or_none
from gateway.neutral.parts import (
    WORDS,
    AudioPart,
    CacheControl,
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    UnknownPart,
    read_source,
)

_BASE64 = f"{string.ascii_letters}{string.digits}+/".encode()
_Kind = Literal["image", "document", "video", "audio"]
# Formats by media type (botocore's service model of bedrock-runtime 1.44, August 2026).
_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_VIDEOS = {
    "video/x-matroska": "mkv",
    "video/quicktime": "mov",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/x-ms-wmv": "wmv",
    "video/3gpp": "three_gp",
}
_AUDIO = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/webm": "webm",
}
_KINDS: dict[_Kind, dict[str, str]] = {"image": _IMAGES, "document": _DOCUMENTS, "video": _VIDEOS, "audio": _AUDIO}
_EXTENSIONS: dict[str, tuple[_Kind, str]] = {
    **{name: (kind, name) for kind, formats in reversed(_KINDS.items()) for name in formats.values()},
    "jpg": ("image", "jpeg"),
    "htm": ("document", "html"),
    "text": ("document", "txt"),
    "markdown": ("document", "md"),
    "mpg": ("video", "mpg"),
    "3gp": ("video", "three_gp"),
    "opus": ("audio", "opus"),
}
_AUDIO_FORMATS = frozenset({*_AUDIO.values(), "opus", "mka", "x-aac", "m4a", "mpga", "pcm", "mkv"})
_SEND_DATA = "by their address: nothing is fetched for it, so send the data itself as a data: URL"
_S3 = "s3://"
_LONGEST_NAME = 200
_ODD_IN_NAMES = re.compile(r"[^A-Za-z0-9\s()\[\]-]")
_BLANKS = re.compile(r"\s+")


class ContentWriter:
    """Writes the contents of one request. What Bedrock cannot be shown is refused by its path."""

    def __init__(self, report: Report, *, takes_cache_points: bool) -> None:
        self._report = report
        self._takes_cache_points = takes_cache_points
        self._names = _DocumentNames()
        self.has_documents = False
        """Whether there was a document among the parts so far."""

    def blocks(self, parts: Sequence[Part]) -> list[ContentBlock]:
        """The blocks of a content. Blank texts are left out: Bedrock refuses them. Raises `InvalidRequest`."""
        blocks: list[ContentBlock] = []
        for part in parts:
            if isinstance(part, WORDS):
                if part.text and not part.text.isspace():
                    blocks.append({"text": part.text})
            else:
                blocks.append(self._block(part))
            if part.cache and blocks and not isinstance(part, RefusalPart | UnknownPart):
                point = cache_point(part.cache, self._report, is_supported=self._takes_cache_points)
                blocks += [{"cachePoint": point}] if point is not None else ()
        return blocks

    def _block(self, part: ImagePart | FilePart | AudioPart | UnknownPart) -> ContentBlock:
        match part:
            case ImagePart(url=str() as url):
                return self._fetched(url, None, part)
            case FilePart():
                return self._file(part)
            case AudioPart():
                return self._audio(part)
            case ImagePart() | UnknownPart():
                raise self._report.unsupported("content of an unknown type", part.path)

    def _audio(self, part: AudioPart) -> ContentBlock:
        audio = plain_audio(part.audio)
        data, name = text_or_none(audio.get("data")), text_or_none(audio.get("format"))
        if data is None or name is None:
            raise self._report.unsupported("content of type 'input_audio'", part.path)
        if name not in _AUDIO_FORMATS:
            raise self._report.unsupported(f"sound of the format {name!r}", part.path)
        source, text = read_source(data)
        if source == "address":
            if not text.startswith(_S3):
                raise self._report.unsupported(f"sound {_SEND_DATA}", part.path)
            return {"audio": {"format": name, "source": {"s3Location": {"uri": text}}}}
        return {"audio": {"format": name, "source": {"bytes": self._base64(data, part.path)}}}

    def _file(self, part: FilePart) -> ContentBlock:
        for address in (part.data, part.file_id):
            if address is not None and address.startswith(("data:", _S3)):
                return self._fetched(address, part.filename, part)
        if part.data is None and part.file_id is None and part.url is not None:
            return self._fetched(part.url, part.filename, part)
        if part.data is None:
            raise self._report.unsupported("files by the id that another provider gave them", part.path)
        return self._media({"bytes": self._base64(part.data, part.path)}, "", part.filename, part)

    def _fetched(self, url: str, name: str | None, part: ImagePart | FilePart) -> ContentBlock:
        """What is at an address: the data of a `data:` URL, or where Bedrock finds it in S3."""
        if url.startswith(_S3):
            return self._media({"s3Location": {"uri": url}}, "", name or url, part)
        found = read_data_url(url)
        if found is None:
            raise self._report.unsupported(f"{_plural(part)} {_SEND_DATA}", part.path)
        media_type, data = found
        return self._media({"bytes": self._base64(data, part.path)}, media_type, name, part)

    def _media(self, source: Source, media_type: str, name: str | None, part: ImagePart | FilePart) -> ContentBlock:
        found = _format(media_type, name)
        if found is None:
            what = media_type or (name or "").rpartition(".")[2]
            raise self._report.unsupported(f"{_plural(part)} of the kind {what!r}", part.path)
        kind, format_name = found
        media: Media = {"format": format_name, "source": source}
        match kind:
            case "image":
                return {"image": media}
            case "video":
                return {"video": media}
            case "audio":
                return {"audio": media}
            case "document":
                return {"document": self._document(media, name, part)}

    def _document(self, media: Media, name: str | None, part: ImagePart | FilePart) -> Document:
        self.has_documents = True
        stem = name.rpartition("/")[2].rpartition(".")[0] if name and "." in name else name
        document: Document = {"format": media["format"], "name": self._names.take(stem), "source": media["source"]}
        citations = object_or_none(part.extra.get("citations"))
        if citations is not None:
            document["citations"] = {"enabled": citations.get("enabled") is True}
        return document

    def _base64(self, data: str, path: str) -> str:
        """The data. Bedrock would refuse the whole request if it were no base64."""
        if not is_base64(data):
            raise self._report.invalid("The data is not base64", path)
        if not data:
            raise self._report.invalid("There is no data", path)
        return data


def is_base64(data: str) -> bool:
    """Whether a text is base64 to the letter. Decoding 15 MB would hold up the loop four times as long."""
    if len(data) % 4 or not data.isascii():
        return False
    others = data.encode().translate(None, _BASE64)
    return others in (b"", b"=", b"==") and data.endswith(others.decode())


def cache_point(given: Sequence[CacheControl], report: Report, *, is_supported: bool) -> CachePoint | None:
    """The cache point for Anthropic's cache control or OpenAI's breakpoint; None, and reported, where there is none."""
    own = anthropic_control(given) if is_supported else None
    if own is None:
        report.drop_all(control.path for control in given)
        return None
    point: CachePoint = {"type": "default"}
    ttl = text_or_none(own.get("ttl"))
    if ttl in ("5m", "1h"):
        point["ttl"] = ttl
    return point


class _DocumentNames:
    """The names of the documents of one request: without characters that Bedrock refuses in them, and each unique."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def take(self, name: str | None) -> str:
        """The name for a document that the client calls `name`."""
        clean = _BLANKS.sub(" ", _ODD_IN_NAMES.sub(" ", name or "")).strip()[:_LONGEST_NAME].strip()
        wanted = clean or f"Document {len(self._taken) + 1}"
        taken, number = wanted, self._numbers.get(wanted, 1)
        while taken in self._taken:
            number += 1
            taken = f"{wanted[: _LONGEST_NAME - 8]} {number}"
        self._taken.add(taken)
        self._numbers[wanted] = number
        return taken


def _format(media_type: str, name: str | None) -> tuple[_Kind, str] | None:
    """The kind of block, and the format, by the media type or else by the extension of the name."""
    for kind, formats in _KINDS.items():
        if media_type in formats:
            return kind, formats[media_type]
    if media_type in ("", "application/octet-stream"):
        return _EXTENSIONS.get((name or "").rpartition(".")[2].lower())
    return ("document", "txt") if media_type.startswith("text/") else None


def _plural(part: ImagePart | FilePart) -> str:
    return "images" if isinstance(part, ImagePart) else "files"
