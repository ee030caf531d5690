"""Refuses parts of a content that an upstream cannot be shown, and joins texts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from gateway.dialects.profiles.base import ConversationProfile
from gateway.dialects.report import Report
from gateway.neutral.parts import FilePart, ImagePart, Part, RefusalPart, TextPart, UnknownPart
from gateway.neutral.paths import field_path

P = TypeVar("P")


def shown_parts(parts: Sequence[Part], profile: ConversationProfile, report: Report) -> Sequence[Part]:
    """The parts as this upstream may be shown them, without unknown fields that it does not have, which are reported.

    Raises `InvalidRequest` for one that it cannot take.
    """
    if len(parts) == 1 and type(parts[0]) is TextPart and not parts[0].extra:
        return parts
    if not profile.passes_unknown:
        for part in parts:
            _report_unknown(part, profile, report)
    return [part if type(part) is TextPart else _shown(part, profile, report) for part in parts]


def _report_unknown(part: Part, profile: ConversationProfile, report: Report) -> None:
    if isinstance(part, RefusalPart | UnknownPart) or not part.extra:
        return
    own = profile.own_file_fields if isinstance(part, FilePart) else ()
    report.drop_all(field_path(part.path, name) for name in part.extra if name not in own)


def _shown(part: Part, profile: ConversationProfile, report: Report) -> Part:
    match part:
        case TextPart() | RefusalPart():
            return part
        case UnknownPart():
            raise report.unsupported(f"content of type {part.kind!r}", field_path(part.path, "type"))
        case ImagePart(url=None):
            raise report.unsupported("images by the id of a file", part.source_path)
        case FilePart(data=None, file_id=None, url=None):
            raise report.invalid("A file needs its data or its id", part.path)
        case FilePart(data=None, file_id=None) if not profile.takes_file_urls:
            raise report.unsupported("files by their address", part.source_path)
    if not profile.takes_parts:
        raise report.unsupported("anything but text", part.path)
    if isinstance(part, ImagePart) and part.detail == "original":
        # As it is, is more than other APIs can express; in full is the most.
        return replace(part, detail="high")
    return part


def is_plain_text(part: Part) -> bool:
    """Whether a part is a text, and nothing is attached to it."""
    return type(part) is TextPart and not part.cache and not part.extra


def is_text(part: Part) -> bool:
    """Whether a part is a text."""
    return type(part) is TextPart


def texts(parts: Sequence[Part]) -> list[TextPart]:
    """The texts among the parts."""
    return [part for part in parts if isinstance(part, TextPart)]


def joined(parts: Sequence[Part], joint: str) -> str:
    """All texts and refusals as one text."""
    return joint.join(part.text for part in parts if isinstance(part, TextPart | RefusalPart))


def split(parts: Sequence[P], is_wanted: Callable[[P], bool]) -> tuple[list[P], list[P]]:
    """The parts of which `is_wanted` is true, and the others."""
    return [part for part in parts if is_wanted(part)], [part for part in parts if not is_wanted(part)]
