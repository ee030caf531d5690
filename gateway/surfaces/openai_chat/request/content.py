"""Reads the content of chat messages: a text, or parts."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from gateway.errors import misshapen
from gateway.neutral.json import text_or_none
from gateway.neutral.parts import (
    AudioPart,
    CacheControl,
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    UnknownPart,
    file_sources,
    read_source,
)
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_chat.request.omissions import Omissions
from gateway.surfaces.openai_chat.request.values import (
    list_at,
    object_at,
    optional_text_at,
    require_object,
    text_at,
)

if TYPE_CHECKING:
    from generated import models

CACHE_CONTROL = "cache_control"
"""Anthropic's field for what is to be kept in the prompt cache, which chat clients send, too."""
_CACHE_FIELDS = ("prompt_cache_breakpoint", CACHE_CONTROL)
_PART = {
    "text": frozenset({"type", "text", *_CACHE_FIELDS}),
    "image_url": frozenset({"type", "image_url", *_CACHE_FIELDS}),
    "file": frozenset({"type", "file", *_CACHE_FIELDS}),
    "input_audio": frozenset({"type", "input_audio", *_CACHE_FIELDS}),
}
_ANSWER_TEXT = frozenset({"type", "text", CACHE_CONTROL})
_ANSWER_REFUSAL = frozenset({"type", "refusal"})
_IMAGE: "Annotated[frozenset[str], models.ImageUrl]" = frozenset({"url", "detail"})
# The contract does not list it.
_FILE_URL = "file_url"
_FILE: "Annotated[frozenset[str], models.InputFile]" = frozenset({"file_id", "file_data", _FILE_URL, "filename"})


def read_content(
    content: "models.ChatCompletionRequestMessageContent | None", path: str, omissions: Omissions
) -> list[Part]:
    """The parts of what the model was given; a text is one part, at the path of the content itself.

    Raises `InvalidRequest` for a value of a wrong type.
    """
    if isinstance(content, str):
        return [TextPart(content, path)]
    if not isinstance(content, list):
        raise misshapen(path, "a string or an array")
    return [_part(part, f"{path}[{number}]", omissions) for number, part in enumerate(content)]


def read_answer(message: "models.ChatCompletionRequestAssistantMessage", path: str, omissions: Omissions) -> list[Part]:
    """The parts of an earlier answer, a refusal last. None where it only calls tools, or is empty altogether."""
    content, refusal = message.get("content"), message.get("refusal")
    parts: list[Part]
    if content is None and refusal is None:
        return []
    if isinstance(content, str):
        is_more = bool(message.get("tool_calls") or message.get("function_call") or refusal)
        parts = [TextPart(content, f"{path}.content")] if content or not is_more else []
    else:
        given = list_at(content, f"{path}.content")
        parts = [_answer_part(part, f"{path}.content[{number}]", omissions) for number, part in enumerate(given)]
    if refusal is not None:
        parts.append(RefusalPart(text_at(refusal, f"{path}.refusal"), f"{path}.refusal"))
    return parts


def cache_controls(given: object, path: str, names: tuple[str, ...] = (CACHE_CONTROL,)) -> tuple[CacheControl, ...]:
    """The cache controls among the fields of an object, which is at `path`."""
    opened = extensions(given)
    if opened.keys().isdisjoint(names):
        return ()
    return tuple(
        CacheControl(name, value, f"{path}.{name}") for name in names if (value := opened.get(name)) is not None
    )


def takes_cache_control(parts: list[Part]) -> bool:
    """Whether the last part is of a type that can have a cache control."""
    return bool(parts) and not isinstance(parts[-1], RefusalPart | UnknownPart)


def with_cache_control(parts: list[Part], message: object, path: str) -> list[Part]:
    """The parts with the cache control of their message on the last one, unless that has its own or cannot have any."""
    if not (cache := cache_controls(message, path)) or not parts:
        return parts
    last = parts[-1]
    if isinstance(last, RefusalPart | UnknownPart) or any(known.name == CACHE_CONTROL for known in last.cache):
        return parts
    return [*parts[:-1], replace(last, cache=(*cache, *last.cache))]


def _part(part: "models.ChatCompletionRequestMessageContentPart", path: str, omissions: Omissions) -> Part:
    require_object(part, path)
    if "type" not in extensions(part):
        return _unknown(None, "a part of this type", path, omissions)
    # Most are nothing but a type and a text.
    cache = cache_controls(part, path, _CACHE_FIELDS) if len(part) > 2 else ()
    found: Part
    match part["type"]:
        case "text":
            found = TextPart(text_at(part.get("text"), f"{path}.text"), path, cache)
        case "image_url":
            found = _image(part, path, cache, omissions)
        case "file":
            found = _file(part, path, cache, omissions)
        case "input_audio":
            audio = object_at(part.get("input_audio"), f"{path}.input_audio")
            found = AudioPart(extensions(audio), path, cache)
        case kind:
            return _unknown(kind, "a part of this type", path, omissions)
    omissions.leave_out(part, _PART[part["type"]], path)
    return found


def _image(
    part: "models.ChatCompletionRequestMessageContentPartImage",
    path: str,
    cache: tuple[CacheControl, ...],
    omissions: Omissions,
) -> ImagePart:
    nested = f"{path}.image_url"
    image = object_at(part.get("image_url"), nested)
    omissions.leave_out(image, _IMAGE, nested)
    _, url = read_source(text_at(image.get("url"), f"{nested}.url"))
    return ImagePart(
        path,
        source_path=f"{nested}.url",
        url=url,
        detail=optional_text_at(image.get("detail"), f"{nested}.detail"),
        cache=cache,
    )


def _file(
    part: "models.ChatCompletionRequestMessageContentPartFile",
    path: str,
    cache: tuple[CacheControl, ...],
    omissions: Omissions,
) -> FilePart:
    """A file, by its address, too, which the contract does not list. Whether it has any source is for the dialect."""
    nested = f"{path}.file"
    file = object_at(part.get("file"), nested)
    omissions.leave_out(file, _FILE, nested)
    given, file_id = text_or_none(file.get("file_data")), text_or_none(file.get("file_id"))
    data, url, field = file_sources(given, text_or_none(extensions(file).get(_FILE_URL)))
    if given is not None and data is None:
        # An address stands where the data belongs, which counts before an id.
        file_id = None
    source = "" if data is not None else "file_id" if file_id is not None else field if url is not None else ""
    return FilePart(
        path,
        data=data,
        url=url,
        file_id=file_id,
        filename=text_or_none(file.get("filename")),
        source_path=f"{nested}.{source}" if source else "",
        cache=cache,
    )


def _answer_part(part: "models.ChatCompletionRequestMessageContentPart", path: str, omissions: Omissions) -> Part:
    require_object(part, path)
    if "type" not in extensions(part):
        return _unknown(None, "a part of this type in an answer", path, omissions)
    match part["type"]:
        case "text":
            omissions.leave_out(part, _ANSWER_TEXT, path)
            return TextPart(text_at(part.get("text"), f"{path}.text"), path, cache_controls(part, path))
        case "refusal":
            omissions.leave_out(part, _ANSWER_REFUSAL, path)
            return RefusalPart(text_at(part.get("refusal"), f"{path}.refusal"), path)
        case kind:
            return _unknown(kind, "a part of this type in an answer", path, omissions)


def _unknown(kind: object, what: str, path: str, omissions: Omissions) -> UnknownPart:
    omissions.refuse(what, path)
    return UnknownPart(text_or_none(kind) or "", path)
