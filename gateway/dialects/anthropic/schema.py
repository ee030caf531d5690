"""Fits a JSON schema to what Anthropic's structured output knows of it."""

from typing import Any

from gateway.dialects.conversation.schemas import is_recursive
from gateway.dialects.depth import written

Schema = dict[str, Any]

# What it takes as it is (shared facts on providers, section 4; its own clients rewrite schemas by the same list).
_PLAIN = ("$ref", "title", "const", "default", "enum", "required")
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"),
)
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf")
_HARMLESS = ("$schema", "$id", "$comment", "examples", "strict")
_DEEPEST = 64


class _Unfit(Exception):
    """The schema says something that cannot be said there, and that the answer depends on."""


class Fitted:
    """A schema as Anthropic takes it. `is_looser` says that it lets more through, so that answers must be checked."""

    def __init__(self, schema: Schema) -> None:
        self.is_looser = False
        self.schema = self._fit(schema, 0)

    def _fit(self, given: Any, depth: int) -> Schema:
        if not isinstance(given, dict) or depth > _DEEPEST:
            raise _Unfit
        done: Schema = {name: given[name] for name in _PLAIN if name in given}
        left: Schema = {}
        for name, value in given.items():
            if name in _MAPS and isinstance(value, dict):
                done[name] = {key: self._fit(inner, depth + 1) for key, inner in value.items()}
            elif name in _LISTS and isinstance(value, list):
                done[name] = [self._fit(inner, depth + 1) for inner in value]
            elif name == "items":
                done[name] = self._fit(value, depth + 1)
            elif (name == "format" and value in _FORMATS) or (name == "minItems" and value in (0, 1)):
                done[name] = value
            elif name not in (*_PLAIN, *_HARMLESS, "type", "description", "additionalProperties", "oneOf"):
                left[name] = value
        if isinstance(given.get("oneOf"), list):
            done["anyOf"] = [*done.get("anyOf", ()), *(self._fit(inner, depth + 1) for inner in given["oneOf"])]
            self.is_looser = True
        self._type(given, done)
        self._describe(given, left, done)
        return done

    def _type(self, given: Schema, done: Schema) -> None:
        """A type, or a choice of types, and closed objects: an open one cannot be said."""
        kind = given.get("type")
        if kind == "object" or "properties" in given:
            if not given.get("properties") or isinstance(given.get("additionalProperties"), dict):
                raise _Unfit
            done["additionalProperties"] = False
        if isinstance(kind, list) and "anyOf" not in done:
            if "enum" not in done:
                _spread(kind, done)
        elif kind is not None:
            done["type"] = kind

    def _describe(self, given: Schema, left: Schema, done: Schema) -> None:
        """Put what cannot be said otherwise into words."""
        description = given.get("description")
        if left:
            self.is_looser = True
            words = written(left).decode()
            description = f"{description}\n\n{words}" if description else words
        if description is not None:
            done["description"] = description


def fitted(schema: Schema) -> Fitted | None:
    """The schema as Anthropic takes it; None for one that cannot be said there: open objects, recursion."""
    if schema.get("type") != "object" or is_recursive(schema):
        return None
    try:
        return Fitted(schema)
    except _Unfit:
        return None


def _spread(kinds: list[Any], done: Schema) -> None:
    """Write a choice of types as schemas, each with what belongs to its own type."""
    of_type = {
        "object": ("properties", "required", "additionalProperties"),
        "array": ("items", "minItems"),
        "string": ("format",),
    }
    moved = {name: done.pop(name) for names in of_type.values() for name in names if name in done}
    done["anyOf"] = [
        {"type": kind, **{name: moved[name] for name in of_type.get(str(kind), ()) if name in moved}} for kind in kinds
    ]


def _object(value: Any) -> Schema:
    return value if isinstance(value, dict) else {}
