"""The parts of a content: texts, images, files, sound, and where the client wrote each."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from gateway.neutral.json import Json, JsonObject
from gateway.neutral.values import value


class _Nothing(dict[str, Json]):
    """No field. It can be a default value, since it has a hash; nothing writes into it."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 0


NOTHING_MORE: Mapping[str, Json] = _Nothing()


@value
class CacheControl:
    """That the prompt up to here is to be cached: Anthropic's `cache_control`, or OpenAI's `prompt_cache_breakpoint`.

    `name` is that of the client's field, `value` what it holds.
    """

    name: str
    value: Json
    path: str


@value
class TextPart:
    """A text. `path` is where the part is written, here and below; for a content that is one text, the content's."""

    text: str
    path: str
    cache: Sequence[CacheControl] = ()
    extra: Mapping[str, Json] = NOTHING_MORE
    """The fields that are not known, here and below: they travel to an upstream that has the same part."""


@value
class RefusalPart:
    """The model's own refusal in an earlier answer."""

    text: str
    path: str
    cache: Sequence[CacheControl] = ()


@value
class ImagePart:
    """An image, by its `url` (http, or data) or by the id of an uploaded file; exactly one of both is there."""

    path: str
    source_path: str
    """Where the address or the id is written."""
    url: str | None = None
    file_id: str | None = None
    detail: str | None = None
    cache: Sequence[CacheControl] = ()
    extra: Mapping[str, Json] = NOTHING_MORE


@value
class FilePart:
    """A file: its `data` (base64, or a data: URL), its `url`, or the id of an uploaded file; at least one is there."""

    path: str
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    filename: str | None = None
    source_path: str = ""
    """Where the address or the id is written, if there is no data."""
    cache: Sequence[CacheControl] = ()
    extra: Mapping[str, Json] = NOTHING_MORE


@value
class AudioPart:
    """Sound: an object with `data` (base64) and `format`."""

    audio: JsonObject
    path: str
    cache: Sequence[CacheControl] = ()
    extra: Mapping[str, Json] = NOTHING_MORE


@value
class UnknownPart:
    """A part of a type that no dialect has a place for."""

    kind: str
    path: str
    cache: Sequence[CacheControl] = ()


Part = TextPart | RefusalPart | ImagePart | FilePart | AudioPart | UnknownPart
WORDS = (TextPart, RefusalPart)
"""The parts that are words of a message, for `isinstance`: each `A | B` would be made anew."""


SourceKind = Literal["data", "address", "other"]
_SCHEME = re.compile(r"\s*(?:(data:)|(?:https?|gs|s3)://)", re.I)
_LONGEST_HEAD = 200


def read_source(text: str) -> tuple[SourceKind, str]:
    """What stands where data or an address may stand: a `data:` URL, the address of something, or plain base64.

    Clients write one in the field of the other, with blanks around it, or its scheme in capitals: it comes back as the
    dialects look for it.
    """
    found = _SCHEME.match(text)
    if found is None:
        return "other", text
    scheme = found[0].strip().lower()
    if not text.startswith(scheme) or text[-1].isspace():
        text = scheme + text[found.end() :].rstrip()
    if found[1] is None:
        return "address", text
    end = text.find(",", 0, _LONGEST_HEAD)
    head = text[:end] if end > 0 else ""
    # Data may be long, and is not copied without a need.
    return "data", text if head == head.lower() else head.lower() + text[end:]


def file_sources(data: str | None, url: str | None) -> tuple[str | None, str | None, str]:
    """The data and the address of a file, whichever field each came in, and the field that the address came in."""
    field = "file_url"
    if data is not None:
        kind, data = read_source(data)
        if kind == "address":
            data, url, field = None, url or data, field if url else "file_data"
    if url:
        kind, url = read_source(url)
        if kind == "data" and data is None:
            data, url = url, None
    return data, url, field
