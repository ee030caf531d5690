"""What a strict server of the chat dialect refuses: OpenAI's rules on messages and tools, as the facts have them."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FIELDS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {
        *("role", "content", "name", "refusal", "tool_calls", "function_call", "audio"),
        *("reasoning_content", "reasoning", "reasoning_details", "annotations", "contents", "citations", "images"),
    },
    "tool": {"role", "content", "tool_call_id"},
    "function": {"role", "content", "name"},
}
_PARTS = {
    "system": {"text"},
    "developer": {"text"},
    "user": {"text", "image_url", "input_audio", "file"},
    "assistant": {"text", "refusal", "thinking"},
    "tool": {"text"},
    "function": set[str](),
}


def complaints(body: dict[str, Any]) -> Iterator[str]:
    """Everything that is wrong with the messages and the tools of a request."""
    messages = body["messages"]
    for number, message in enumerate(messages):
        for complaint in _of_message(message):
            yield f"messages[{number}]: {complaint}"
    yield from _of_answers(messages)
    yield from _of_tools(body)


def _of_message(message: dict[str, Any]) -> Iterator[str]:
    role = message.get("role")
    if role not in _FIELDS:
        yield f"no such role: {role!r}"
        return
    odd = message.keys() - _FIELDS[role]
    if odd:
        yield f"fields that a {role} does not have: {sorted(odd)}"
    content = message.get("content")
    has_more = role == "assistant" and any(message.get(name) for name in ("tool_calls", "refusal", "audio"))
    if content is None and not has_more:
        yield "no content"
    if isinstance(content, list):
        yield from _of_parts(content, _PARTS[role])
    elif content is not None and not isinstance(content, str):
        yield "a content of no known kind"
    for call in message.get("tool_calls") or ():
        yield from _of_call(call)


def _of_parts(parts: list[Any], allowed: set[str]) -> Iterator[str]:
    if not parts:
        yield "an empty list of parts"
    for part in parts:
        if not isinstance(part, dict) or part.get("type") not in allowed:
            yield f"a part that does not belong here: {part!r:.80}"
            continue
        match part:
            case {"type": "text", "text": str()} | {"type": "refusal", "refusal": str()}:
                pass
            case {"type": "image_url", "image_url": {"url": str(), **more}} if more.keys() <= {"detail"} and more.get(
                "detail", "auto"
            ) in ("auto", "low", "high", "original"):
                pass
            case {"type": "file", "file": dict() as file} if file.keys() & {"file_data", "file_id"}:
                pass
            case {"type": "input_audio", "input_audio": {"data": str(), "format": str()}}:
                pass
            case {"type": "thinking", "thinking": list()}:
                pass
            case _:
                yield f"a part of the wrong shape: {part!r:.80}"


def _of_call(call: dict[str, Any]) -> Iterator[str]:
    match call:
        case {"id": str(), "type": "function", "function": {"name": str() as name, "arguments": str() as given}}:
            try:
                orjson.loads(given)
            except orjson.JSONDecodeError:
                yield f"arguments that are no JSON: {given!r:.40}"
        case {"id": str(), "type": "custom", "custom": {"name": str() as name, "input": str()}}:
            pass
        case _:
            yield f"a call of the wrong shape: {call!r:.80}"
            return
    if not _NAME.fullmatch(name):
        yield f"a call of what cannot be a name: {name!r}"


def _of_answers(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Every call is answered once, by a tool's message, before anybody else speaks."""
    waiting: list[str] = []
    for number, message in enumerate(messages):
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in waiting:
                yield f"messages[{number}]: a tool's message that answers no call before it"
            else:
                waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            yield f"messages[{number}]: calls without an answer before it: {waiting}"
        waiting = [call.get("id", "") for call in message.get("tool_calls") or ()]
    if waiting:
        yield f"calls without an answer at the end: {waiting}"


def _of_tools(body: dict[str, Any]) -> Iterator[str]:
    tools, choice = body.get("tools") or [], body.get("tool_choice")
    names = [tool[tool["type"]].get("name") for tool in tools if tool.get("type") in ("function", "custom")]
    if len(names) < len(tools):
        yield "a tool of another type than function and custom"
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            yield f"a tool with what cannot be a name: {name!r}"
    if len(set(names)) < len(names):
        yield "two tools of one name"
    for tool in tools:
        function = tool.get("function") or {}
        if function.get("strict") and not _is_closed(function.get("parameters") or {}):
            yield f"a strict function whose schema is not closed: {function.get('name')}"
    if not tools and (choice is not None or body.get("parallel_tool_calls") is not None):
        yield "tool_choice or parallel_tool_calls without tools"
    named = choice.get(choice["type"], {}) if isinstance(choice, dict) else {}
    for entry in named.get("tools", [choice] if named else []):
        if entry.get(entry["type"], {}).get("name") not in names:
            yield f"a tool choice that names no tool: {entry}"


def _is_closed(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties", {})
    if schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties)
    ):
        return False
    return all(_is_closed(inner) for inner in (*properties.values(), schema.get("items")))
