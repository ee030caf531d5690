"""Reads the contents of items: what was said or shown, and what a tool gave back."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from gateway.errors import InvalidRequest
from gateway.neutral.items import Position
from gateway.neutral.json import Json, JsonObject, object_or_empty, object_or_none, text_or_none
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

if TYPE_CHECKING:
    from generated import models

_CACHE = ("cache_control", "prompt_cache_breakpoint")
_KNOWN_OF_TEXTS = frozenset({"type", "text", "annotations", "logprobs", *_CACHE})
_KNOWN_OF_IMAGES = frozenset({"type", "image_url", "file_id", "detail", *_CACHE})
_KNOWN_OF_FILES = frozenset({"type", "file", "file_data", "file_id", "filename", "file_url", "detail", *_CACHE})
_KNOWN_OF_AUDIO = frozenset({"type", "input_audio", *_CACHE})


def read_content(
    content: str | list[models.InputContent] | None, position: Position, field: str = "content"
) -> list[Part]:
    """The parts of a content, which is a text or a list of parts; `field` is where it is written in its item.

    Raises `InvalidRequest` for what is neither, and for a part that says nothing.
    """
    path = position.inside(f".{field}")
    if isinstance(content, str):
        return [TextPart(content, path)]
    if content is not None and not isinstance(content, list):
        raise invalid("A content is a text or a list of parts", path)
    return [_part(part, position, f"{path}[{index}]") for index, part in enumerate(content or ())]


def cache_of(given: JsonObject, position: Position, path: str) -> tuple[CacheControl, ...]:
    """The cache control that is written in an object at `path`."""
    if given.keys().isdisjoint(_CACHE):
        return ()
    return tuple(
        CacheControl(name, given[name], path if position.in_history else f"{path}.{name}")
        for name in _CACHE
        if given.get(name) is not None
    )


def _part(part: models.InputContent, position: Position, path: str) -> Part:
    if position.in_history:
        path = position.path
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise invalid("A content part is an object with a type", path)
    if part["type"] == "input_text" or part["type"] == "output_text":
        return _text(_required(part.get("text"), path), extensions(part), position, path)
    if part["type"] == "refusal":
        return RefusalPart(_required(part.get("refusal"), path), path)
    if part["type"] == "input_image":
        return _image(part, position, path)
    if part["type"] == "input_file":
        return _file(part, position, path)
    return _chat_part(extensions(part), position, path)


def _text(text: str, given: JsonObject, position: Position, path: str) -> TextPart:
    if len(given) == 2:
        return TextPart(text, path)
    return TextPart(text, path, cache_of(given, position, path), _extra(given, _KNOWN_OF_TEXTS))


def _image(part: models.InputImageContent, position: Position, path: str) -> ImagePart:
    given = extensions(part)
    # Chat nests the address, and some clients do so here.
    nested = object_or_none(given.get("image_url"))
    url = text_or_none(part.get("image_url") if nested is None else nested.get("url"))
    url = None if url is None else read_source(url)[1]
    detail = text_or_none(part.get("detail")) or (None if nested is None else text_or_none(nested.get("detail")))
    cache, extra = cache_of(given, position, path), _extra(given, _KNOWN_OF_IMAGES)
    if url is not None:
        source = _inside(path, "image_url" if nested is None else "image_url.url", position)
        return ImagePart(path, source, url=url, detail=detail, cache=cache, extra=extra)
    if file_id := text_or_none(part.get("file_id")):
        source = _inside(path, "file_id", position)
        return ImagePart(path, source, file_id=file_id, detail=detail, cache=cache, extra=extra)
    raise invalid("An image needs its address", _inside(path, "image_url", position))


def _file(part: models.InputFileContent, position: Position, path: str) -> FilePart:
    data, file_id = text_or_none(part.get("file_data")), text_or_none(part.get("file_id"))
    url, filename = text_or_none(part.get("file_url")), text_or_none(part.get("filename"))
    return _file_part((data, file_id, url, filename), "", extensions(part), position, path)


def _chat_part(given: JsonObject, position: Position, path: str) -> Part:
    """A part in chat's own form, which some clients send here, too; sound has no other one."""
    kind = given.get("type")
    if kind == "text":
        return _text(_required(given.get("text"), path), given, position, path)
    cache = cache_of(given, position, path)
    if kind == "image_url":
        image = object_or_empty(given.get("image_url"))
        url, source = text_or_none(image.get("url")), _inside(path, "image_url.url", position)
        if url is None:
            raise invalid("An image needs its address", source)
        extra = _extra(given, _KNOWN_OF_IMAGES)
        _, url = read_source(url)
        return ImagePart(path, source, url=url, detail=text_or_none(image.get("detail")), cache=cache, extra=extra)
    if kind == "file":
        return _nested_file(object_or_empty(given.get("file")), given, position, path)
    if kind == "input_audio":
        audio = object_or_none(given.get("input_audio"))
        if audio is None:
            raise invalid("Sound needs its data", path)
        return AudioPart(audio, path, cache, _extra(given, _KNOWN_OF_AUDIO))
    return UnknownPart(str(kind), path)


def _nested_file(file: JsonObject, given: JsonObject, position: Position, path: str) -> FilePart:
    data, file_id, url, filename = (
        text_or_none(file.get(name)) for name in ("file_data", "file_id", "file_url", "filename")
    )
    return _file_part((data, file_id, url, filename), "file.", given, position, path)


def _file_part(
    sources: tuple[str | None, str | None, str | None, str | None],
    prefix: str,
    given: JsonObject,
    position: Position,
    path: str,
) -> FilePart:
    """A file by its data, its id, its address and its name, which are written below `prefix`."""
    data, file_id, url, filename = sources
    if data is None and file_id is None and not url:
        raise invalid("A file needs its data or its id", path)
    data, url, field = file_sources(data, url)
    source = field if url else "file_id"
    return FilePart(
        path,
        data=data,
        url=url,
        file_id=file_id,
        filename=filename,
        source_path=_inside(path, f"{prefix}{source}", position),
        cache=cache_of(given, position, path),
        extra=_extra(given, _KNOWN_OF_FILES),
    )


def _required(text: object, path: str) -> str:
    if isinstance(text, str):
        return text
    raise invalid("A text part needs its text", path)


def _inside(path: str, name: str, position: Position) -> str:
    return path if position.in_history else f"{path}.{name}"


def _extra(given: JsonObject, known: Set[str]) -> dict[str, Json]:
    if given.keys() <= known:
        return {}
    return {name: value for name, value in given.items() if name not in known and value is not None}


def other_fields(given: JsonObject, known: Set[str], path: str) -> list[str]:
    """The paths of the fields beside the known ones of an object at `path`, unless they are null."""
    return [f"{path}.{name}" for name, value in given.items() if name not in known and value is not None]


def invalid(why: str, path: str) -> InvalidRequest:
    """The refusal of what no model could make sense of."""
    return InvalidRequest(f"{why}; see {path}.", param=path, code="invalid_value")
