"""JSON schemas as clients send them, from the plain to what few providers read."""

from typing import Any

_CITY = {"type": "string", "description": "Its name."}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


_RULES = {
    "text": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a", "format": "date-time", "default": "a"},
    "odd_format": {"type": "string", "format": "odd"},
    "number": {"type": "number", "minimum": 0, "maximum": 9, "multipleOf": 2, "exclusiveMinimum": 1},
    "whole": {"type": "integer", "format": "int32"},
    "list": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3, "uniqueItems": True},
    "many": {"type": "array", "minItems": 5},
    "pair": {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
    "one": {"enum": ["a", "b"]},
    "numbers": {"enum": [1, 2]},
    "flags": {"enum": [True]},
    "mixed": {"enum": ["a", 1, None]},
    "fixed": {"const": "a"},
    "nothing": {"const": None},
    "maybe": {"type": ["string", "null"], "title": "Maybe"},
    "either": {"type": ["string", "integer"], "minLength": 2},
    "untyped": {"properties": {"a": {"type": "string"}}},
    "untyped_list": {"items": {"type": "string"}},
    "any": True,
    "none": False,
    "empty": {},
    "capital": {"type": "STRING"},
    "unknown": {"type": "odd"},
}
_CHOICES = {
    "any": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
    "one": {"oneOf": [_object(a=_CITY), {"type": "null"}]},
    "all": {
        "allOf": [
            {"type": "object", "properties": {"a": _CITY, "b": {"type": "number"}}, "required": ["a"]},
            {"properties": {"a": {"maxLength": 3}}, "required": ["b"], "minProperties": 1},
            {"minProperties": 2, "maxProperties": 5},
            {"maxProperties": 4},
        ]
    },
    "not": {"not": {"type": "string"}},
    "described": {"description": "Either.", "anyOf": [{"type": "string"}, {"type": "null"}]},
    "both": {"type": "object", "properties": {"a": _CITY}, "anyOf": [{"required": ["a"]}]},
}
_REFERRING = {
    "$defs": {"place": _object(city=_CITY), "a/b": {"type": "string"}, "alias": {"$ref": "#/$defs/place"}},
    **_object(place={"$ref": "#/$defs/place"}, other={"$ref": "#/$defs/a~1b"}, alias={"$ref": "#/$defs/alias"}),
}

SCHEMAS: dict[str, Any] = {
    "plain": _object(city=_CITY),
    "open": {"type": "object", "properties": {"city": _CITY}},
    "optional": {**_object(city=_CITY, size={"type": "integer"}), "required": ["city"]},
    "extra": {**_object(city=_CITY), "additionalProperties": {"type": "string"}},
    "rules": _object(**_RULES),
    "choices": _object(**_CHOICES),
    "references": _REFERRING,
    "circle": {
        "$defs": {"node": _object(next={"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]})},
        **_object(first={"$ref": "#/$defs/node"}),
    },
    "own circle": _object(child={"$ref": "#"}),
    "old definitions": {"definitions": {"a": _CITY}, **_object(a={"$ref": "#/definitions/a"})},
    "lost reference": _object(a={"$ref": "#/$defs/lost"}),
    "foreign reference": _object(a={"$ref": "https://example.com/schema"}),
    "list": {"type": "array", "items": _object(city=_CITY)},
    "text": {"type": "string"},
    "top anyOf": {"anyOf": [_object(city=_CITY), _object(size={"type": "integer"})]},
    "empty": {},
    "deep": _deep(12),
    "too deep": _deep(120),
    "annotated": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "x",
        "title": "T",
        **_object(a=_CITY),
    },
    "patterns": {"type": "object", "patternProperties": {"^a": _CITY}, "propertyNames": {"maxLength": 3}},
}
