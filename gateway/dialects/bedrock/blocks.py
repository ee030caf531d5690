"""Writes chat's parts as Converse's content blocks: texts, images, documents, video, sound."""

import binascii
from collections.abc import Sequence
from typing import Any

from gateway.dialects.bedrock.naming import DocumentNames
from gateway.dialects.conversation.content import Part
from gateway.dialects.conversation.data_urls import read_data_url
from gateway.dialects.conversation.report import Report

Block = dict[str, Any]

CACHE = "cache_control"
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
_SOUNDS = {
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
_KINDS = {"image": _IMAGES, "document": _DOCUMENTS, "video": _VIDEOS, "audio": _SOUNDS}
_FORMATS = {form: (kind, form) for kind, formats in reversed(_KINDS.items()) for form in formats.values()} | {
    "jpg": ("image", "jpeg"),
    "htm": ("document", "html"),
    "text": ("document", "txt"),
    "markdown": ("document", "md"),
    "mpg": ("video", "mpg"),
    "3gp": ("video", "three_gp"),
    "opus": ("audio", "opus"),
}
_SOUND_FORMATS = frozenset({*_SOUNDS.values(), "opus", "mka", "x-aac", "m4a", "mpga", "pcm", "mkv"})
_SEND_DATA = "by their address: nothing is fetched for it, so send the data itself as a data: URL"


class BlockWriter:
    """Writes the parts of one request; what Bedrock cannot be shown is refused where it stands."""

    def __init__(self, report: Report, *, takes_cache_points: bool) -> None:
        self._report = report
        self._takes_cache_points = takes_cache_points
        self._names = DocumentNames()
        self.has_documents = False
        """Whether there was a document among the parts so far."""

    def blocks(self, parts: Sequence[Part], number: int, field: str = "content") -> list[Block]:
        """The blocks of a content. Blank texts are left out: Bedrock refuses them. Raises `InvalidRequest`."""
        blocks: list[Block] = []
        for place, part in enumerate(parts):
            if part["type"] == "text":
                # Bedrock refuses blank ones.
                if part["text"].strip():
                    blocks.append({"text": part["text"]})
            else:
                blocks += self._block(part, self._report.item(number, f".{field}[{place}]"))
            if part.get(CACHE) is not None and blocks:
                blocks += self.cache_point(part[CACHE])
        return blocks

    def cache_point(self, mark: Any) -> list[Block]:
        """The block that stands for Anthropic's mark behind a part; nothing where the model knows no cache."""
        if not self._takes_cache_points or not isinstance(mark, dict):
            self._report.leave_out(CACHE)
            return []
        ttl = {"ttl": mark["ttl"]} if mark.get("ttl") in ("5m", "1h") else {}
        return [{"cachePoint": {"type": "default", **ttl}}]

    def _block(self, part: Part, path: str) -> list[Block]:
        match part:
            case {"type": "refusal", "refusal": str() as text}:
                return [{"text": text}] if text.strip() else []
            case {"type": "image_url", "image_url": {"url": str() as url}}:
                return [self._fetched(url, None, part, path)]
            case {"type": "input_audio", "input_audio": {"data": str() as data, "format": str() as form}}:
                if form not in _SOUND_FORMATS:
                    raise self._report.unsupported(f"sound of the format {form!r}", path)
                return [{"audio": {"format": form, "source": {"bytes": _base64(data, path, self._report)}}}]
            case {"type": "file", "file": dict() as file}:
                return [self._file(file, part, path)]
            case _:
                raise self._report.unsupported(f"content of type {part.get('type')!r}", path)

    def _file(self, file: dict[str, Any], part: Part, path: str) -> Block:
        name = file.get("filename") if isinstance(file.get("filename"), str) else None
        data, file_id = file.get("file_data"), file.get("file_id")
        address = file.get("file_url")
        for value in (data, file_id, address):
            if isinstance(value, str) and (value.startswith(("data:", "s3://")) or value is address):
                return self._fetched(value, name, part, path)
        if isinstance(data, str):
            return self._made({"bytes": _base64(data, path, self._report)}, "", name, part, path)
        raise self._report.unsupported("files by the id that another provider gave them", path)

    def _fetched(self, url: str, name: str | None, part: Part, path: str) -> Block:
        """What an address holds, or where Bedrock finds it in S3."""
        if url.startswith("s3://"):
            return self._made({"s3Location": {"uri": url}}, "", name or url, part, path)
        found = read_data_url(url)
        if found is None:
            raise self._report.unsupported(f"{_plural(part)} {_SEND_DATA}", path)
        kind, data = found
        return self._made({"bytes": _base64(data, path, self._report)}, kind, name, part, path)

    def _made(self, source: Block, media: str, name: str | None, part: Part, path: str) -> Block:
        kind, form = _kind(media, name)
        if not kind:
            what = media or (name or "").rpartition(".")[2]
            raise self._report.unsupported(f"{_plural(part)} of the kind {what!r}", path)
        if kind != "document":
            return {kind: {"format": form, "source": source}}
        self.has_documents = True
        stem = name.rpartition("/")[2].rpartition(".")[0] if name and "." in name else name
        document = {"format": form, "name": self._names.take(stem), "source": source}
        if isinstance(part.get("citations"), dict):
            document["citations"] = {"enabled": part["citations"].get("enabled") is True}
        return {"document": document}


def _kind(media: str, name: str | None) -> tuple[str, str]:
    """The kind of block, and the format, by the media type or else by the name's ending."""
    for kind, formats in _KINDS.items():
        if media in formats:
            return kind, formats[media]
    ending = (name or "").rpartition(".")[2].lower()
    if media in ("", "application/octet-stream"):
        return _FORMATS.get(ending, ("", ""))
    return ("document", "txt") if media.startswith("text/") else ("", "")


def _plural(part: Part) -> str:
    return "images" if part["type"] == "image_url" else "files"


def _base64(data: str, path: str, report: Report) -> str:
    """The data, which Bedrock would refuse as a whole request if it were no base64."""
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        raise report.invalid("The data is not base64", path) from None
    if not data:
        raise report.invalid("There is no data", path)
    return data
