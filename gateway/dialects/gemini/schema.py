"""Rewrites JSON Schema to the subset that Gemini's older models take in `parameters` and `responseSchema`."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

Schema = dict[str, Any]

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


def subset(schema: Mapping[str, Any]) -> Schema:
    """The schema in the subset. It takes all that the schema takes, and where the subset lacks words for it, more."""
    return _Rewriting(schema).run()


class _Rewriting:
    """One rewriting. References are unfolded, a recursive one ends where it meets itself again."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._count = 0
        self._open: list[str] = []

    def run(self) -> Schema:
        return self._schema(self._root, 0)

    def _schema(self, given: Any, depth: int) -> Schema:
        self._count += 1
        if not isinstance(given, Mapping) or depth > _DEEPEST or self._count > _MOST:
            return {}
        if "$ref" not in given and "allOf" not in given:
            return self._written(given, depth)
        opened = len(self._open)
        try:
            return self._written(self._unfolded(given), depth)
        finally:
            del self._open[opened:]

    def _unfolded(self, given: Mapping[str, Any]) -> Schema:
        """The schema without `$ref` and `allOf` at its top."""
        merged: Schema = {}
        waiting: list[Any] = [given]
        while waiting:
            schema = waiting.pop(0)
            if not isinstance(schema, Mapping) or len(self._open) > _DEEPEST:
                continue
            for name, value in schema.items():
                if name == "$ref":
                    waiting.append(self._target(value))
                elif name == "allOf" and isinstance(value, list):
                    waiting += value[:_MOST]
                else:
                    merged[name] = _both(name, merged[name], value) if name in merged else value
        return merged

    def _target(self, reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#") or reference in self._open:
            return None
        self._open.append(reference)
        found: Any = self._root
        for step in filter(None, reference[1:].split("/")):
            step = unquote(step).replace("~1", "/").replace("~0", "~")
            found = found.get(step) if isinstance(found, Mapping) else None
        return found

    def _written(self, given: Mapping[str, Any], depth: int) -> Schema:
        done = {name: value for name, value in given.items() if name in _KEPT and value is not None}
        kinds, is_nullable = _kinds(given)
        values = _values(given)
        if values is not None:
            is_nullable = is_nullable or None in values
            kinds = _enumerate(done, kinds, [value for value in values if value is not None])
        choices = given.get("anyOf") or given.get("oneOf")
        if isinstance(choices, list):
            is_nullable |= self._choose(done, choices, depth)
        if len(kinds) == 1:
            self._shape(done, kinds[0], given, depth)
        elif kinds and "anyOf" not in done:
            done["anyOf"] = [self._schema({**_only_shape(given), "type": kind}, depth + 1) for kind in kinds]
        if is_nullable:
            done["nullable"] = True
        return done

    def _choose(self, done: Schema, choices: list[Any], depth: int) -> bool:
        """Write alternatives. Whether nothing is one of them."""
        others = [choice for choice in choices if not _is_null(choice)]
        written = [self._schema(choice, depth + 1) for choice in others]
        if len(written) == 1 and not done.keys() - {"description"}:
            done.update({**written[0], **done})
        elif written:
            done["anyOf"] = written
        return len(others) < len(choices)

    def _shape(self, done: Schema, kind: str, given: Mapping[str, Any], depth: int) -> None:
        done["type"] = kind
        _format(done, kind, given.get("format"))
        if kind == "array":
            items = given.get("items")
            done["items"] = self._schema(items, depth + 1) if isinstance(items, Mapping) else {}
        properties = given.get("properties")
        if kind == "object" and isinstance(properties, Mapping) and properties:
            done["properties"] = {str(name): self._schema(value, depth + 1) for name, value in properties.items()}
            # Older models write properties in the order of the alphabet otherwise.
            done["propertyOrdering"] = list(done["properties"])
            required = given.get("required")
            if isinstance(required, list):
                done["required"] = [name for name in required if name in done["properties"]]


def _kinds(given: Mapping[str, Any]) -> tuple[list[str], bool]:
    """The types in the subset's words, and whether null is one of them."""
    kind = given.get("type")
    if type(kind) is str and kind in TYPES:
        return [kind], False
    named = [one.lower() for one in (kind if isinstance(kind, list) else [kind]) if isinstance(one, str)]
    kinds = [one for one in dict.fromkeys(named) if one in TYPES]
    if not named and isinstance(given.get("properties"), Mapping):
        kinds = ["object"]
    elif not named and isinstance(given.get("items"), Mapping):
        kinds = ["array"]
    return kinds, "null" in named


def _values(given: Mapping[str, Any]) -> list[Any] | None:
    if "const" in given:
        return [given["const"]]
    values = given.get("enum")
    return values if isinstance(values, list) else None


def _enumerate(done: Schema, kinds: list[str], values: list[Any]) -> list[str]:
    """Write an enum, which takes texts only. Other values are told in words, and their type is kept."""
    if values and all(isinstance(value, str) for value in values):
        done["enum"] = values
        return ["string"]
    if values:
        _describe(done, f"One of: {', '.join(map(str, values))}.")
    return kinds or _kinds_of(values)


def _kinds_of(values: list[Any]) -> list[str]:
    if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return ["integer"]
    return ["boolean"] if values and all(isinstance(value, bool) for value in values) else []


def _format(done: Schema, kind: str, given: Any) -> None:
    if not isinstance(given, str):
        return
    if given in _FORMATS.get(kind, ()):
        done["format"] = given
    else:
        _describe(done, f"Format: {given}.")


def _describe(done: Schema, words: str) -> None:
    said = done.get("description")
    done["description"] = f"{said} {words}" if isinstance(said, str) and said else words


def _only_shape(given: Mapping[str, Any]) -> Schema:
    """What says of what shape a value is: annotations stay where they are, enums were read."""
    return {name: value for name, value in given.items() if name not in _ANNOTATIONS and name not in ("enum", "const")}


def _is_null(choice: Any) -> bool:
    if not isinstance(choice, Mapping):
        return False
    return choice.get("type") == "null" or ("const" in choice and choice["const"] is None)


def _both(name: str, one: Any, other: Any) -> Any:
    """What holds where two schemas do: both sets of properties, the narrower bound, else the first's word."""
    if isinstance(one, Mapping) and isinstance(other, Mapping) and name == "properties":
        return {**other, **{key: {"allOf": [one[key], other[key]]} if key in other else one[key] for key in one}}
    if isinstance(one, list) and isinstance(other, list) and name == "required":
        return [*one, *(value for value in other if value not in one)]
    bound = _NARROWER.get(name)
    return bound(one, other) if bound and _is_number(one) and _is_number(other) else one


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_NARROWER: Mapping[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "maxLength", "maxItems", "maxProperties"), min),
}
