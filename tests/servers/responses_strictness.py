"""What OpenAI refuses in a Responses request, and what must never leave the gateway."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_Object = dict[str, Any]
_FIELDS = frozenset(
    (
        *("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_tool_calls", "text"),
        *("reasoning", "include", "store", "stream", "stream_options", "background", "temperature", "top_p", "user"),
        *("top_logprobs", "max_output_tokens", "truncation", "metadata", "service_tier", "safety_identifier", "prompt"),
        *("prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "moderation", "client_metadata"),
        *("context_management", "access_programs", "image"),
    )
)
_INCLUDES = frozenset(
    {
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
    }
)
_TOOLS = frozenset(
    {
        "function",
        "custom",
        "web_search",
        "file_search",
        "code_interpreter",
        "mcp",
        "image_generation",
        "namespace",
        "tool_search",
    }
)
_PARTS = {
    "user": {"input_text", "input_image", "input_file"},
    "system": {"input_text"},
    "developer": {"input_text"},
    "assistant": {"output_text", "refusal"},
}
_OUTPUTS = {"function_call_output": "function_call", "custom_tool_call_output": "custom_tool_call"}
_GATEWAYS_ID = re.compile(r"[a-z]+_[0-9a-f]{40}(?:[0-9a-f]{4})?")


def complaints(body: _Object, issued: Mapping[str, str]) -> Iterator[str]:
    """Everything that is wrong with a request. `issued` is the encrypted content of the reasoning told, by its id."""
    for name in body:
        if name not in _FIELDS and not name.startswith("x_"):
            yield f"Unknown parameter: '{name}'."
    if body.get("store") is not False:
        yield "store is not false"
    if "waystone" in (body.get("metadata") or {}):
        yield "metadata.waystone was forwarded"
    options = body.get("stream_options")
    if options is not None and (not body.get("stream") or options.keys() - {"include_obfuscation"}):
        yield f"stream_options: {options}"
    limit = body.get("max_output_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 16):
        yield f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got {limit}."
    if unknown := set(body.get("include") or ()) - _INCLUDES:
        yield f"include: {unknown}"
    yield from _about_tools(body)
    form = (body.get("text") or {}).get("format") or {"type": "text"}
    if form["type"] == "json_schema" and not {"name", "schema"} <= form.keys():
        yield f"text.format: {form}"
    if isinstance(body.get("input"), list):
        yield from _about_items(body["input"], issued)
    elif not isinstance(body.get("input"), str) and "prompt" not in body:
        yield "input is missing"


def _about_tools(body: _Object) -> Iterator[str]:
    for tool in body.get("tools") or ():
        yield from _about_tool(tool)
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function" and "name" not in choice:
        yield f"tool_choice: {choice}"


def _about_tool(tool: _Object) -> Iterator[str]:
    kind = tool.get("type")
    if kind not in _TOOLS:
        yield f"a tool of type {kind!r}"
    if kind in ("function", "custom") and not isinstance(tool.get("name"), str):
        yield f"Missing required parameter: 'tools[0].name' in {tool}"
    is_closed = (tool.get("parameters") or {}).get("additionalProperties") is False
    if kind == "function" and tool.get("strict") is True and not is_closed:
        yield "Invalid schema for function: 'additionalProperties' is required to be supplied and to be false"


def _about_items(items: list[_Object], issued: Mapping[str, str]) -> Iterator[str]:
    calls: dict[str, str] = {}
    answered: set[str] = set()
    for i, item in enumerate(items):
        kind = item.get("type") or "message"
        if "state" in item or _is_the_gateways(item, kind):
            yield f"input[{i}] has what only the gateway knows: {item}"
        match kind:
            case "message":
                yield from _about_message(item)
            case "reasoning":
                yield from _about_reasoning(item, is_last=i + 1 == len(items), issued=issued)
            case "function_call" | "custom_tool_call":
                calls[item["call_id"]] = kind
                yield from _about_call(item, kind)
            case "function_call_output" | "custom_tool_call_output":
                answered.add(item["call_id"])
                if calls.get(item["call_id"]) != _OUTPUTS[kind]:
                    yield f"No tool call found for function call output with call_id {item['call_id']}."
            case "item_reference":
                yield f"Item with id '{item['id']}' not found."
    for call_id in calls.keys() - answered:
        yield f"No tool output found for function call {call_id}."


def _is_the_gateways(item: _Object, kind: str) -> bool:
    is_hosted = kind.endswith("_call") and kind not in ("function_call", "custom_tool_call")
    return not is_hosted and bool(_GATEWAYS_ID.fullmatch(item.get("id") or ""))


def _about_message(item: _Object) -> Iterator[str]:
    content = item.get("content")
    if isinstance(content, str):
        return
    for part in content if isinstance(content, list) else [{}]:
        if part.get("type") not in _PARTS[item["role"]]:
            yield f"Invalid value: '{part.get('type')}' in a message of {item['role']}."
        if part.get("type") == "input_image" and not isinstance(part.get("image_url", ""), str):
            yield "image_url is not a string"


def _about_reasoning(item: _Object, *, is_last: bool, issued: Mapping[str, str]) -> Iterator[str]:
    if issued.get(item.get("id") or "") != item.get("encrypted_content"):
        yield f"The encrypted content of item '{item.get('id')}' could not be verified."
    if is_last:
        yield f"Item '{item.get('id')}' of type 'reasoning' was provided without its required following item."


def _about_call(item: _Object, kind: str) -> Iterator[str]:
    if kind == "custom_tool_call":
        if not isinstance(item.get("input"), str):
            yield "a custom tool call without its input"
        return
    try:
        json.loads(item["arguments"])
    except (KeyError, TypeError, ValueError):
        yield f"the arguments of {item.get('name')} are no JSON"
