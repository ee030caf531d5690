"""Writes the items of a conversation, and makes those of a native body ready for an upstream without our state."""

from collections.abc import Mapping, Sequence

from gateway.dialects.openai_responses.content import write_answer, write_content
from gateway.dialects.openai_responses.types import (
    AnswerMessage,
    Content,
    CustomToolCall,
    FunctionCall,
    InputItem,
    InputMessage,
    Reasoning,
    ToolCallOutput,
)
from gateway.dialects.report import Report
from gateway.neutral.identifiers import is_own_id
from gateway.neutral.items import EarlierReasoning, Item, Message, ProviderItem, ToolCall, ToolOutput
from gateway.neutral.json import Json, JsonObject, object_or_empty
from gateway.neutral.parts import Part

_CALLS = ("function_call", "custom_tool_call")
# Items that need no id (shared facts on the Responses API, appendix A). Others are known by theirs.
_NEED_NO_ID = frozenset(
    {
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
        "tool_search_call",
        "tool_search_output",
        "additional_tools",
        "shell_call",
        "shell_call_output",
        "apply_patch_call",
        "apply_patch_call_output",
        "mcp_approval_response",
        "compaction",
        "configuration_update",
    }
)


def write_items(items: Sequence[Item], report: Report, *, has_breakpoints: bool = False) -> list[JsonObject]:
    """The items of a prompt, without cut calls. Reasoning that is not this upstream's own is not among them.

    Raises `InvalidRequest` for a part that has no place here.
    """
    custom = {item.call_id for item in items if isinstance(item, ToolCall) and item.kind == "custom"}
    answered = {item.call_id for item in items if isinstance(item, ToolOutput)}
    complete = (
        item
        for item in items
        if not (isinstance(item, ToolCall) and item.is_incomplete and item.call_id not in answered)
    )
    writer = _Writer(custom, report, has_breakpoints=has_breakpoints)
    written = (writer.write(item) for item in complete)
    return [object_or_empty(item) for item in written if item is not None]


class _Writer:
    """Writes the items of one prompt."""

    def __init__(self, custom: set[str], report: Report, *, has_breakpoints: bool) -> None:
        """`custom` are the ids of the calls of tools that take free text."""
        self._custom = custom
        self._report = report
        self._has_breakpoints = has_breakpoints

    def write(self, item: Item) -> InputItem | JsonObject | None:
        match item:
            case Message():
                return self._message(item)
            case ToolCall():
                return _call(item)
            case ToolOutput():
                return self._output(item)
            case EarlierReasoning(state=state) if state is not None and "encrypted_content" in state:
                return _reasoning(state)
            case ProviderItem():
                return _without_own_id(item.body)
            case _:
                return None

    def _message(self, message: Message) -> InputMessage | AnswerMessage:
        if message.role != "assistant":
            content = self._content(message.content, message.role)
            return {"type": "message", "role": message.role, "content": content}
        parts = write_answer(message.content, self._report)
        answer: AnswerMessage = {"type": "message", "role": "assistant", "content": parts}
        if message.phase is not None:
            answer["phase"] = message.phase
        return answer

    def _output(self, output: ToolOutput) -> ToolCallOutput:
        if output.is_error:
            self._report.drop(output.position.inside(".is_error"))
        content = self._content(output.content, "a tool")
        if output.call_id in self._custom:
            return {"type": "custom_tool_call_output", "call_id": output.call_id, "output": content}
        return {"type": "function_call_output", "call_id": output.call_id, "output": content}

    def _content(self, parts: Sequence[Part], role: str) -> Content:
        return write_content(parts, role, self._report, has_breakpoints=self._has_breakpoints)


def _reasoning(state: Mapping[str, Json]) -> JsonObject:
    reasoning: Reasoning = {"type": "reasoning", "summary": []}
    return {**object_or_empty(reasoning), **state}


def _call(call: ToolCall) -> FunctionCall | CustomToolCall:
    written: FunctionCall | CustomToolCall
    if call.kind == "custom":
        written = {"type": "custom_tool_call", "call_id": call.call_id, "name": call.name, "input": call.arguments}
    else:
        written = {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}
    if call.namespace is not None:
        written["namespace"] = call.namespace
    return written


def sendable_items(items: Sequence[JsonObject]) -> list[JsonObject]:
    """The items of a native body as the upstream is to get them: without ids of the gateway's and without cut calls."""
    answered = {str(item.get("call_id")) for item in items if str(item.get("type")).endswith("_output")}
    return [_without_own_id(_with_arguments(item)) for item in items if not _was_cut(item, answered)]


def _was_cut(item: JsonObject, answered: set[str]) -> bool:
    """Whether it is a call that was never complete, and so has no output: it would be refused for ever."""
    return (
        item.get("type") in _CALLS and item.get("status") == "incomplete" and str(item.get("call_id")) not in answered
    )


def _with_arguments(item: JsonObject) -> JsonObject:
    # A function without parameters is often called with an empty string, which is no JSON.
    return {**item, "arguments": "{}"} if item.get("arguments") == "" and item.get("type") == "function_call" else item


def _without_own_id(item: JsonObject) -> JsonObject:
    given, kind = item.get("id"), item.get("type") or "message"
    if not isinstance(given, str) or not isinstance(kind, str) or kind not in _NEED_NO_ID or not is_own_id(given):
        return item
    # A field that a reasoning item of ours has for clients, and that holds nothing.
    is_empty = item.get("encrypted_content", "") is None
    gone = ("id", "encrypted_content") if is_empty else ("id",)
    return {name: value for name, value in item.items() if name not in gone}
