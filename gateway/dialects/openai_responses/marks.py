"""Takes out of a chat client's items and tools what is Anthropic's, and what the Responses API would refuse."""

from typing import Any

from gateway.generation import Generation

_MARK = "cache_control"
_FAILED = "is_error"
_Object = dict[str, Any]


def unmarked_items(generation: Generation, dropped: list[str]) -> list[_Object]:
    """The items without cache marks and without the word that a tool failed; their places are added to `dropped`."""
    return [_item(item, number, generation, dropped) for number, item in enumerate(generation.items)]


def unmarked_tools(tools: list[Any], dropped: list[str]) -> list[Any]:
    """The tools without cache marks."""
    dropped += [f"tools[{i}].{_MARK}" for i, tool in enumerate(tools) if isinstance(tool, dict) and _MARK in tool]
    return [_without(tool, _MARK) if isinstance(tool, dict) and _MARK in tool else tool for tool in tools]


def _item(item: _Object, number: int, generation: Generation, dropped: list[str]) -> _Object:
    if generation.place is None:
        return item
    if _FAILED in item:
        dropped.append(generation.place(number, f".{_FAILED}"))
        item = _without(item, _FAILED)
    for field in ("content", "output"):
        parts = item.get(field)
        marked = [i for i, part in enumerate(parts) if _MARK in part] if isinstance(parts, list) else []
        if marked:
            dropped += [generation.place(number, f".{field}[{i}].{_MARK}") for i in marked]
            item = {**item, field: [_without(part, _MARK) for part in item[field]]}
    return item


def _without(given: _Object, name: str) -> _Object:
    return {key: value for key, value in given.items() if key != name}
