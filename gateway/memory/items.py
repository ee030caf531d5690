"""Conversation items as they are stored and listed: with an id, a status, and content in parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeGuard

import orjson

from gateway.neutral.identifiers import item_prefix, new_id
from gateway.neutral.json import Json, JsonObject, object_or_empty, objects_in
from gateway.redaction import without_entrances

if TYPE_CHECKING:
    from generated import models

_WITH_STATUS = frozenset(
    {"message", "program_output", "mcp_call"}
    | {"function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"}
    | {"file_search_call", "web_search_call", "code_interpreter_call", "image_generation_call"}
    | {"computer_call", "computer_call_output", "local_shell_call", "local_shell_call_output"}
    | {"shell_call", "shell_call_output", "apply_patch_call", "apply_patch_call_output"}
    | {"tool_search_call", "tool_search_output"}
)
"""The types whose stored form has a status."""

_CONVERSED = frozenset((_WITH_STATUS - {"tool_search_output"}) | {"reasoning", "compaction"})
"""The types of which it is known what in them was written by a model or a person."""
PLAIN_MESSAGE = frozenset({"type", "role", "content", "id", "status", "phase"})
"""The fields of a message; one that has no others has no tools either."""

_GIVEN_ID = re.compile(r"[!-~]{1,128}")


def without_secrets_of(item: JsonObject) -> JsonObject:
    """The item as it may be kept: without the means to enter other systems, as tools in it may have them."""
    return without_entrances(item, _CONVERSED)


def stored_item(written: bytes) -> JsonObject:
    """The item that the gateway stored as this JSON."""
    return object_or_empty(orjson.loads(written))


def stored_items(written: bytes) -> list[JsonObject]:
    """The items that the gateway stored as this JSON."""
    return objects_in(orjson.loads(written))


def item_type(item: Mapping[str, object]) -> str:
    """The type of an item, which messages and references may leave out."""
    kind = item.get("type")
    if isinstance(kind, str):
        return kind
    # By the schema, a reference may have a role of null.
    return "item_reference" if item.get("role") is None else "message"


def is_reference(item: models.InputItem) -> TypeGuard[models.ItemReferenceParam]:
    """Whether the item stands for a stored one."""
    return item_type(item) == "item_reference"


def given_id(item: Mapping[str, object]) -> str | None:
    """The id that an item brings along, if it is one that can be kept: short, printable and without spaces."""
    id_ = item.get("id")
    return id_ if isinstance(id_, str) and _GIVEN_ID.fullmatch(id_) else None


def identified(item: JsonObject) -> JsonObject:
    """The item in its stored form, under its own id, or under a new one if it has none that can be kept."""
    return normalise_item(item, given_id(item) or new_id(item_prefix(item_type(item))))


def normalise_item(item: JsonObject, id_: str) -> JsonObject:
    """The stored form of an item, with this id. The fields that it has stay, and the item itself is not changed."""
    kind = item_type(item)
    normal: JsonObject = {"id": id_, "type": kind} | item | {"id": id_, "type": kind}
    if kind != "message" or not normal.keys() <= PLAIN_MESSAGE:
        normal = without_secrets_of(normal)
    if kind in _WITH_STATUS and normal.get("status") is None:
        normal["status"] = "completed"
    if kind == "message":
        normal["content"] = _parts(item.get("content"), is_output=item.get("role") == "assistant")
    elif kind == "reasoning" and normal.get("summary") is None:
        normal["summary"] = []
    return normal


def is_same(item: JsonObject, earlier: JsonObject) -> bool:
    """Whether a client has sent an earlier item again, though without what clients leave out."""
    return _essence(item) == _essence(earlier)


def fingerprint(item: JsonObject) -> str:
    """What tells an item from others, however it was stored in the meantime: 16 hexadecimal digits."""
    essence = orjson.dumps(_essence(item), option=orjson.OPT_SORT_KEYS)
    return blake2b(essence, digest_size=8).hexdigest()


def _essence(item: JsonObject) -> JsonObject:
    sealed = item.get("encrypted_content")
    if item_type(item) == "reasoning" and sealed:
        return {"encrypted_content": sealed}
    normal = normalise_item(item, "")
    content = normal.get("content")
    if isinstance(content, list):
        normal["content"] = [_bare(part) for part in content]
    return {name: value for name, value in normal.items() if name != "status" and value is not None}


def _bare(part: Json) -> Json:
    if not isinstance(part, dict):
        return part
    return {name: value for name, value in part.items() if name not in ("annotations", "logprobs")}


def _parts(content: Json, *, is_output: bool) -> Json:
    if isinstance(content, str):
        content = [{"type": "output_text" if is_output else "input_text", "text": content}]
    if not isinstance(content, list):
        return content
    return [_part(part) for part in content]


def _part(part: Json) -> Json:
    match part:
        case dict() if part.get("type") == "output_text":
            return {"annotations": [], "logprobs": [], **part}
        case dict() if part.get("type") == "input_image" and part.get("detail") is None:
            return {**part, "detail": "auto"}
        case _:
            return part


def item_list(items: list[JsonObject], has_more: bool) -> JsonObject:
    """The list object for one page of items."""
    first, last = (items[0]["id"], items[-1]["id"]) if items else (None, None)
    return {"object": "list", "data": [*items], "first_id": first, "last_id": last, "has_more": has_more}
