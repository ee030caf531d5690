"""Fits a schema to what Bedrock's structured output takes, or tells that it cannot be."""

from typing import Any

from gateway.dialects.conversation.schemas import is_recursive

Schema = dict[str, Any]

_DEEPEST = 64
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf")
_SINGLE = ("items",)
# What of JSON Schema it takes (Amazon's guide to structured output on Bedrock, and shared facts on providers,
# section 4): numbers and texts without bounds, lists with at least none or one, no schema that contains itself.
_KNOWN = frozenset(
    (
        *("type", "enum", "const", "required", "additionalProperties", "title", "description", "default", "format"),
        *("$ref", "$schema", "$id", "$comment", "examples", "minItems", *_MAPS, *_LISTS, *_SINGLE),
    )
)


def closed_schema(schema: Any, depth: int = 0) -> Schema | None:
    """The schema with every object closed, as Bedrock wants it; None where it says more than Bedrock can keep to.

    An object that says nothing of other properties is closed: what then answers is of the asked form, too.
    """
    if not isinstance(schema, dict) or depth > _DEEPEST or not schema.keys() <= _KNOWN:
        return None
    if schema.get("minItems", 0) not in (0, 1) or (depth == 0 and is_recursive(schema)):
        return None
    done: Schema = dict(schema)
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") not in (None, False):
            return None
        done["additionalProperties"] = False
    for name in _MAPS:
        if name in schema:
            done[name] = _closed_map(schema[name], depth)
    for name in _LISTS:
        if name in schema:
            done[name] = _closed_list(schema[name], depth)
    for name in _SINGLE:
        if name in schema:
            done[name] = closed_schema(schema[name], depth + 1)
    return None if any(done[name] is None for name in (*_MAPS, *_LISTS, *_SINGLE) if name in schema) else done


def _closed_map(inner: Any, depth: int) -> dict[str, Any] | None:
    if not isinstance(inner, dict):
        return None
    found = {name: closed_schema(value, depth + 1) for name, value in inner.items()}
    return None if None in found.values() else found


def _closed_list(inner: Any, depth: int) -> list[Any] | None:
    if not isinstance(inner, list):
        return None
    found = [closed_schema(value, depth + 1) for value in inner]
    return None if None in found else found
