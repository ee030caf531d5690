"""Writes the parts of a content for Cohere: texts and images."""

from collections.abc import Iterable, Sequence

from gateway.dialects.cohere.types import Content, ImageContent
from gateway.dialects.profiles.cohere import CohereProfile
from gateway.dialects.report import Report
from gateway.errors import InvalidRequest
from gateway.neutral.parts import AudioPart, FilePart, ImagePart, Part, RefusalPart, TextPart, UnknownPart
from gateway.neutral.paths import field_path


def write_parts(parts: Iterable[Part], profile: CohereProfile, report: Report) -> list[Content]:
    """Each part as Cohere has it. Raises `InvalidRequest` for files and audio."""
    return [_part(part, profile, report) for part in parts]


def simplified(content: list[Content]) -> str | list[Content]:
    """The content as a string where it is one text, or empty."""
    if not content:
        return ""
    first = content[0]
    return first["text"] if len(content) == 1 and first["type"] == "text" else content


def answer_texts(parts: Sequence[TextPart | RefusalPart], report: Report) -> list[Content]:
    """The texts and refusals of an earlier answer. Cohere refuses a message of empty ones."""
    for part in parts:
        if isinstance(part, TextPart):
            _drop_attached(part, report)
    return [{"type": "text", "text": part.text} for part in parts if part.text]


def _part(part: Part, profile: CohereProfile, report: Report) -> Content:
    match part:
        case TextPart():
            _drop_attached(part, report)
            return {"type": "text", "text": part.text}
        case ImagePart(url=str() as url):
            return _image(part, url, profile, report)
        case FilePart():
            raise _unsupported("file", part, report)
        case AudioPart():
            raise _unsupported("input_audio", part, report)
        case RefusalPart():
            raise _unsupported("refusal", part, report)
        case ImagePart() | UnknownPart():
            raise _unsupported("unknown", part, report)


def _image(part: ImagePart, url: str, profile: CohereProfile, report: Report) -> ImageContent:
    if not profile.takes_image_urls and not url.startswith("data:"):
        raise report.unsupported("images by their address, only as a data: URL", part.path)
    _drop_attached(part, report)
    written: ImageContent = {"type": "image_url", "image_url": {"url": url}}
    if part.detail:
        written["image_url"]["detail"] = part.detail
    return written


def _drop_attached(part: TextPart | ImagePart, report: Report) -> None:
    if part.cache:
        report.drop_all(cache.path for cache in part.cache)


def _unsupported(kind: str, part: Part, report: Report) -> InvalidRequest:
    return report.unsupported(f"parts of type {kind!r}", field_path(part.path, "type"))
