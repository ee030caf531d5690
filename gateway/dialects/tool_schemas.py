"""Schemas of tools for upstreams that take less of JSON Schema at some places, without a change of what is meant."""

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from gateway.neutral.json import Json, JsonObject, list_or_empty, object_or_empty, objects_in, texts_in, written

_COMBINATIONS = ("allOf", "anyOf", "oneOf")
_DEEPEST = 32
_MOST = 5000
"""Schemas in one result: references that are unfolded multiply."""


def without_combinations(schema: JsonObject) -> tuple[JsonObject, str]:
    """An object's schema without `allOf`, `anyOf` and `oneOf` at its top, and in words what was there.

    It has the properties of all branches, and requires what each of them does: it lets through all that the schema
    does, and more. No words where there was nothing.
    """
    if schema.keys().isdisjoint(_COMBINATIONS):
        return schema, ""
    taken = {name: schema[name] for name in _COMBINATIONS if name in schema}
    words = f"The whole input must also match this JSON Schema: {written(taken).decode()}"
    return _Combining(schema).run(), words


class _Combining:
    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._count = 0

    def run(self) -> JsonObject:
        return self._combined(self._root, 0)

    def _combined(self, schema: JsonObject, depth: int) -> JsonObject:
        """The schema of an object without combinations. What is over a bound says nothing."""
        self._count += 1
        if depth > _DEEPEST or self._count > _MOST:
            return {}
        done = {name: value for name, value in schema.items() if name not in _COMBINATIONS}
        properties = {**object_or_empty(done.get("properties"))}
        required = dict.fromkeys(texts_in(done.get("required")))
        for name in _COMBINATIONS:
            branches = [self._combined(_resolved(one, self._root), depth + 1) for one in objects_in(schema.get(name))]
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
    demands = [texts_in(branch.get("required")) for branch in branches]
    found = [key for demand in demands for key in demand]
    return found if of_all else [key for key in found if all(key in demand for demand in demands)]


def _either(known: Json, other: Json) -> Json:
    """A property as either of two branches has it."""
    choices = [known]
    if isinstance(known, dict) and known.keys() == {"anyOf"}:
        choices = list_or_empty(known["anyOf"])
    return known if other in (known, *choices) else {"anyOf": [*choices, other]}


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
        return object_or_empty(self._rewritten(self._root, ()))

    def _rewritten(self, given: Json, opened: tuple[str, ...]) -> Json:
        self._count += 1
        if isinstance(given, list):
            return [self._rewritten(inner, opened) for inner in given]
        if not isinstance(given, dict):
            return given
        reference = given.get("$ref")
        if not isinstance(reference, str) or all(name.startswith("$") for name in given):
            return {name: self._rewritten(value, opened) for name, value in given.items()}
        kept = {name: value for name, value in given.items() if name.startswith("$")}
        if reference in opened or len(opened) > _DEEPEST or self._count > _MOST:
            return kept
        target = _resolved(given, self._root)
        if target is given:
            return kept
        beside = {name: value for name, value in given.items() if name != "$ref"}
        return self._rewritten({**target, **beside}, (*opened, reference))


def _resolved(schema: JsonObject, root: JsonObject) -> JsonObject:
    """The schema that a reference leads to within the root; the schema itself where it leads nowhere."""
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#"):
        return schema
    found: Json = root
    for step in _steps(reference):
        found = object_or_empty(found).get(step)
    return found if isinstance(found, dict) else schema


def _steps(reference: str) -> Iterator[str]:
    for step in filter(None, reference[1:].split("/")):
        yield unquote(step).replace("~1", "/").replace("~0", "~")
