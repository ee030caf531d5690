"""Items of the conversation that only the provider which made them can use."""

from typing import Any

# The field that holds what such an item brought in; without it, the answer is the same. None: it never brings anything.
_BROUGHT: dict[str, str | None] = {
    "web_search_call": None,
    "mcp_list_tools": None,
    "file_search_call": "results",
    "code_interpreter_call": "outputs",
    "image_generation_call": "result",
    "mcp_call": "output",
}


def is_harmless(item: dict[str, Any]) -> bool:
    """Whether the item can be left out: what was found by it stands in the messages, or nothing was."""
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in _BROUGHT:
        return False
    field = _BROUGHT[kind]
    return field is None or not item.get(field)
