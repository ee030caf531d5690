"""Items of the conversation that only the provider which made them can use."""

from gateway.neutral.items import ProviderItem

# The field that holds what such an item brought in; without it, the answer is the same. None: it never brings anything,
# or, as with code that was run and images that were drawn, the answer that came with it has the outcome.
_RESULT: dict[str, str | None] = {
    "web_search_call": None,
    "mcp_list_tools": None,
    "code_interpreter_call": None,
    "image_generation_call": None,
    "file_search_call": "results",
    "mcp_call": "output",
}


def is_dispensable(item: ProviderItem) -> bool:
    """Whether the item can be left out: what was found by it stands in the messages, or nothing was."""
    if item.kind not in _RESULT:
        return False
    field = _RESULT[item.kind]
    return field is None or not item.body.get(field)
