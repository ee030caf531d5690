"""Repairs what compatible servers leave out or spell otherwise, so that a stock client reads every reply alike.

The spellings met are listed in the shared facts on providers, sections 17 and 18 (August 2026). All functions repair
in place, return whether anything was changed, and raise `NotAnAnswer` for what is past repair.
"""

import time
from collections.abc import Callable, Mapping
from types import NoneType

from gateway.dialects.base import Origin
from gateway.dialects.decoder import NotAnAnswer
from gateway.dialects.openai_chat.calls import repair_calls
from gateway.dialects.openai_chat.errors import error_in_band, error_of_choice
from gateway.neutral.events import FinishReason
from gateway.neutral.identifiers import new_completion_id
from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_none,
    number_or_none,
    object_or_none,
    objects_in,
    text_or_empty,
    text_or_none,
)

_FINISH: Mapping[str, FinishReason] = {
    **dict.fromkeys(("length", "model_length", "max_tokens", "max_output_tokens", "max_length"), "length"),
    **dict.fromkeys(("tool_calls", "tool_call", "tool_use", "function_call"), "tool_calls"),
    **dict.fromkeys(("content_filter", "content-filter", "safety", "refusal", "blocked"), "content_filter"),
}
_CALLING = ("tool_calls", "function_call")
_USUAL_ENDS = (None, "stop", "length", "tool_calls")
_KNOWN = frozenset({"stop", "length", "tool_calls", "function_call", "content_filter"})
_TEXTS = ("content", "refusal", "reasoning_content")
LABELS = ("service_tier", "system_fingerprint", "obfuscation")
LATEST = 2**53


def read_choices(document: JsonObject, origin: Origin) -> list[JsonObject]:
    """The choices of a reply or a chunk.

    Raises `NotAnAnswer` if they are no list of objects, and the error that one of them reports, or a `base_resp`.
    """
    if "base_resp" in document and (error := error_in_band(document, origin)) is not None:
        raise error
    given = document.get("choices")
    if given is None:
        given = document["choices"] = []
    if not isinstance(given, list):
        raise NotAnAnswer
    choices: list[JsonObject] = []
    for choice in given:
        if not isinstance(choice, dict):
            raise NotAnAnswer
        choices.append(choice)
    for choice in choices:
        if ("error" in choice or choice.get("finish_reason") not in _USUAL_ENDS) and (
            error := error_of_choice(choice, origin)
        ) is not None:
            raise error
    return choices


def finish_reason(value: str | None, *, has_tool_calls: bool) -> FinishReason:
    """OpenAI's value for an upstream's. One that is unknown means an ordinary end."""
    reason = _FINISH.get((value or "stop").lower(), "stop")
    return "tool_calls" if has_tool_calls and reason == "stop" else reason


def repair_choice(choice: JsonObject, part: str, *, index: int) -> tuple[int, JsonObject, bool]:
    """Repair a choice, all but its finish reason. Returns its index, its message or delta, and whether it was changed.

    `part` is "message" in a reply and "delta" in a chunk; `index` is this choice's where it gives none.
    """
    changed = False
    given = choice.get("index")
    if type(given) is int and given >= 0:
        index = given
    else:
        choice["index"] = index
        changed = True
    inner = choice.get(part)
    if inner is None:
        inner = choice[part] = _other_part(choice)
        changed = True
    if not isinstance(inner, dict):
        raise NotAnAnswer
    if repair_message(inner, is_whole=part == "message"):
        changed = True
    if choice.get("logprobs") is not None and not _are_logprobs(choice["logprobs"]):
        choice["logprobs"] = None
        changed = True
    return index, inner, changed


def _other_part(choice: JsonObject) -> Json:
    """What is said where another kind of answer has it: in a chunk's delta, in a message, or in a bare text."""
    for name in ("message", "delta"):
        if isinstance(choice.get(name), dict):
            return choice[name]
    text = choice.get("text")
    return {"content": text} if isinstance(text, str) else {}


def repair_reason(choice: JsonObject, *, has_calls: bool, has_legacy: bool) -> bool:
    """Give a choice that has ended a finish reason that clients know, and that says whether it calls."""
    reason = expected = choice["finish_reason"]
    if not isinstance(reason, str) or reason not in _KNOWN:
        known = reason if isinstance(reason, str) else "stop"
        expected = finish_reason(known, has_tool_calls=has_calls) if reason else None
    elif reason == "function_call" and has_calls:
        expected = "tool_calls"
    if expected == "stop" and (has_calls or has_legacy):
        expected = "tool_calls" if has_calls else "function_call"
    elif expected in _CALLING and not (has_calls or has_legacy):
        # No client can answer calls that are not there.
        expected = "stop"
    choice["finish_reason"] = expected
    return expected != reason


