"""Rewrites a schema to what Bedrock's structured output takes, where that is possible."""

from gateway.dialects.schemas import is_recursive
from gateway.neutral.json import Json, JsonObject

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


def closed_schema(schema: Json, depth: int = 0) -> JsonObject | None:
    """The schema with every object closed, as Bedrock wants it; None where it requires more than Bedrock enforces.

    An object that does not mention other properties is closed: what then answers is valid against the schema, too.
    """
    if not isinstance(schema, dict) or depth > _DEEPEST or not schema.keys() <= _KNOWN:
        return None
    if schema.get("minItems", 0) not in (0, 1) or (depth == 0 and is_recursive(schema)):
        return None
    done = dict(schema)
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


def _closed_map(inner: Json, depth: int) -> JsonObject | None:
    if not isinstance(inner, dict):
        return None
    found: JsonObject = {name: closed_schema(value, depth + 1) for name, value in inner.items()}
    return None if None in found.values() else found


def _closed_list(inner: Json, depth: int) -> Json:
    if not isinstance(inner, list):
        return None
    found: list[Json] = [closed_schema(value, depth + 1) for value in inner]
    return None if None in found else found
