"""Function schemas in strict mode, which the Responses API assumes by default and chat does not."""

from gateway.neutral.json import Json, JsonObject

_DEEPEST = 64
_MAPS = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "not")


def closed(schema: Json, depth: int = 0) -> Json:
    """The schema as strict mode wants it; None where it cannot be, as an optional property cannot.

    The Responses API closes the objects of a function that does not say whether it is strict: it sent
    `"strict": true` and `"additionalProperties": false` back for schemas that had neither (recordings
    `openai/064`, `081` and `082`). Chat refuses a strict schema that is not closed.
    """
    if not isinstance(schema, dict):
        return schema
    if depth > _DEEPEST:
        return None
    done: JsonObject = dict(schema)
    if schema.get("type") == "object" or "properties" in schema:
        if not _is_complete(schema):
            return None
        done["additionalProperties"] = False
    for name, inner in schema.items():
        if name in _MAPS and isinstance(inner, dict):
            values: JsonObject = {key: closed(value, depth + 1) for key, value in inner.items()}
            done[name], broken = values, None in values.values()
        elif name in _LISTS and isinstance(inner, list):
            entries = [closed(value, depth + 1) for value in inner]
            done[name], broken = entries, None in entries
        elif name in _SINGLE:
            done[name] = closed(inner, depth + 1)
            broken = done[name] is None
        else:
            continue
        if broken:
            return None
    return done


def _is_complete(schema: JsonObject) -> bool:
    """Whether an object has no optional properties, and none but its own."""
    if schema.get("additionalProperties") not in (None, False):
        return False
    properties, required = schema.get("properties") or {}, schema.get("required") or []
    if not isinstance(properties, dict) or not isinstance(required, list):
        return False
    return properties.keys() <= {name for name in required if isinstance(name, str)}