def repair_message(part: JsonObject, *, is_whole: bool) -> bool:
    """Repair everything but the tool calls of a whole message, or of a chunk's delta."""
    changed = False
    content = part.get("content")
    if part.keys() <= _USUAL and type(content) in _TEXT and part.get("role", _ROLE) == _ROLE:
        # Most have no more, and nothing of that is to be repaired.
        return False
    if isinstance(content, list):
        _flatten(part, content)
        changed = True
    for name in _TEXTS:
        value = part.get(name)
        if value is not None and not isinstance(value, str):
            if value:
                raise NotAnAnswer
            # Some servers have another word for nothing.
            part[name] = None
            changed = True
    if part.get("role") not in (None, _ROLE):
        part["role"] = _ROLE
        changed = True
    annotations = part.get("annotations")
    if annotations and not _are_citations(annotations):
        part["annotations"] = _citations(annotations)
        changed = True
    for name, is_right in _DISPENSABLE.items():
        value = part.get(name)
        if value is not None and not is_right(value, is_whole):
            part[name] = None
            changed = True
    return changed | repair_calls(part, is_whole=is_whole)


def copy_reasoning(part: JsonObject) -> bool:
    """Write reasoning as `reasoning_content`, too, where its upstream names it `reasoning`.

    Clients of the dialect read either of the two, most only the first (shared facts on providers, sections 10 to 17).
    """
    text = part.get("reasoning")
    if not text or not isinstance(text, str) or part.get("reasoning_content") is not None:
        return False
    part["reasoning_content"] = text
    return True


def identity(document: JsonObject, model: str) -> JsonObject:
    """The fields that are the same in every chunk of one answer, filled in where the upstream has none."""
    created = number_or_none(document.get("created"))
    return {
        "id": text_or_none(document.get("id")) or new_completion_id(),
        "created": int(created) if created is not None and 1 <= created < LATEST else int(time.time()),
        "model": text_or_none(document.get("model")) or model,
    }


def repair_labels(document: JsonObject) -> bool:
    """Remove labels that are no text."""
    changed = False
    for name in LABELS:
        value = document.get(name)
        if value is not None and not isinstance(value, str):
            document[name] = None
            changed = True
    return changed


def _is_audio(value: Json, is_whole: bool) -> bool:
    if not isinstance(value, dict) or not is_whole:
        return isinstance(value, dict)
    return type(value.get("expires_at")) is int and all(
        isinstance(value.get(name), str) for name in ("id", "data", "transcript")
    )


_ROLE = "assistant"
_USUAL = frozenset({"role", "content"})
_TEXT = (str, NoneType)
# What an answer can do without: it is removed where it is not what it should be.
_DISPENSABLE: Mapping[str, Callable[[Json, bool], bool]] = {
    "annotations": lambda value, _: isinstance(value, list),
    "audio": _is_audio,
}


def _flatten(part: JsonObject, content: list[Json]) -> None:
    """Mistral's content is a list of texts and of reasoning, also in chunks (shared facts, section 9)."""
    reasoning: list[str] = []
    texts: list[str] = []
    for piece in content:
        match piece:
            case {"type": "text", "text": str() as text}:
                texts.append(text)
            case {"type": "thinking", "thinking": list() as thinking}:
                reasoning += [text_or_empty(inner.get("text")) for inner in objects_in(thinking)]
    part["content"] = "".join(texts) if texts else None
    if any(reasoning):
        part["reasoning_content"] = "".join(reasoning)


def _are_citations(annotations: Json) -> bool:
    found = objects_in(annotations)
    if not isinstance(annotations, list) or len(found) != len(annotations):
        return False
    return all(
        isinstance(annotation.get("type"), str)
        and (annotation["type"] != "url_citation" or _is_whole_citation(annotation.get("url_citation")))
        for annotation in found
    )


def _is_whole_citation(cited: Json) -> bool:
    return (
        isinstance(cited, dict)
        and isinstance(cited.get("url"), str)
        and isinstance(cited.get("title"), str)
        and type(cited.get("start_index")) is int
        and type(cited.get("end_index")) is int
    )


def _citations(annotations: Json) -> list[Json]:
    """The annotations that are any, with what a reader of the dialect finds in each citation of a page."""
    found = [annotation for annotation in objects_in(annotations) if isinstance(annotation.get("type"), str)]
    return [repaired for annotation in found if (repaired := _repaired_citation(annotation)) is not None]


def _repaired_citation(annotation: JsonObject) -> JsonObject | None:
    if annotation["type"] != "url_citation":
        return annotation
    cited = object_or_none(annotation.get("url_citation"))
    if cited is None or not isinstance(cited.get("url"), str):
        return None
    repaired: JsonObject = {**cited, "title": text_or_empty(cited.get("title"))}
    for name in ("start_index", "end_index"):
        repaired[name] = repaired[name] if type(repaired.get(name)) is int else 0
    return {**annotation, "url_citation": repaired}


def _are_logprobs(logprobs: Json) -> bool:
    return isinstance(logprobs, dict) and _are_tokens(logprobs.get("content")) and _are_tokens(logprobs.get("refusal"))


def _are_tokens(entries: Json) -> bool:
    return entries is None or (isinstance(entries, list) and all(map(_is_token, entries)))


def _is_token(entry: Json) -> bool:
    others = list_or_none(entry.get("top_logprobs")) if isinstance(entry, dict) else None
    return others is not None and _is_measured(entry) and all(map(_is_measured, others))


def _is_measured(entry: Json) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("token"), str):
        return False
    if number_or_none(entry.get("logprob")) is None or "bytes" not in entry:
        return False
    spelled = entry["bytes"]
    return spelled is None or (isinstance(spelled, list) and all(type(byte) is int for byte in spelled))
