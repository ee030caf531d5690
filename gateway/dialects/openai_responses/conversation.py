"""Makes a conversation's items ready for an upstream that keeps no state of ours."""

from collections.abc import Sequence
from typing import Any

from gateway.generation import Recovered
from gateway.identifiers import is_own_id

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
    }
)


def input_items(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items as the upstream is to get them: with its own state in reasoning, and without ids of the gateway's."""
    answered = {str(item.get("call_id")) for item in items if str(item.get("type")).endswith("_output")}
    return [
        _with_state(item) if isinstance(item, Recovered) else _without_own_id(_called(item))
        for item in items
        if not _was_cut(item, answered) and not _is_forgotten(item)
    ]


def _was_cut(item: dict[str, Any], answered: set[str]) -> bool:
    """Whether it is a call that was never complete, and so has no output: it would be refused for ever."""
    return (
        item.get("type") in _CALLS and item.get("status") == "incomplete" and str(item.get("call_id")) not in answered
    )


def _is_forgotten(item: dict[str, Any]) -> bool:
    """Whether it is reasoning that its author has not kept, and that holds nothing to remind him."""
    return isinstance(item, Recovered) and "encrypted_content" not in item.state and not item.get("content")


def _called(item: dict[str, Any]) -> dict[str, Any]:
    # A function without parameters is often called with an empty string, which is no JSON.
    return {**item, "arguments": "{}"} if item.get("arguments") == "" and item.get("type") == "function_call" else item


def _without_own_id(item: dict[str, Any]) -> dict[str, Any]:
    given, kind = item.get("id"), item.get("type") or "message"
    if not isinstance(given, str) or not isinstance(kind, str) or kind not in _NEED_NO_ID:
        return item
    if not is_own_id(given):
        return item
    # A field that a reasoning item of ours has for clients, and that says nothing.
    is_empty = item.get("encrypted_content", "") is None
    gone = ("id", "encrypted_content") if is_empty else ("id",)
    return {name: value for name, value in item.items() if name not in gone}


def _with_state(item: Recovered) -> dict[str, Any]:
    """Reasoning as its author gave it: under its own id, with its own encrypted content."""
    own = {name: value for name, value in item.items() if name not in ("id", "encrypted_content", "status")}
    if not own.get("content"):
        own.pop("content", None)
    return {**own, **item.state}
