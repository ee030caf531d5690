"""Writes the parts of contents as the Responses API has them."""

from collections.abc import Sequence

from gateway.dialects.cache_control import BREAKPOINT, openai_breakpoint
from gateway.dialects.openai_responses.types import Content, InputFile, InputImage, InputPart, OutputPart
from gateway.dialects.report import Report
from gateway.dialects.turns.content import is_plain_text
from gateway.neutral.json import JsonObject, object_or_empty
from gateway.neutral.parts import AudioPart, CacheControl, FilePart, ImagePart, Part, RefusalPart, TextPart, UnknownPart
from gateway.neutral.paths import field_path


def write_content(parts: Sequence[Part], role: str, report: Report, *, has_breakpoints: bool = False) -> Content:
    """A content of the client's: one text alone is a text. Raises `InvalidRequest` for a part without a place here.

    With `has_breakpoints`, Anthropic's cache control is written as OpenAI's; otherwise it is left out. The
    Responses API reads no sound (its description of August 2026), and instructions are texts alone.
    """
    if len(parts) == 1 and is_plain_text(parts[0]) and isinstance(parts[0], TextPart):
        return parts[0].text
    return [_input_part(part, role, report, has_breakpoints=has_breakpoints) for part in parts]


def write_answer(parts: Sequence[Part], report: Report) -> list[OutputPart]:
    """The content of an earlier answer: texts and refusals."""
    return [_output_part(part, report) for part in parts]


def _input_part(part: Part, role: str, report: Report, *, has_breakpoints: bool) -> JsonObject:
    is_instruction = role in ("system", "developer")
    if not isinstance(part, TextPart | ImagePart | FilePart) or (is_instruction and not isinstance(part, TextPart)):
        what = f"parts of type {_kind(part)!r} through the Responses API in a message of {role}"
        raise report.unsupported(what, field_path(part.path, "type"))
    return {
        **object_or_empty(_written(part)),
        **part.extra,
        **_breakpoint(part.cache, report, has_breakpoints=has_breakpoints),
    }


def _written(part: TextPart | ImagePart | FilePart) -> InputPart:
    match part:
        case TextPart():
            return {"type": "input_text", "text": part.text}
        case ImagePart():
            return _image(part)
        case FilePart():
            return _file(part)


def _image(part: ImagePart) -> InputImage:
    image: InputImage = {"type": "input_image"}
    if part.url is not None:
        image["image_url"] = part.url
    if part.file_id is not None:
        image["file_id"] = part.file_id
    if part.detail is not None:
        image["detail"] = part.detail
    return image


def _file(part: FilePart) -> InputFile:
    file: InputFile = {"type": "input_file"}
    if part.file_id is not None:
        file["file_id"] = part.file_id
    if part.data is not None:
        file["file_data"] = part.data
    if part.url is not None:
        file["file_url"] = part.url
    if part.filename is not None:
        file["filename"] = part.filename
    return file


def _output_part(part: Part, report: Report) -> OutputPart:
    match part:
        case TextPart():
            report.drop_all(cache.path for cache in part.cache)
            return {"type": "output_text", "text": part.text, "annotations": []}
        case RefusalPart():
            return {"type": "refusal", "refusal": part.text}
        case _:
            raise report.unsupported(f"parts of type {_kind(part)!r} in an answer", field_path(part.path, "type"))


def _breakpoint(given: Sequence[CacheControl], report: Report, *, has_breakpoints: bool) -> JsonObject:
    """OpenAI's own cache control, or what Anthropic's is there. Servers without breakpoints would refuse that."""
    own = openai_breakpoint(given) if has_breakpoints else None
    if own is not None:
        return {BREAKPOINT: own}
    report.drop_all(cache.path for cache in given if cache.name != BREAKPOINT)
    return {cache.name: cache.value for cache in given if cache.name == BREAKPOINT}


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
