"""Rewrites JSON Schema to the subset that Gemini's older models take in `parameters` and `responseSchema`."""

from gateway.dialects.schemas import target_of
from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_none,
    number_or_none,
    object_or_empty,
    object_or_none,
    text_or_none,
    texts_in,
)

_DEEPEST = 32
_MOST = 5000
"""Schemas in one result: references that are unfolded multiply."""

_KEPT = frozenset(
    (
        *("description", "nullable", "minItems", "maxItems", "minProperties", "maxProperties"),
        *("minimum", "maximum", "minLength", "maxLength", "pattern"),
    )
)
ALLOWED = _KEPT | {"type", "format", "items", "enum", "properties", "propertyOrdering", "required", "anyOf"}
"""The keywords of the subset that this module writes (shared facts on providers, section 5)."""
TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object"})
_FORMATS = {"string": ("date-time", "enum"), "number": ("float", "double"), "integer": ("int32", "int64")}
_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "example", "$comment", "deprecated"})
_LOWER_BOUNDS = frozenset({"minimum", "minLength", "minItems", "minProperties"})
_UPPER_BOUNDS = frozenset({"maximum", "maxLength", "maxItems", "maxProperties"})


def subset(schema: JsonObject) -> JsonObject:
    """The schema in the subset. It takes all that the schema takes, and where the subset lacks keywords, more."""
    return _Rewriting(schema).run()


class _Rewriting:
    """One rewriting. References are unfolded, a recursive one ends where it meets itself again."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._count = 0
        self._open: list[str] = []

    def run(self) -> JsonObject:
        return self._schema(self._root, 0)

    def _schema(self, given: Json, depth: int) -> JsonObject:
        self._count += 1
        if not isinstance(given, dict) or depth > _DEEPEST or self._count > _MOST:
            return {}
        if "$ref" not in given and "allOf" not in given:
            return self._rewritten(given, depth)
        opened = len(self._open)
        try:
            return self._rewritten(self._unfolded(given), depth)
        finally:
            del self._open[opened:]

    def _unfolded(self, given: JsonObject) -> JsonObject:
        """The schema without `$ref` and `allOf` at its top."""
        merged: JsonObject = {}
        pending: list[Json] = [given]
        while pending:
            schema = pending.pop(0)
            if not isinstance(schema, dict) or len(self._open) > _DEEPEST:
                continue
            for name, value in schema.items():
                if name == "$ref":
                    pending.append(self._target(value))
                elif name == "allOf" and isinstance(value, list):
                    pending += value[:_MOST]
                else:
                    merged[name] = _both(name, merged[name], value) if name in merged else value
        return merged

    def _target(self, reference: Json) -> Json:
        if not isinstance(reference, str) or not reference.startswith("#") or reference in self._open:
            return None
        self._open.append(reference)
        return target_of(reference, self._root)

    def _rewritten(self, given: JsonObject, depth: int) -> JsonObject:
        done: JsonObject = {name: value for name, value in given.items() if name in _KEPT and value is not None}
        types, is_nullable = _types(given)
        values = _values(given)
        if values is not None:
            is_nullable = is_nullable or None in values
            types = _write_enum(done, types, [value for value in values if value is not None])
        choices = given.get("anyOf") or given.get("oneOf")
        if isinstance(choices, list):
            is_nullable |= self._write_choices(done, choices, depth)
        if len(types) == 1:
            self._write_type(done, types[0], given, depth)
        elif types and "anyOf" not in done:
            bare = _without_annotations(given)
            done["anyOf"] = [self._schema({**bare, "type": one}, depth + 1) for one in types]
        if is_nullable:
            done["nullable"] = True
        return done

    def _write_choices(self, done: JsonObject, choices: list[Json], depth: int) -> bool:
        """Write alternatives. Whether null is one of them."""
        others = [choice for choice in choices if not _is_null(choice)]
        written = [self._schema(choice, depth + 1) for choice in others]
        if len(written) == 1 and not done.keys() - {"description"}:
            done.update({**written[0], **done})
        elif written:
            done["anyOf"] = [*written]
        return len(others) < len(choices)

    def _write_type(self, done: JsonObject, kind: str, given: JsonObject, depth: int) -> None:
        done["type"] = kind
        _write_format(done, kind, text_or_none(given.get("format")))
        if kind == "array":
            items = object_or_none(given.get("items"))
            done["items"] = self._schema(items, depth + 1) if items is not None else {}
        properties = object_or_empty(given.get("properties"))
        if kind == "object" and properties:
            written: JsonObject = {name: self._schema(value, depth + 1) for name, value in properties.items()}
            done["properties"] = written
            # Older models write properties in the order of the alphabet otherwise.
            done["propertyOrdering"] = [*written]
            if isinstance(required := given.get("required"), list):
                done["required"] = [name for name in texts_in(required) if name in written]


def _types(given: JsonObject) -> tuple[list[str], bool]:
    """The types in the subset's spelling, and whether null is one of them."""
    kind = given.get("type")
    if type(kind) is str and kind in TYPES:
        return [kind], False
    names = [name.lower() for name in texts_in(kind if isinstance(kind, list) else [kind])]
    types = [name for name in dict.fromkeys(names) if name in TYPES]
    if not names and isinstance(given.get("properties"), dict):
        types = ["object"]
    elif not names and isinstance(given.get("items"), dict):
        types = ["array"]
    return types, "null" in names


def _values(given: JsonObject) -> list[Json] | None:
    return [given["const"]] if "const" in given else list_or_none(given.get("enum"))


def _write_enum(done: JsonObject, types: list[str], values: list[Json]) -> list[str]:
    """Write an enum, which takes texts only, and return its types. Other values become part of the description."""
    if values and all(isinstance(value, str) for value in values):
        done["enum"] = values
        return ["string"]
    if values:
        _describe(done, f"One of: {', '.join(map(str, values))}.")
    return types or _types_of(values)


def _types_of(values: list[Json]) -> list[str]:
    if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return ["integer"]
    return ["boolean"] if values and all(isinstance(value, bool) for value in values) else []


def _write_format(done: JsonObject, kind: str, given: str | None) -> None:
    if given is None:
        return
    if given in _FORMATS.get(kind, ()):
        done["format"] = given
    else:
        _describe(done, f"Format: {given}.")


def _describe(done: JsonObject, sentence: str) -> None:
    description = text_or_none(done.get("description"))
    done["description"] = f"{description} {sentence}" if description else sentence


def _without_annotations(given: JsonObject) -> JsonObject:
    """Only what restricts a value: annotations stay where they are, enums were read."""
    return {name: value for name, value in given.items() if name not in _ANNOTATIONS and name not in ("enum", "const")}


def _is_null(choice: Json) -> bool:
    given = object_or_empty(choice)
    return given.get("type") == "null" or ("const" in given and given["const"] is None)


def _both(name: str, one: Json, other: Json) -> Json:
    """What is valid where two schemas are: both sets of properties, the narrower bound, else the first's value."""
    if isinstance(one, dict) and isinstance(other, dict) and name == "properties":
        return {**other, **{key: {"allOf": [one[key], other[key]]} if key in other else one[key] for key in one}}
    if isinstance(one, list) and isinstance(other, list) and name == "required":
        return [*one, *(value for value in other if value not in one)]
    numbers = number_or_none(one), number_or_none(other)
    if numbers[0] is None or numbers[1] is None:
        return one
    if name in _LOWER_BOUNDS:
        return max(numbers[0], numbers[1])
    return min(numbers[0], numbers[1]) if name in _UPPER_BOUNDS else one
