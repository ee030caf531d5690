"""Mends the texts, log probabilities and citations of a message, where a server has them otherwise."""

from collections.abc import Callable
from typing import Any

_TEXTS = ("content", "refusal", "reasoning_content")


class NotChat(ValueError):
    """A reply or a chunk has another shape than any server that speaks the dialect gives it."""


def mend_message(part: dict[str, Any], *, is_whole: bool) -> bool:
    """Mend everything but the tool calls of a whole message, or of a chunk's delta. True if anything was amiss.

    Raises `NotChat` where its text is no text.
    """
    changed = False
    content = part.get("content")
    if isinstance(content, list):
        _flatten(part, content)
        changed = True
    for name in _TEXTS:
        value = part.get(name)
        if value is not None and not isinstance(value, str):
            raise NotChat
    annotations = part.get("annotations")
    if annotations and not _are_citations(annotations):
        part["annotations"] = _citations(annotations)
        changed = True
    for name, is_right in _PERIPHERAL.items():
        value = part.get(name)
        if value is not None and not is_right(value, is_whole):
            part[name] = None
            changed = True
    return changed


def name_reasoning(part: dict[str, Any]) -> bool:
    """Tell reasoning by the name `reasoning_content`, too, where its upstream calls it `reasoning`. True if it was.

    Clients of the dialect read either of the two, most only the first (shared facts on providers, sections 10 to 17).
    """
    text = part.get("reasoning")
    if not text or not isinstance(text, str) or part.get("reasoning_content") is not None:
        return False
    part["reasoning_content"] = text
    return True


def mend_logprobs(choice: dict[str, Any]) -> bool:
    """Remove log probabilities that are none. True if there were such."""
    logprobs = choice.get("logprobs")
    if logprobs is None:
        return False
    if isinstance(logprobs, dict) and all(_are_tokens(logprobs.get(name)) for name in ("content", "refusal")):
        return False
    choice["logprobs"] = None
    return True


def _is_function_call(value: Any, is_whole: bool) -> bool:
    if not isinstance(value, dict):
        return False
    fields = [value.get("name"), value.get("arguments")]
    return all(isinstance(field, str) or (field is None and not is_whole) for field in fields)


def _is_audio(value: Any, is_whole: bool) -> bool:
    if not isinstance(value, dict) or not is_whole:
        return isinstance(value, dict)
    return type(value.get("expires_at")) is int and all(
        isinstance(value.get(name), str) for name in ("id", "data", "transcript")
    )


# What an answer can do without: it is left out where it is not what it should be.
_PERIPHERAL: dict[str, Callable[[Any, bool], bool]] = {
    "role": lambda value, _: isinstance(value, str),
    "annotations": lambda value, _: isinstance(value, list),
    "function_call": _is_function_call,
    "audio": _is_audio,
}


def _flatten(part: dict[str, Any], content: list[Any]) -> None:
    """Mistral's content is a list of texts and thoughts, also in chunks (shared facts, section 9)."""
    thoughts: list[str] = []
    texts: list[str] = []
    for piece in content:
        match piece:
            case {"type": "text", "text": str() as text}:
                texts.append(text)
            case {"type": "thinking", "thinking": list() as thinking}:
                thoughts += [thought for inner in thinking if (thought := _text(inner))]
    part["content"] = "".join(texts) if texts else None
    if thoughts:
        part["reasoning_content"] = "".join(thoughts)


def _text(piece: Any) -> str:
    text = piece.get("text") if isinstance(piece, dict) else None
    return text if isinstance(text, str) else ""


def _are_citations(annotations: Any) -> bool:
    return isinstance(annotations, list) and all(
        isinstance(annotation, dict)
        and isinstance(annotation.get("type"), str)
        and (annotation["type"] != "url_citation" or _is_whole(annotation.get("url_citation")))
        for annotation in annotations
    )


def _citations(annotations: Any) -> list[dict[str, Any]]:
    """The annotations that are any, with what a reader of the dialect finds in each citation of a page."""
    if not isinstance(annotations, list):
        return []
    found = [a for a in annotations if isinstance(a, dict) and isinstance(a.get("type"), str)]
    return [mended for annotation in found if (mended := _mended_citation(annotation)) is not None]


def _mended_citation(annotation: dict[str, Any]) -> dict[str, Any] | None:
    cited = annotation.get("url_citation")
    if annotation["type"] != "url_citation":
        return annotation
    if not isinstance(cited, dict) or not isinstance(cited.get("url"), str):
        return None
    title = cited.get("title") if isinstance(cited.get("title"), str) else ""
    places = {name: _place(cited.get(name)) for name in ("start_index", "end_index")}
    return {**annotation, "url_citation": {**cited, "title": title, **places}}


def _is_whole(cited: Any) -> bool:
    return (
        isinstance(cited, dict)
        and isinstance(cited.get("url"), str)
        and isinstance(cited.get("title"), str)
        and type(cited.get("start_index")) is int
        and type(cited.get("end_index")) is int
    )


def _place(value: Any) -> int:
    return value if type(value) is int else 0


def _are_tokens(entries: Any) -> bool:
    return entries is None or (isinstance(entries, list) and all(_is_token(entry) for entry in entries))


def _is_token(entry: Any) -> bool:
    if not _is_measured(entry) or not isinstance(entry.get("top_logprobs"), list):
        return False
    return all(_is_measured(other) for other in entry["top_logprobs"])


def _is_measured(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("token"), str):
        return False
    logprob, spelled = entry.get("logprob"), entry.get("bytes")
    if isinstance(logprob, bool) or not isinstance(logprob, int | float):
        return False
    return "bytes" in entry and (
        spelled is None or (isinstance(spelled, list) and all(type(byte) is int for byte in spelled))
    )
