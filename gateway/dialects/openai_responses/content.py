"""Writes the parts of contents as the Responses API has them."""

from collections.abc import Sequence

from gateway.dialects.report import Report
from gateway.dialects.turns.content import is_plain_text
from gateway.neutral.json import Json, JsonObject
from gateway.neutral.parts import AudioPart, CacheControl, FilePart, ImagePart, Part, RefusalPart, TextPart, UnknownPart
from gateway.neutral.paths import field_path

_BREAKPOINT = "prompt_cache_breakpoint"


def write_content(parts: Sequence[Part], role: str, report: Report) -> Json:
    """A content of the client's: one text alone is a text. Raises `InvalidRequest` for a part without a place here.

    The Responses API reads no sound (its description of August 2026), and instructions are texts alone.
    """
    if len(parts) == 1 and is_plain_text(parts[0]) and isinstance(parts[0], TextPart):
        return parts[0].text
    return [_input_part(part, role, report) for part in parts]


def write_answer(parts: Sequence[Part], report: Report) -> list[Json]:
    """The content of an earlier answer: texts and refusals."""
    return [_output_part(part, report) for part in parts]


def _input_part(part: Part, role: str, report: Report) -> JsonObject:
    written = _written(part)
    if written is None or (role in ("system", "developer") and not isinstance(part, TextPart)):
        what = f"parts of type {_kind(part)!r} through the Responses API in a message of {role}"
        raise report.unsupported(what, field_path(part.path, "type"))
    return written | _breakpoint(part.cache, report)


def _written(part: Part) -> JsonObject | None:
    match part:
        case TextPart():
            return {"type": "input_text", "text": part.text, **part.extra}
        case ImagePart():
            given = _given(image_url=part.url, file_id=part.file_id, detail=part.detail)
            return {"type": "input_image", **given, **part.extra}
        case FilePart():
            given = _given(file_id=part.file_id, file_data=part.data, file_url=part.url, filename=part.filename)
            return {"type": "input_file", **given, **part.extra}
        case _:
            return None


def _output_part(part: Part, report: Report) -> JsonObject:
    match part:
        case TextPart():
            report.drop_all(cache.path for cache in part.cache)
            return {"type": "output_text", "text": part.text, "annotations": []}
        case RefusalPart():
            return {"type": "refusal", "refusal": part.text}
        case _:
            raise report.unsupported(f"parts of type {_kind(part)!r} in an answer", field_path(part.path, "type"))


def _breakpoint(given: Sequence[CacheControl], report: Report) -> JsonObject:
    """OpenAI's own cache control. Anthropic's, which it would refuse, is left out."""
    report.drop_all(cache.path for cache in given if cache.name != _BREAKPOINT)
    return {cache.name: cache.value for cache in given if cache.name == _BREAKPOINT}


def _given(**fields: str | None) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not None}


def _kind(part: Part) -> str:
    match part:
        case AudioPart():
            return "input_audio"
        case ImagePart():
            return "input_image"
        case FilePart():
            return "input_file"
        case RefusalPart():
            return "refusal"
        case UnknownPart(kind):
            return kind
        case TextPart():
            return "input_text"
