"""Repairs what compatible servers leave out or spell otherwise, so that a stock client reads every reply alike.

The spellings met are listed in the shared facts on providers, sections 17 and 18 (August 2026). All functions repair
in place, return whether anything was changed, and raise `NotAnAnswer` for what is past repair.
"""

import time
from collections.abc import Callable, Collection, Mapping
from types import NoneType
from typing import NamedTuple

import orjson

from gateway.dialects.decoder import NotAnAnswer
from gateway.errors import UpstreamError
from gateway.neutral.events import FinishReason
from gateway.neutral.identifiers import new_completion_id, new_id
from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_none,
    number_or_none,
    object_or_empty,
    object_or_none,
    objects_in,
    text_or_empty,
    text_or_none,
)
from gateway.neutral.tools import CallKind

_FINISH: Mapping[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "model_length": "length",
    "eos": "stop",
}
_FAILURES = frozenset({"error", "insufficient_system_resource", "abort"})
_KNOWN = frozenset({"stop", "length", "tool_calls", "function_call", "content_filter"})
_TEXTS = ("content", "refusal", "reasoning_content")
LABELS = ("service_tier", "system_fingerprint", "obfuscation")
# What a call has, by its type, and the field with what the tool is given.
_CALLS: Mapping[CallKind, str] = {"function": "arguments", "custom": "input"}
LATEST = 2**53


class CalledTool(NamedTuple):
    """The name of a tool, and its arguments in JSON, or the free text for a `custom` one."""

    name: str
    text: str
    kind: CallKind


def read_choices(document: JsonObject, provider: str) -> list[JsonObject]:
    """The choices of a reply or a chunk.

    Raises `NotAnAnswer` if they are no list of objects, and the error behind a finish reason that reports a failure.
    """
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
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason in _FAILURES:
            message = f"{provider} broke off the answer ({reason})."
            raise UpstreamError(503, message, type="server_error", code="overloaded")
    return choices


def finish_reason(value: str | None, *, has_tool_calls: bool) -> FinishReason:
    """OpenAI's value for an upstream's. One that is unknown means an ordinary end."""
    reason = _FINISH.get(value or "stop", "stop")
    return "tool_calls" if has_tool_calls and reason == "stop" else reason


def repair_choice(
    choice: JsonObject, part: str, *, with_calls: Collection[int], index: int = 0
) -> tuple[int, JsonObject, bool]:
    """Repair a choice, all but its tool calls. Returns its index, its message or delta, and whether it was changed.

    `part` is "message" in a reply and "delta" in a chunk; `with_calls` are the choices in which earlier chunks had
    tool calls; `index` is this choice's where it gives none.
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
        inner = choice[part] = {}
        changed = True
    if not isinstance(inner, dict):
        raise NotAnAnswer
    if repair_message(inner, is_whole=part == "message"):
        changed = True
    if choice.get("logprobs") is not None and not _are_logprobs(choice["logprobs"]):
        choice["logprobs"] = None
        changed = True
    reason = choice.get("finish_reason")
    if reason is not None:
        has_calls = index in with_calls or bool(tool_calls(inner))
        if not isinstance(reason, str) or reason not in _KNOWN or (reason == "stop" and has_calls):
            known = reason if isinstance(reason, str) else "stop"
            choice["finish_reason"] = finish_reason(known, has_tool_calls=has_calls) if reason else None
            changed = True
    return index, inner, changed


def repair_message(part: JsonObject, *, is_whole: bool) -> bool:
    """Repair everything but the tool calls of a whole message, or of a chunk's delta."""
    changed = False
    content = part.get("content")
    if part.keys() <= _USUAL and type(content) in _TEXT and type(part.get("role")) in _TEXT:
        # Most have no more, and nothing of that is to be repaired.
        return False
    if isinstance(content, list):
        _flatten(part, content)
        changed = True
    for name in _TEXTS:
        value = part.get(name)
        if value is not None and not isinstance(value, str):
            raise NotAnAnswer
    annotations = part.get("annotations")
    if annotations and not _are_citations(annotations):
        part["annotations"] = _citations(annotations)
        changed = True
    for name, is_right in _DISPENSABLE.items():
        value = part.get(name)
        if value is not None and not is_right(value, is_whole):
            part[name] = None
            changed = True
    return changed


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


def says_anything(function: Json) -> bool:
    """Whether a legacy call, or a tool call's function, calls anything: some servers send an empty one for none."""
    given = object_or_empty(function)
    return bool(given.get("name") or given.get("arguments"))


def tool_calls(part: JsonObject) -> list[JsonObject]:
    """The tool calls of a message or a delta. Raises `NotAnAnswer` if they are no list of objects."""
    given = part.get("tool_calls")
    if given is None:
        return []
    calls = objects_in(given)
    if not isinstance(given, list) or len(calls) != len(given):
        raise NotAnAnswer
    return calls


def repair_call(call: JsonObject) -> bool:
    """Repair what a whole call and a piece of one have in common."""
    changed = False
    for name in ("id", "type"):
        value = call.get(name)
        if value is not None and not isinstance(value, str):
            # Some servers count their calls.
            call[name] = str(value) if name == "id" and type(value) is int else None
            changed = True
    for kind, field in _CALLS.items():
        if kind in call:
            changed |= _repair_definition(call, kind, field)
    return changed


def repair_whole_call(call: JsonObject) -> None:
    """Repair a call of a plain reply. Raises `NotAnAnswer` for a function that has no name."""
    repair_call(call)
    call["id"] = call.get("id") or new_id("call")
    call["type"] = call.get("type") or ("custom" if "custom" in call else "function")
    if call["type"] != "function":
        return
    function = object_or_empty(call.get("function"))
    if not function.get("name"):
        raise NotAnAnswer
    # A function without parameters is often called with an empty string, which is no JSON.
    function["arguments"] = function.get("arguments") or "{}"


def called_tool(call: JsonObject) -> CalledTool:
    """The tool of a repaired call, or of a piece of one."""
    for kind, field in _CALLS.items():
        given = call.get(kind)
        if given and isinstance(given, dict):
            return CalledTool(text_or_empty(given.get("name")), text_or_empty(given.get(field)), kind)
    return CalledTool("", "", "function")


def _repair_definition(call: JsonObject, kind: CallKind, field: str) -> bool:
    given = call[kind]
    if given is None:
        del call[kind]
        return True
    if not isinstance(given, dict) or not isinstance(given.get("name"), str | None):
        raise NotAnAnswer
    text = given.get(field)
    if text is None or isinstance(text, str):
        return False
    try:
        given[field] = orjson.dumps(text).decode()
    except orjson.JSONEncodeError:
        raise NotAnAnswer from None
    return True


def _is_function_call(value: Json, is_whole: bool) -> bool:
    if not isinstance(value, dict):
        return False
    fields = [value.get("name"), value.get("arguments")]
    return all(isinstance(field, str) or (field is None and not is_whole) for field in fields)


def _is_audio(value: Json, is_whole: bool) -> bool:
    if not isinstance(value, dict) or not is_whole:
        return isinstance(value, dict)
    return type(value.get("expires_at")) is int and all(
        isinstance(value.get(name), str) for name in ("id", "data", "transcript")
    )


_USUAL = frozenset({"role", "content"})
_TEXT = (str, NoneType)
# What an answer can do without: it is removed where it is not what it should be.
_DISPENSABLE: Mapping[str, Callable[[Json, bool], bool]] = {
    "role": lambda value, _: isinstance(value, str),
    "annotations": lambda value, _: isinstance(value, list),
    "function_call": _is_function_call,
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
