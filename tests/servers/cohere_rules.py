"""What Cohere refuses in a chat request (its SDK's types, and shared facts on providers, section 8)."""

from collections.abc import Iterator
from typing import Any

_Object = dict[str, Any]
_FIELDS = frozenset(
    (
        *("model", "messages", "stream", "tools", "strict_tools", "documents", "citation_options", "response_format"),
        *("safety_mode", "max_tokens", "stop_sequences", "temperature", "seed", "frequency_penalty"),
        *("presence_penalty", "k", "p", "logprobs", "tool_choice", "thinking", "priority"),
    )
)
_BOUNDS = {
    "frequency_penalty": (0, 1),
    "presence_penalty": (0, 1),
    "k": (0, 500),
    "p": (0.01, 0.99),
    "temperature": (0, 2),
    "priority": (0, 999),
}
_MESSAGES = {
    "system": {"role", "content"},
    "user": {"role", "content"},
    "assistant": {"role", "content", "tool_plan", "tool_calls", "citations"},
    "tool": {"role", "content", "tool_call_id"},
}
_PARTS = {
    "system": {"text"},
    "user": {"text", "image_url"},
    "assistant": {"text", "thinking"},
    "tool": {"text", "document"},
}
_DETAILS = ("auto", "low", "high")


def complaints(body: _Object) -> Iterator[str]:
    """Everything that is wrong with a request."""
    for name in body.keys() - _FIELDS:
        yield f"unknown field: parameter '{name}' is not a valid field"
    for name, (least, most) in _BOUNDS.items():
        value = body.get(name)
        if value is not None and (type(value) not in (int, float) or not least <= value <= most):
            yield f"invalid request: {name} must be between {least} and {most} inclusive."
    for name in ("stream", "strict_tools", "logprobs"):
        if not isinstance(body.get(name, False), bool):
            yield f"invalid type: parameter '{name}' is of type string but should be of type boolean"
    stops = body.get("stop_sequences", [])
    if not isinstance(stops, list) or len(stops) > 5:
        yield "invalid request: there can be at most 5 stop sequences"
    if "max_tokens" in body and (type(body["max_tokens"]) is not int or body["max_tokens"] < 1):
        yield "invalid request: max_tokens must be a positive integer"
    yield from _about_tools(body)
    yield from _about_form(body)
    yield from _about_thinking(body)
    yield from _about_messages(body)


def _about_tools(body: _Object) -> Iterator[str]:
    tools = body.get("tools")
    if tools is not None and not tools:
        yield "invalid request: tools must not be empty"
    for tool in tools or ():
        function = tool.get("function", {})
        if tool.keys() != {"type", "function"} or tool["type"] != "function":
            yield f"invalid tool: {tool}"
        if function.keys() - {"name", "description", "parameters"} or not isinstance(function.get("name"), str):
            yield f"invalid function: {function}"
        if not isinstance(function.get("parameters"), dict):
            yield "invalid request: a function needs its parameters"
        elif body.get("strict_tools") and not function["parameters"].get("required"):
            yield "invalid request: with strict_tools each tool must have a required parameter"
    if body.get("tool_choice") not in (None, "REQUIRED", "NONE"):
        yield f"invalid tool_choice: {body['tool_choice']}"
    if not tools and ("tool_choice" in body or "strict_tools" in body):
        yield "invalid request: tool_choice and strict_tools need tools"
    if "safety_mode" in body and (tools or body.get("documents")):
        yield "invalid request: safety_mode cannot be used with tools or documents"


def _about_form(body: _Object) -> Iterator[str]:
    form = body.get("response_format")
    if form is None:
        return
    if form.get("type") not in ("text", "json_object") or form.keys() - {"type", "json_schema"}:
        yield f"invalid response_format: {form}"
    schema = form.get("json_schema")
    if schema is not None and schema.get("type") != "object":
        yield "invalid json schema provided: the top level must be an object"
    if body.get("tools") or body.get("documents"):
        yield "invalid request: cannot specify both response_format and tools or documents."


def _about_thinking(body: _Object) -> Iterator[str]:
    thinking = body.get("thinking")
    if thinking is None:
        return
    if thinking.get("type") not in ("enabled", "disabled") or thinking.keys() - {"type", "token_budget"}:
        yield f"invalid thinking: {thinking}"
    budget = thinking.get("token_budget", 1)
    if budget < 1 or (thinking["type"] == "disabled" and "token_budget" in thinking):
        yield f"invalid token_budget: {budget}"


def _about_messages(body: _Object) -> Iterator[str]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "invalid request: messages must not be empty"
        return
    waiting: list[str] = []
    for number, message in enumerate(messages):
        role = message.get("role")
        if role not in _MESSAGES or message.keys() - _MESSAGES[role]:
            yield f"invalid message at messages[{number}]: {message}"
            continue
        yield from _about_content(message, role, number)
        if role == "tool":
            if message["tool_call_id"] not in waiting:
                yield f"invalid request: no tool call for the result at messages[{number}]"
            else:
                waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            yield f"invalid request: missing tool results for {waiting} before messages[{number}]"
        waiting = [call["id"] for call in message.get("tool_calls", ())]
        yield from _about_calls(message.get("tool_calls", []), number)
    if waiting:
        yield f"invalid request: missing tool results for {waiting}"


def _about_content(message: _Object, role: str, number: int) -> Iterator[str]:
    content = message.get("content")
    if content is None:
        if role != "assistant" or not message.get("tool_calls"):
            yield f"invalid request: messages[{number}] must have non-empty content or tool calls."
        return
    if isinstance(content, str):
        if role == "assistant" and not content:
            yield f"invalid request: messages[{number}] must have non-empty content or tool calls."
        return
    if not content:
        yield f"invalid request: messages[{number}] has no parts"
    for part in content:
        kind = part.get("type")
        if kind not in _PARTS[role] or part.keys() != {"type", kind}:
            yield f"invalid part at messages[{number}]: {part}"
        elif kind == "image_url":
            image = part["image_url"]
            if image.keys() - {"url", "detail"} or image.get("detail", "auto") not in _DETAILS:
                yield f"invalid image at messages[{number}]: {image}"


def _about_calls(calls: list[_Object], number: int) -> Iterator[str]:
    for call in calls:
        function = call.get("function", {})
        is_whole = call.keys() == {"id", "type", "function"} and function.keys() == {"name", "arguments"}
        if not is_whole or not all(isinstance(function[name], str) and function[name] for name in function):
            yield f"invalid tool call at messages[{number}]: {call}"
