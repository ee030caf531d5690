"""The parts of a content: texts, images, files, sound, and where the client wrote each."""

from collections.abc import Mapping, Sequence

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
_ADDRESSES = ("https://", "http://")
WORDS = (TextPart, RefusalPart)
"""The parts that are words of a message, for `isinstance`: each `A | B` would be made anew."""


def is_address(data: str | None) -> bool:
    """Whether what a client sent as the data of a file is its address, which some write there."""
    return data is not None and data[:8].lower().startswith(_ADDRESSES)
