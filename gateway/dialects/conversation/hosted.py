"""Items of the conversation that only the provider which made them can use."""

from typing import Any

# The field that holds what such an item brought in; without it, the answer is the same. None: it never brings anything,
# or, as with code that was run and images that were drawn, the answer that was given with it says what came of it.
_BROUGHT: dict[str, str | None] = {
    "web_search_call": None,
    "mcp_list_tools": None,
    "code_interpreter_call": None,
    "image_generation_call": None,
    "file_search_call": "results",
    "mcp_call": "output",
}


def is_harmless(item: dict[str, Any]) -> bool:
    """Whether the item can be left out: what was found by it stands in the messages, or nothing was."""
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in _BROUGHT:
        return False
    field = _BROUGHT[kind]
    return field is None or not item.get(field)
