"""Schemas of tools for upstreams that take less of JSON Schema at some places, without a change of what is meant."""

from collections import Counter
from collections.abc import Sequence

from gateway.dialects.schemas import target_of
from gateway.neutral.json import Json, JsonObject, list_or_empty, object_or_empty, texts_in, written

_COMBINATIONS = ("allOf", "anyOf", "oneOf")
# Keywords that hold values, in which nothing is a reference, and those that hold schemas by their names.
_VALUES = frozenset({"enum", "const", "default", "examples"})
_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
_DEEPEST = 32
_DEEPEST_JSON = 200
_CHOICES = 20
_MOST = 5000
"""Schemas and names in one result: references that are unfolded multiply."""


def without_combinations(schema: JsonObject) -> tuple[JsonObject, str]:
    """An object's schema without `allOf`, `anyOf` and `oneOf` at its top, and in words what was there.

    They are at the top, too, where it is a reference to a definition with them.

    It has the properties of all branches, each as one of them has it, and requires what all of them do, so that a
    model knows what there is to say; which goes with which is in the words. No words where there was nothing.
    """
    if schema.keys().isdisjoint(_COMBINATIONS):
        found = _opened(schema) if "$ref" in schema else schema
        if found.keys().isdisjoint(_COMBINATIONS):
            return schema, ""
        schema = found
    taken = {name: schema[name] for name in _COMBINATIONS if name in schema}
    words = f"The whole input must also match this JSON Schema: {written(taken).decode()}"
    return _Combining(schema).run(), words


def _opened(schema: JsonObject) -> JsonObject:
    """The schema with what its own reference leads to in place of it, and where that refers on, with that."""
    root = schema
    for _ in range(_DEEPEST):
        target = _resolved(schema, root)
        if target is schema:
            break
        schema = _with_more(target, {name: value for name, value in schema.items() if name != "$ref"})
    return schema


class _Combining:
    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._count = 0

    def run(self) -> JsonObject:
        done = self._combined(self._root, 0)
        if self._count > _MOST:
            # Not all of its properties may be there.
            done.pop("additionalProperties", None)
        return done

    def _combined(self, schema: JsonObject, depth: int) -> JsonObject:
        """The schema of an object without combinations. What is over a bound says nothing."""
        self._count += 1 + len(object_or_empty(schema.get("properties"))) + len(list_or_empty(schema.get("required")))
        if depth > _DEEPEST or self._count > _MOST:
            return {}
        done = {name: value for name, value in schema.items() if name not in _COMBINATIONS}
        properties = {**object_or_empty(done.get("properties"))}
        required = dict.fromkeys(texts_in(done.get("required")))
        for name in _COMBINATIONS:
            # `true` is a schema, too, that lets everything through.
            given = map(object_or_empty, list_or_empty(schema.get(name)))
            branches = [self._combined(_resolved(one, self._root), depth + 1) for one in given]
            for branch in branches:
                for key, value in object_or_empty(branch.get("properties")).items():
                    properties[key] = _either(properties[key], value) if key in properties else value
            required |= dict.fromkeys(_demanded(branches, of_all=name == "allOf"))
        if properties:
            done["properties"] = properties
        if required:
            done["required"] = [*required]
        return done


def _demanded(branches: Sequence[JsonObject], *, of_all: bool) -> list[str]:
    """What the branches require: each of them, or only all of them together."""
    found = Counter(key for branch in branches for key in {*texts_in(branch.get("required"))})
    return [key for key, count in found.items() if of_all or count == len(branches)]


def _either(known: Json, other: Json) -> Json:
    """A property as either of two branches has it; of many ones, as any value."""
    choices = [known]
    if isinstance(known, dict) and known.keys() == {"anyOf"}:
        choices = list_or_empty(known["anyOf"])
    if not known or other in (known, *choices):
        return known
    return {"anyOf": [*choices, other]} if len(choices) < _CHOICES else {}


def alone_references(schema: JsonObject) -> JsonObject:
    """The schema with nothing beside a `$ref` but keywords that begin with `$`, as Gemini takes it.

    Where there was more, the schema that was referred to stands there with it; where that would never end, the
    reference alone.
    """
    return _Unfolding(schema).run()


class _Unfolding:
    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._count = 0

    def run(self) -> JsonObject:
        return object_or_empty(self._rewritten(self._root, (), 0))

    def _rewritten(self, given: Json, opened: tuple[int, ...], depth: int, *, is_map: bool = False) -> Json:
        """`opened` are the schemas that were referred to around this one; `is_map`: it is schemas by their names."""
        self._count += 1
        if depth > _DEEPEST_JSON:
            return given
        if isinstance(given, list):
            return [self._rewritten(inner, opened, depth + 1) for inner in given]
        if not isinstance(given, dict):
            return given
        reference = given.get("$ref")
        if is_map:
            return {name: self._rewritten(value, opened, depth + 1) for name, value in given.items()}
        if not isinstance(reference, str) or all(name.startswith("$") for name in given):
            return {
                name: self._kept(value)
                if name in _VALUES
                else self._rewritten(value, opened, depth + 1, is_map=name in _MAPS)
                for name, value in given.items()
            }
        target = _resolved(given, self._root)
        if target is given or id(target) in opened or self._count > _MOST:
            return {name: value for name, value in given.items() if name.startswith("$")}
        beside = {name: value for name, value in given.items() if name != "$ref"}
        return self._rewritten(_with_more(target, beside), (*opened, id(target)), depth + 1)

    def _kept(self, value: Json) -> Json:
        """A value, as it is: it counts, since it may come again and again."""
        left = [value]
        while left:
            inner = left.pop()
            self._count += 1
            if isinstance(inner, list | dict):
                left += inner if isinstance(inner, list) else inner.values()
        return value


def _with_more(target: JsonObject, beside: JsonObject) -> JsonObject:
    """A schema with what stood beside the reference to it: both count."""
    merged: JsonObject = {**target, **beside}
    for name in ("properties", "$defs"):
        if isinstance(known := target.get(name), dict) and isinstance(more := beside.get(name), dict):
            merged[name] = {**known, **more}
    if isinstance(known := target.get("required"), list) and isinstance(more := beside.get("required"), list):
        merged["required"] = [*known, *(name for name in more if name not in known)]
    return merged


def _resolved(schema: JsonObject, root: JsonObject) -> JsonObject:
    """The schema that a reference leads to within the root; the schema itself where it leads nowhere."""
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#"):
        return schema
    found = target_of(reference, root)
    return found if isinstance(found, dict) else schema
