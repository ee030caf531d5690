"""Images, files and sound in messages: in the form that one upstream reads, or refused where they stand."""

from collections.abc import Callable
from typing import Any

from gateway.dialects.profiles import Facts
from gateway.errors import InvalidRequest

Part = dict[str, Any]
_TEXTS = ("text", "refusal", "thinking")
_INLINE = "data:"


def has_limits(facts: Facts) -> bool:
    """Whether there is anything to look for."""
    return not (facts.takes_parts and facts.takes_image_urls) or bool(facts.part_forms)


def fit_parts(messages: list[dict[str, Any]], facts: Facts, who: str) -> list[dict[str, Any]]:
    """The messages with all parts in their forms there. Raises `InvalidRequest` for one that it cannot be shown."""
    fitted: list[dict[str, Any]] = []
    for i, message in enumerate(messages):
        content = message.get("content")
        if not isinstance(content, list):
            fitted.append(message)
            continue
        parts = [fit_part(part, facts, who, f"messages[{i}].content[{j}]") for j, part in enumerate(content)]
        fitted.append({**message, "content": parts})
    return fitted


def fit_part(part: Any, facts: Facts, who: str, place: str) -> Any:
    """One part in its form there. Raises `InvalidRequest`, with its place in the client's request."""
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind in _TEXTS:
        return part
    if not facts.takes_parts:
        raise _refused(f"{who} reads text only; see {place}.", place)
    if kind == "image_url" and not facts.takes_image_urls and not _address(part).startswith(_INLINE):
        raise _refused(f"{who} fetches no images by their address: send the data, as a data: URL; see {place}.", place)
    form = facts.part_forms.get(kind, kind)
    if form is None:
        raise _refused(f"{who} takes no parts of type {kind!r}; see {place}.", place)
    write = _FORMS.get(form)
    return part if form == kind or write is None else write(part, who, place)


def _address(part: Part) -> str:
    given = part.get("image_url")
    url = given.get("url") if isinstance(given, dict) else given
    return url if isinstance(url, str) else _INLINE


def _document(part: Part, who: str, place: str) -> Part:
    """Mistral's form of a file (shared facts on providers, section 9)."""
    file = part.get("file")
    data = file.get("file_data") if isinstance(file, dict) else None
    if not isinstance(file, dict) or not isinstance(data, str):
        raise _refused(f"{who} takes files with their data only; see {place}.", place)
    name = {"document_name": file["filename"]} if isinstance(file.get("filename"), str) else {}
    return {"type": "document_url", "document_url": data, **name}


def _refused(why: str, place: str) -> InvalidRequest:
    return InvalidRequest(why, param=place, code="unsupported_value")


_FORMS: dict[str, Callable[[Part, str, str], Part]] = {"document_url": _document}
