"""Reads the items of a conversation: those of the history first, then the client's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

from gateway.neutral.items import (
    EarlierReasoning,
    Item,
    Message,
    Position,
    ProviderItem,
    ToolCall,
    ToolOutput,
)
from gateway.neutral.json import text_or_empty, text_or_none
from gateway.neutral.parts import TextPart
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.request.content import cache_of, invalid, other_fields, read_content

if TYPE_CHECKING:
    from generated import models

# They change the request's tools and settings, and are read with these.
_OF_THE_REQUEST = ("additional_tools", "configuration_update")
_IS_ERROR = "is_error"
_TEMPLATE: Annotated[str, models.CreateResponse] = "prompt"
_CACHE = ("cache_control", "prompt_cache_breakpoint")
_MESSAGE: Annotated[frozenset[str], models.EasyInputMessage] = frozenset(
    {"type", "role", "content", "id", "status", "phase", *_CACHE}
)
_CALL: Annotated[frozenset[str], models.FunctionToolCallParam] = frozenset(
    {"type", "id", "call_id", "namespace", "name", "arguments", "status"}
)
_CUSTOM_CALL: Annotated[frozenset[str], models.CustomToolCallParam] = frozenset(
    {"type", "id", "call_id", "namespace", "name", "input", "status"}
)
_OUTPUT: Annotated[frozenset[str], models.FunctionCallOutputItemParam] = frozenset(
    {"type", "id", "call_id", "output", "status", _IS_ERROR, *_CACHE}
)
# What is read of an item, and what says nothing to another API.
_KNOWN: dict[str | None, frozenset[str]] = {
    "message": _MESSAGE,
    "function_call": _CALL,
    "custom_tool_call": _CUSTOM_CALL,
    "function_call_output": _OUTPUT,
    "custom_tool_call_output": _OUTPUT,
}


def read_items(items: Iterable[tuple[Position, models.InputItem]], untranslated: list[str]) -> list[Item]:
    """All items of the conversation. Every one has its type. Paths of fields that no item has go to `untranslated`.

    The client's own keep the contract. Those of the history may be an upstream's, or an earlier version's, so that any
    field may be missing there. Raises `InvalidRequest` for an item that cannot be used.
    """
    found: list[Item] = []
    for position, item in items:
        if item["type"] in _OF_THE_REQUEST:
            continue
        known = _KNOWN.get(item["type"])
        if known is not None and not position.in_history and not item.keys() <= known:
            untranslated += other_fields(extensions(item), known, position.path)
        found.append(_item(item, position))
    return found


def positions(
    items: Sequence[models.InputItem], history: int, source: str, first: int = 0, templated: int = 0
) -> list[tuple[Position, models.InputItem]]:
    """The items with their positions; the first `history` of them came in by the field `source` of the request.

    The first `templated` of these came in by its `prompt`. `first` is the index of the next one among those that the
    client sent.
    """
    offset = first - history
    return [
        (
            Position(index, f"input[{index + offset}]")
            if index >= history
            else Position(index, source, True, templated)
            if index >= templated
            else Position(index, _TEMPLATE, True),
            item,
        )
        for index, item in enumerate(items)
    ]


def _item(item: models.InputItem, position: Position) -> Item:
    if item["type"] == "message":
        return _message(item, position)
    if item["type"] == "function_call":
        return _function_call(item, position)
    if item["type"] == "function_call_output" or item["type"] == "custom_tool_call_output":
        return _output(item, position)
    if item["type"] == "reasoning":
        sealed, item_id = text_or_none(item.get("encrypted_content")), text_or_empty(item.get("id"))
        return EarlierReasoning(position, sealed, item_id)
    if item["type"] == "custom_tool_call":
        return _custom_call(item, position)
    return ProviderItem(str(item["type"]), extensions(item), position)


def _message(item: models.EasyInputMessage, position: Position) -> Message:
    content = item.get("content")
    match item.get("role"):
        case "user" | "assistant" | "system" | "developer" as role:
            pass
        case other:
            raise invalid(f"There are no messages of the role {other!r}", position.inside(".role"))
    if isinstance(content, str) and len(item) == 3:
        # A role and a text, as most messages are.
        path = position.path if position.in_history else f"{position.path}.content"
        return Message(role, [TextPart(content, path)], position)
    cache = cache_of(extensions(item), position, position.path)
    return Message(role, read_content(content, position), position, cache, text_or_none(item.get("phase")))


def _function_call(item: models.FunctionToolCallParam, position: Position) -> ToolCall:
    return ToolCall(
        _required(item.get("call_id"), position),
        _required(item.get("name"), position),
        # A function without parameters is often called with an empty text, which is no JSON.
        text_or_empty(item.get("arguments")) or "{}",
        position,
        namespace=text_or_none(item.get("namespace")),
        is_incomplete=item.get("status") == "incomplete",
    )


def _custom_call(item: models.CustomToolCallParam, position: Position) -> ToolCall:
    return ToolCall(
        _required(item.get("call_id"), position),
        _required(item.get("name"), position),
        text_or_empty(item.get("input")),
        position,
        "custom",
        text_or_none(item.get("namespace")),
        item.get("status") == "incomplete",
    )


def _required(value: object, position: Position) -> str:
    """A text without which a call is none."""
    if isinstance(value, str):
        return value
    raise invalid("A call needs a name and a call_id", position.path)


def _output(item: models.FunctionCallOutputItemParam | models.CustomToolCallOutputParam, position: Position) -> Item:
    beside = extensions(item)
    return ToolOutput(
        text_or_none(item.get("call_id")),
        read_content(item.get("output"), position, "output"),
        position,
        position.inside(".call_id"),
        is_error=beside.get(_IS_ERROR) is True,
        cache=cache_of(beside, position, position.path),
    )
