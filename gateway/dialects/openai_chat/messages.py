"""Turns conversation items, tools and tool choices of the Responses API into their chat forms."""

from collections.abc import Sequence
from typing import Any

from gateway.errors import InvalidRequest


def chat_messages(instructions: str | None, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conversation as chat messages, instructions first as a system message."""
    messages: list[dict[str, Any]] = []
    if instructions:
        messages.append({"role": "system", "content": instructions})
    for item in items:
        match item["type"]:
            case "message":
                messages.append({"role": item["role"], "content": item["content"]})
            case other:
                raise InvalidRequest(f"An item of type {other!r} cannot be sent to a chat model.", param="input")
    return messages


def chat_tool(tool: Any) -> Any:
    """A function tool in chat's nested form; one that is nested already, or of another type, stays as it is.

    An omitted `strict` means true in the Responses API and false in chat, so it is written out.
    """
    if not isinstance(tool, dict) or tool.get("type") != "function" or "function" in tool:
        return tool
    function = {name: value for name, value in tool.items() if name != "type"}
    if function.get("strict") is None:
        function["strict"] = True
    return {"type": "function", "function": function}


def chat_tool_choice(choice: Any) -> Any:
    """A tool choice in chat's form."""
    if isinstance(choice, dict) and choice.get("type") == "function" and "function" not in choice:
        return {"type": "function", "function": {"name": choice.get("name")}}
    return choice
