"""Writes the parts of a message in Gemini's form: texts, and data that comes along or that Google fetches."""

from typing import Any
from urllib.parse import urlsplit

from gateway.dialects.conversation.data_urls import read_data_url
from gateway.dialects.conversation.report import Report
from gateway.dialects.profiles import Facts

Part = dict[str, Any]

_FILES = "https://generativelanguage.googleapis.com/v1beta/"
_GOOGLES_OWN = (_FILES, "gs://")
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "xml": "text/xml",
    "json": "application/json",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "aac": "audio/aac",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
}
# Marks of what to cache, which Gemini does by itself.
_MARKS = frozenset({"cache_control", "prompt_cache_breakpoint"})
# Google looks at the data itself; the type says which way to read it.
_IMAGE, _DOCUMENT = "image/jpeg", "application/pdf"
_BLANK = " "


def text_part(text: str) -> Part:
    """A text, which must not be empty."""
    return {"text": text or _BLANK}


class PartWriter:
    """Writes parts for one upstream; what it cannot be shown is refused where it stands."""

    def __init__(self, facts: Facts, report: Report) -> None:
        self._facts = facts
        self._report = report

    def write(self, parts: list[Part], number: int) -> list[Part]:
        """The parts of the item with this number. Empty texts, which Gemini refuses, are left out."""
        written: list[Part] = []
        for place, part in enumerate(parts):
            if part["type"] != "text":
                written.append(self._part(part, self._report.item(number, f".content[{place}]")))
            elif part["text"]:
                written.append({"text": part["text"]})
            for name in _MARKS & part.keys():
                self._report.leave_out(self._report.item(number, f".content[{place}].{name}"))
        return written

    def _part(self, part: Part, path: str) -> Part:
        match part:
            case {"type": "image_url", "image_url": dict() as image}:
                return self._image(image, path)
            case {"type": "input_audio", "input_audio": {"data": str() as data, **sound}}:
                kind = sound.get("format")
                return _inline(_TYPES.get(kind, f"audio/{kind}") if isinstance(kind, str) else "audio/wav", data)
            case {"type": "file", "file": dict() as file}:
                return self._file(file, path)
            case {"type": str() as kind}:
                raise self._report.unsupported(f"content of type {kind!r}", f"{path}.type")
            case _:
                raise self._report.invalid("A content part is an object with a type", path)

    def _image(self, image: dict[str, Any], path: str) -> Part:
        if image.get("detail") not in (None, "auto"):
            self._report.leave_out(f"{path}.detail")
        url = image.get("url")
        if not isinstance(url, str):
            raise self._report.invalid("An image needs its address", path)
        return self._located(url, path, _IMAGE)

    def _file(self, file: dict[str, Any], path: str) -> Part:
        name = file.get("filename")
        kind = _type_of(name if isinstance(name, str) else "", _DOCUMENT)
        match file:
            case {"file_data": str() as data}:
                return self._located(data, path, kind) if data.startswith("data:") else _inline(kind, data)
            case {"file_url": str() as url}:
                return self._located(url, path, kind)
            case {"file_id": str() as known} if known.startswith("files/"):
                return _fetched(_FILES + known, kind if name else None)
            case {"file_id": str() as known} if known.startswith(_GOOGLES_OWN):
                return _fetched(known, _type_of(known, kind))
            case {"file_id": _}:
                raise self._report.unsupported("files by an id that is not its own", f"{path}.file_id")
            case _:
                raise self._report.invalid("A file needs its data or its id", path)

    def _located(self, url: str, path: str, usual: str) -> Part:
        """Data that is in the address, or that Google fetches from there."""
        if url.startswith("data:"):
            return self._data(url, path, usual)
        if not url.startswith(("https://", "http://", "gs://")):
            raise self._report.invalid("An address begins with https://, http://, gs:// or data:", path)
        if not self._facts.takes_image_urls:
            raise self._report.unsupported("data by its address, only in a data: URL", path)
        try:
            path_there = urlsplit(url).path
        except ValueError:
            raise self._report.invalid("The address is none", path) from None
        return _fetched(url, _type_of(path_there, usual))

    def _data(self, url: str, path: str, usual: str) -> Part:
        found = read_data_url(url)
        if found is None:
            raise self._report.invalid("A data: URL is data:<type>;base64,<data>", path)
        kind, data = found
        return _inline(kind or usual, data)


def _inline(kind: str, data: str) -> Part:
    return {"inlineData": {"mimeType": kind, "data": data}}


def _fetched(uri: str, kind: str | None) -> Part:
    return {"fileData": {"mimeType": kind, "fileUri": uri} if kind else {"fileUri": uri}}


def _type_of(name: str, usual: str) -> str:
    return _TYPES.get(name.rpartition(".")[2].lower(), usual)
