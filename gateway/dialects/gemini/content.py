"""Writes the parts of a content: texts, and data that comes along or that Google fetches."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from gateway.dialects.data_urls import plain_audio, read_data_url
from gateway.dialects.gemini.types import Part
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.report import Report
from gateway.neutral.json import text_or_none
from gateway.neutral.parts import AudioPart, FilePart, ImagePart, RefusalPart, TextPart, UnknownPart, read_source
from gateway.neutral.parts import Part as NeutralPart
from gateway.neutral.paths import field_path

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
# Google looks at the data itself; the type decides which way to read it.
_IMAGE, _DOCUMENT = "image/jpeg", "application/pdf"
_BLANK = " "


def text_part(text: str) -> Part:
    """A text, which must not be empty."""
    return {"text": text or _BLANK}


class ContentWriter:
    """Writes contents for one upstream."""

    def __init__(self, profile: GeminiProfile, report: Report) -> None:
        self._profile = profile
        self._report = report

    def write(self, parts: Sequence[NeutralPart]) -> list[Part]:
        """The parts. Empty texts, which Gemini refuses, are left out, and so is cache control: it caches by itself.

        Raises `InvalidRequest` for a part that Gemini cannot be given.
        """
        written: list[Part] = []
        for part in parts:
            if type(part) is TextPart and not part.cache:
                # Most are.
                if part.text:
                    written.append({"text": part.text})
                continue
            match part:
                case TextPart():
                    if part.text:
                        written.append({"text": part.text})
                case ImagePart():
                    written.append(self._image(part))
                case FilePart():
                    written.append(self._file(part))
                case AudioPart():
                    written.append(self._audio(part))
                case RefusalPart():
                    raise self._report.unsupported("content of type 'refusal'", field_path(part.path, "type"))
                case UnknownPart():
                    raise self._report.unsupported(f"content of type {part.kind!r}", field_path(part.path, "type"))
            for cache in part.cache:
                self._report.drop(cache.path)
        return written

    def _image(self, part: ImagePart) -> Part:
        if part.detail not in (None, "auto"):
            self._report.drop(field_path(part.path, "detail"))
        if part.url is None:
            raise self._report.unsupported("images by the id of a file", part.source_path)
        return self._located(part.url, part.source_path, _IMAGE)

    def _audio(self, part: AudioPart) -> Part:
        audio = plain_audio(part.audio)
        data, kind = text_or_none(audio.get("data")), text_or_none(audio.get("format"))
        if data is None:
            raise self._report.unsupported("content of type 'input_audio'", field_path(part.path, "type"))
        media_type = "audio/wav" if kind is None else _TYPES.get(kind, f"audio/{kind}")
        source, text = read_source(data)
        return self._located(text, part.path, media_type) if source == "address" else _inline(media_type, data)

    def _file(self, part: FilePart) -> Part:
        kind = _type_of(part.filename or "", _DOCUMENT)
        if part.data is not None:
            is_url = part.data.startswith("data:")
            return self._data(part.data, part.path, kind) if is_url else _inline(kind, part.data)
        if part.file_id is not None:
            return self._own_file(part.file_id, part, kind)
        if part.url is not None:
            return self._located(part.url, part.source_path, kind)
        raise self._report.invalid("A file needs its data or its id", part.path)

    def _own_file(self, file_id: str, part: FilePart, kind: str) -> Part:
        """A file that was uploaded to Google."""
        if file_id.startswith("files/"):
            return _fetched(_FILES + file_id, kind if part.filename else None)
        if file_id.startswith(_GOOGLES_OWN):
            return _fetched(file_id, _type_of(file_id, kind))
        raise self._report.unsupported("files by an id that is not its own", part.source_path)

    def _located(self, url: str, path: str, default_type: str) -> Part:
        """Data that is in the address, or that Google fetches from there."""
        if url.startswith("data:"):
            return self._data(url, path, default_type)
        if not url.startswith(("https://", "http://", "gs://")):
            raise self._report.invalid("An address begins with https://, http://, gs:// or data:", path)
        if not self._profile.takes_image_urls:
            raise self._report.unsupported("data by its address, only in a data: URL", path)
        try:
            url_path = urlsplit(url).path
        except ValueError:
            raise self._report.invalid("The address is none", path) from None
        return _fetched(url, _type_of(url_path, default_type))

    def _data(self, url: str, path: str, default_type: str) -> Part:
        found = read_data_url(url)
        if found is None:
            raise self._report.invalid("A data: URL is data:<type>;base64,<data>", path)
        kind, data = found
        return _inline(kind or default_type, data)


def _inline(kind: str, data: str) -> Part:
    return {"inlineData": {"mimeType": kind, "data": data}}


def _fetched(uri: str, kind: str | None) -> Part:
    return {"fileData": {"mimeType": kind, "fileUri": uri} if kind else {"fileUri": uri}}


def _type_of(name: str, default: str) -> str:
    return _TYPES.get(name.rpartition(".")[2].lower(), default)
