"""Translates a JSON schema to the subset that Anthropic's structured output knows."""

from gateway.dialects.schemas import is_recursive
from gateway.neutral.json import Json, JsonObject, list_or_empty, list_or_none, written

# What it takes as it is (shared facts on providers, section 4; its own clients rewrite schemas by the same list).
_PLAIN = ("$ref", "title", "const", "default", "enum", "required")
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"),
)
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf")
_HARMLESS = ("$schema", "$id", "$comment", "examples", "strict")
_KNOWN = frozenset((*_PLAIN, *_HARMLESS, "type", "description", "additionalProperties", "oneOf"))
# Which keywords belong to which type.
_OF_TYPE = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "minItems"),
    "string": ("format",),
}
_DEEPEST = 64


class _Untranslatable(Exception):
    """The schema has something that cannot be written there, and that the answer depends on."""


class TranslatedSchema:
    """A schema as Anthropic takes it. `is_looser`: it lets more through, so that answers must be validated."""

    def __init__(self, schema: JsonObject) -> None:
        self.is_looser = False
        self.schema = self._translate(schema, 0)

    def _translate(self, given: Json, depth: int) -> JsonObject:
        if not isinstance(given, dict) or depth > _DEEPEST:
            raise _Untranslatable
        done: JsonObject = {name: given[name] for name in _PLAIN if name in given}
        left: JsonObject = {}
        for name, value in given.items():
            if name in _MAPS and isinstance(value, dict):
                done[name] = {key: self._translate(inner, depth + 1) for key, inner in value.items()}
            elif name in _LISTS and isinstance(value, list):
                done[name] = [self._translate(inner, depth + 1) for inner in value]
            elif name == "items":
                done[name] = self._translate(value, depth + 1)
            elif (name == "format" and value in _FORMATS) or (name == "minItems" and value in (0, 1)):
                done[name] = value
            elif name not in _KNOWN:
                left[name] = value
        alternatives = list_or_none(given.get("oneOf"))
        if alternatives is not None:
            others = [self._translate(inner, depth + 1) for inner in alternatives]
            done["anyOf"] = [*list_or_empty(done.get("anyOf")), *others]
            self.is_looser = True
        _add_type(given, done)
        self._describe(given, left, done)
        return done

    def _describe(self, given: JsonObject, left: JsonObject, done: JsonObject) -> None:
        """Put what has no keyword there into the description."""
        description = given.get("description")
        if left:
            self.is_looser = True
            words = written(left).decode()
            description = f"{description}\n\n{words}" if description else words
        if description is not None:
            done["description"] = description


def translate_schema(schema: JsonObject) -> TranslatedSchema | None:
    """The schema as Anthropic takes it; None for one that cannot be written there: open objects, recursion."""
    if schema.get("type") != "object" or is_recursive(schema):
        return None
    try:
        return TranslatedSchema(schema)
    except _Untranslatable:
        return None


def _add_type(given: JsonObject, done: JsonObject) -> None:
    """Add a type, or a choice of types, and close objects: an open one cannot be written."""
    kind = given.get("type")
    if kind == "object" or "properties" in given:
        if not given.get("properties") or isinstance(given.get("additionalProperties"), dict):
            raise _Untranslatable
        done["additionalProperties"] = False
    if isinstance(kind, list) and "anyOf" not in done:
        if "enum" not in done:
            _spread(kind, done)
    elif kind is not None:
        done["type"] = kind


def _spread(kinds: list[Json], done: JsonObject) -> None:
    """Write a choice of types as schemas, each with what belongs to its own type."""
    moved = {name: done.pop(name) for names in _OF_TYPE.values() for name in names if name in done}
    done["anyOf"] = [
        {"type": kind, **{name: moved[name] for name in _OF_TYPE.get(str(kind), ()) if name in moved}} for kind in kinds
    ]
