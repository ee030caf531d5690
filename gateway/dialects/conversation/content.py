"""Turns the content of items into chat content: texts, images, files, sound."""

from collections.abc import Callable, Sequence
from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.dialects.profiles import Facts

Part = dict[str, Any]

_TEXTS = frozenset({"input_text", "output_text", "text"})
# Chat's own parts, which some clients send here, too, and sound, which has one form only.
_AS_THEY_ARE = frozenset({"image_url", "file", "input_audio"})
_OF_TEXTS = frozenset({"type", "text", "annotations", "logprobs"})
_OF_IMAGES = frozenset({"type", "image_url", "file_id", "detail"})
_OF_FILES = frozenset({"type", "file_data", "file_id", "filename", "file_url", "detail"})
_FILE = ("filename", "file_data", "file_id")


class ContentReader:
    """Reads contents for one upstream; what it cannot be shown is refused where it stands."""

    def __init__(self, facts: Facts, report: Report) -> None:
        self._facts = facts
        self._report = report

    def parts(self, content: Any, number: int, field: str = "content") -> list[Part]:
        """The chat parts of a content, text and refusals among them. Raises `InvalidRequest`."""
        if content is None:
            return []
        if isinstance(content, str):
            return [{"type": "text", "text": content}]
        if not isinstance(content, list):
            raise self._report.invalid("A content is a text or a list of parts", self._report.item(number, f".{field}"))
        return [self._part(part, number, f".{field}[{place}]") for place, part in enumerate(content)]

    def _part(self, part: Any, number: int, place: str) -> Part:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in _TEXTS and isinstance(part.get("text"), str):
            return {"type": "text", "text": part["text"], **_more(part, _OF_TEXTS)}
        if kind == "refusal" and isinstance(part.get("refusal"), str):
            return {"type": "refusal", "refusal": part["refusal"]}
        path = self._report.item(number, place)
        if not isinstance(kind, str):
            raise self._report.invalid("A content part is an object with a type", path)
        if kind in _AS_THEY_ARE:
            found: Part = part
        elif kind == "input_image":
            found = self._image(part, number, place)
        elif kind == "input_file":
            found = self._file(part, number, place)
        elif kind in _TEXTS or kind == "refusal":
            raise self._report.invalid("A text part needs its text", path)
        else:
            raise self._report.unsupported(f"content of type {kind!r}", self._report.item(number, f"{place}.type"))
        if not self._facts.takes_parts:
            raise self._report.unsupported("anything but text", path)
        return found

    def _image(self, part: Part, number: int, place: str) -> Part:
        given = part.get("image_url")
        # Chat nests the address, and some clients do so here.
        image = dict(given) if isinstance(given, dict) else {"url": given}
        if not isinstance(image.get("url"), str):
            if part.get("file_id"):
                path = self._report.item(number, f"{place}.file_id")
                raise self._report.unsupported("images by the id of a file", path)
            raise self._report.invalid("An image needs its address", self._report.item(number, f"{place}.image_url"))
        detail = part.get("detail") or image.get("detail")
        if detail:
            # As it is, is more than chat can say; in full is the most.
            image["detail"] = "high" if detail == "original" else detail
        return {"type": "image_url", "image_url": image, **_more(part, _OF_IMAGES)}

    def _file(self, part: Part, number: int, place: str) -> Part:
        file = {name: part[name] for name in _FILE if part.get(name) is not None}
        if "file_data" in file or "file_id" in file:
            return {"type": "file", "file": file, **_more(part, _OF_FILES)}
        if part.get("file_url") and self._facts.takes_file_urls:
            return {"type": "file", "file": {**file, "file_url": part["file_url"]}, **_more(part, _OF_FILES)}
        if part.get("file_url"):
            path = self._report.item(number, f"{place}.file_url")
            raise self._report.unsupported("files by their address", path)
        raise self._report.invalid("A file needs its data or its id", self._report.item(number, place))


def is_text(part: Part) -> bool:
    """Whether a part is plain text, and nothing is attached to it."""
    return part["type"] == "text" and len(part) == 2


def written(parts: Sequence[Part], joint: str | None = None) -> str | list[Part]:
    """A content as simple as it can be: one text alone is a text, and so are several where there is a `joint`.

    Lists of texts are for users' messages only: several servers take nothing but a text from everybody else.
    """
    if not parts:
        return ""
    if all(map(is_text, parts)) and (joint is not None or len(parts) == 1):
        return (joint or "").join(part["text"] for part in parts)
    return list(parts)


def split(parts: Sequence[Part], is_wanted: Callable[[Part], bool]) -> tuple[list[Part], list[Part]]:
    """The parts that are wanted, and the others."""
    return [part for part in parts if is_wanted(part)], [part for part in parts if not is_wanted(part)]


def _more(part: Part, known: frozenset[str]) -> Part:
    """What stands beside the fields that have their place: it travels on."""
    if part.keys() <= known:
        return {}
    return {name: value for name, value in part.items() if name not in known and value is not None}
