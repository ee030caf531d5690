"""The calls in a message or a chunk's delta, with what servers leave out of them or spell otherwise.

All functions repair in place, return whether anything was changed, and raise `NotAnAnswer` for what is past repair.
"""

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from gateway.dialects.decoder import NotAnAnswer
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import Json, JsonObject, object_or_empty, objects_in, text_or_empty
from gateway.neutral.tools import CallKind

CALLS, LEGACY = "tool_calls", "function_call"
NO_ARGUMENTS = "{}"
"""The arguments of a call for which its server sent none: an empty text is no JSON."""
FIELDS: Mapping[CallKind, str] = {"function": "arguments", "custom": "input"}
"""What a call has, by its type, and the field with what the tool is given."""


class CalledTool(NamedTuple):
    """The name of a tool, and its arguments in JSON, or the free text for a `custom` one."""

    name: str
    text: str
    kind: CallKind

    @property
    def says_nothing(self) -> bool:
        """Whether it calls nothing with nothing, as some servers write that there is no call."""
        return not self.name and self.text in ("", NO_ARGUMENTS)


def called_tool(call: JsonObject) -> CalledTool:
    """The tool of a repaired call, or of a piece of one."""
    for kind, field in FIELDS.items():
        given = call.get(kind)
        if given and isinstance(given, dict):
            return CalledTool(text_or_empty(given.get("name")), text_or_empty(given.get(field)), kind)
    return CalledTool("", "", "function")


def message_bytes(message: Json) -> int:
    """How many bytes of a repaired message, or of a delta, are texts of the answer: all but names and labels."""
    if type(message) is dict and len(message) == 1 and type(text := message.get("content")) is str:
        return len(text.encode("utf-8", "surrogatepass"))
    part = object_or_empty(message)
    # Reasoning may stand in both of its fields.
    reasoning = text_or_empty(part.get("reasoning_content")) or text_or_empty(part.get("reasoning"))
    texts = [text_or_empty(part.get("content")), text_or_empty(part.get("refusal")), reasoning]
    if CALLS in part:
        texts += [called_tool(call).text for call in tool_calls(part)]
    elif LEGACY in part:
        texts.append(called_function(part).text)
    return len("".join(texts).encode("utf-8", "surrogatepass"))


def is_empty(call: JsonObject) -> bool:
    """Whether a repaired call, or a piece of one, says nothing. One with an id and arguments means something."""
    called = called_tool(call)
    return called.says_nothing and not (called.text and call.get("id"))


def called_function(part: JsonObject) -> CalledTool:
    """The function in the one call of a server from before there were several."""
    given = object_or_empty(part.get(LEGACY))
    return CalledTool(text_or_empty(given.get("name")), text_or_empty(given.get("arguments")), "function")


def tool_calls(part: JsonObject) -> list[JsonObject]:
    """The tool calls of a repaired message or delta."""
    return objects_in(part.get(CALLS))


def repair_calls(part: JsonObject, *, is_whole: bool) -> bool:
    """Repair the list of calls, each call, and the deprecated form of one. Whole messages lose calls of nothing."""
    changed = False
    if part.get(CALLS) is not None:
        changed = _repair_list(part)
        for call in tool_calls(part):
            changed |= repair_call(call)
    if part.get(LEGACY) is not None:
        changed |= _repair_legacy(part)
    return (changed | _without_empty(part)) if is_whole else changed


def repair_call(call: JsonObject) -> bool:
    """Repair what a whole call and a piece of one have in common."""
    changed = False
    for name in ("id", "type"):
        value = call.get(name)
        if value is not None and not isinstance(value, str):
            # Some servers count their calls.
            call[name] = str(value) if name == "id" and type(value) is int else None
            changed = True
    for kind, field in FIELDS.items():
        if kind in call:
            changed |= _repair_definition(call, kind, field)
    kind = "custom" if "custom" in call and "function" not in call else "function"
    if call.get("type") and call["type"] != kind:
        call["type"] = kind
        changed = True
    return changed


def complete_calls(message: JsonObject) -> None:
    """Give the calls of a whole message an id, a type, and arguments. Raises `NotAnAnswer` where one has no name."""
    for call in tool_calls(message):
        called = called_tool(call)
        if not called.name:
            raise NotAnAnswer
        call["id"] = call.get("id") or new_id("call")
        call["type"] = called.kind
        if called.kind == "function":
            # A function without parameters is often called with an empty string, which is no JSON.
            object_or_empty(call["function"])["arguments"] = called.text or NO_ARGUMENTS
    if message.get(LEGACY) is not None:
        function = called_function(message)
        if not function.name:
            raise NotAnAnswer
        object_or_empty(message[LEGACY])["arguments"] = function.text or NO_ARGUMENTS


def _repair_list(part: JsonObject) -> bool:
    given = part[CALLS]
    if isinstance(given, list):
        calls: list[Json] = [call for call in given if call]
        if len(calls) == len(given) and all(isinstance(call, dict) for call in calls):
            return False
    else:
        calls = [given] if given else []
    if not all(isinstance(call, dict) for call in calls):
        raise NotAnAnswer
    part[CALLS] = calls or None
    return True


def _repair_legacy(part: JsonObject) -> bool:
    if part[LEGACY]:
        return _repair_definition(part, LEGACY, "arguments")
    part[LEGACY] = None
    return True


def _without_empty(message: JsonObject) -> bool:
    calls = tool_calls(message)
    kept: list[Json] = [call for call in calls if not is_empty(call)]
    changed = len(kept) < len(calls)
    if changed:
        message[CALLS] = kept or None
    if message.get(LEGACY) is not None and called_function(message).says_nothing:
        message[LEGACY] = None
        changed = True
    return changed


def _repair_definition(call: JsonObject, kind: str, field: str) -> bool:
    given: Json = call[kind]
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
