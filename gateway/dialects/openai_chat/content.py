"""Writes the parts of a content, and adapts images, files and sound to what one upstream reads."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from gateway.dialects.cache_control import BREAKPOINT, openai_breakpoint
from gateway.dialects.data_urls import plain_audio
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.turns.content import is_plain_text, joined
from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, object_or_empty, object_or_none, text_or_none
from gateway.neutral.parts import AudioPart, CacheControl, FilePart, ImagePart, Part, RefusalPart, TextPart, read_source

_TEXTS = ("text", "refusal", "thinking")
_INLINE = "data:"


class ContentWriter:
    """Writes contents for one upstream. Raises `InvalidRequest` for a part that it cannot read."""

    def __init__(self, profile: ChatProfile, provider: str) -> None:
        self._profile = profile
        self._provider = provider
        self._is_limited = is_limited(profile)

    def content(self, parts: Sequence[Part], joint: str | None) -> str | list[JsonObject]:
        """A content as simple as it can be: one text alone is a string, and so are several where there is a `joint`.

        Lists of texts are for users' messages only: several servers take nothing but a string in all others.
        """
        if not parts:
            return ""
        first = parts[0]
        if len(parts) == 1 and type(first) is TextPart and not first.cache and not first.extra:
            return first.text
        if joint is not None and all(map(is_plain_text, parts)):
            return joined(parts, joint)
        return self.parts(parts)

    def parts(self, parts: Iterable[Part]) -> list[JsonObject]:
        """The parts one by one."""
        if not self._is_limited:
            return [_chat_part(self._cached(part)) for part in parts]
        return [adapt_part(_chat_part(self._cached(part)), self._profile, self._provider, part.path) for part in parts]

    def _cached(self, part: Part) -> Part:
        """The part with Anthropic's cache control as OpenAI's, where that is what the upstream has."""
        if not (part.cache and self._profile.has_cache_breakpoints):
            return part
        own = openai_breakpoint(part.cache)
        return replace(part, cache=() if own is None else (CacheControl(BREAKPOINT, own, part.path),))


def is_limited(profile: ChatProfile) -> bool:
    """Whether there are parts that the upstream does not read as they are."""
    return not (profile.takes_parts and profile.takes_image_urls) or bool(profile.part_forms)


def adapt_parts(messages: list[JsonObject], profile: ChatProfile, reader: str) -> list[JsonObject]:
    """The messages with all parts as the model takes them, which errors name `reader`. Raises `InvalidRequest`."""
    adapted: list[JsonObject] = []
    for i, message in enumerate(messages):
        content = message.get("content")
        if not isinstance(content, list):
            adapted.append(message)
            continue
        parts: list[Json] = []
        for j, part in enumerate(content):
            given = object_or_none(part)
            path = f"messages[{i}].content[{j}]"
            parts.append(part if given is None else adapt_part(given, profile, reader, path))
        adapted.append({**message, "content": parts})
    return adapted


def adapt_part(part: JsonObject, profile: ChatProfile, reader: str, path: str) -> JsonObject:
    """One part as the upstream takes it. Raises `InvalidRequest`, with its `path` in the client's request."""
    kind = text_or_none(part.get("type"))
    if kind is None or kind in _TEXTS:
        return part
    if not profile.takes_parts:
        raise _refused(f"{reader} reads text only; see {path}.", path)
    if kind == "image_url" and not profile.takes_image_urls and read_source(_address(part))[0] != "data":
        why = f"{reader} fetches no images by their address: send the data, as a data: URL; see {path}."
        raise _refused(why, path)
    form = profile.part_forms.get(kind, kind)
    if form is None:
        raise _refused(f"{reader} takes no parts of type {kind!r}; see {path}.", path)
    write = _FORMS.get(form)
    return part if form == kind or write is None else write(part, reader, path)


def _address(part: JsonObject) -> str:
    given = part.get("image_url")
    url = given.get("url") if isinstance(given, dict) else given
    return url if isinstance(url, str) else _INLINE


def _document(part: JsonObject, reader: str, path: str) -> JsonObject:
    """A file as Mistral takes it (shared facts on providers, section 9)."""
    file = object_or_empty(part.get("file"))
    data = text_or_none(file.get("file_data"))
    if data is None:
        raise _refused(f"{reader} takes files with their data only; see {path}.", path)
    document: JsonObject = {"type": "document_url", "document_url": data}
    name = text_or_none(file.get("filename"))
    return document if name is None else {**document, "document_name": name}


def _refused(why: str, path: str) -> InvalidRequest:
    return InvalidRequest(why, param=path, code="unsupported_value")


_FORMS: dict[str, Callable[[JsonObject, str, str], JsonObject]] = {"document_url": _document}


def _chat_part(part: Part) -> JsonObject:
    match part:
        case TextPart(text=text):
            return {"type": "text", "text": text, **_cache(part.cache), **part.extra}
        case RefusalPart(text=text):
            # It is no assistant's, who alone may say so in parts: those are written as texts and a field of its own.
            return {"type": "text", "text": text}
        case ImagePart(url=url, detail=detail):
            image: JsonObject = {"url": url, "detail": detail} if detail else {"url": url}
            return {"type": "image_url", "image_url": image, **_cache(part.cache), **part.extra}
        case FilePart():
            return {"type": "file", "file": _file(part), **_cache(part.cache), **part.extra}
        case AudioPart(audio=audio):
            return {"type": "input_audio", "input_audio": plain_audio(audio), **_cache(part.cache), **part.extra}
    raise AssertionError(f"parts of type {part.kind!r} are refused when the turns are read")


def _file(part: FilePart) -> JsonObject:
    file: JsonObject = {"filename": part.filename, "file_data": part.data, "file_id": part.file_id}
    if part.data is None and part.file_id is None:
        file["file_url"] = part.url
    return {name: value for name, value in file.items() if value is not None}


def _cache(controls: Iterable[CacheControl]) -> JsonObject:
    return {control.name: control.value for control in controls}
