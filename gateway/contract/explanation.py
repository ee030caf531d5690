"""Finds what is wrong with an instance that the contract refuses: the first fault, at its deepest known place.

The validator could list every error of every branch of every union, at a cost that grows with the square of the body.
So it is asked one part of the schema at a time, on the way down to the fault.
"""

import re
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError

from gateway.contract.bundle import follow
from gateway.contract.wording import Path, invalid, kind_of, limit_in_words, of_leaf, one_of, shown, types_in_words
from gateway.errors import InvalidRequest

# The properties by which a union's branches are told apart, in every dialect of the contract.
DISCRIMINATORS = ("type", "role", "object", "mode")
_UNIONS = ("anyOf", "oneOf")
_MOST: Sequence[tuple[type[Sized], str]] = ((dict, "maxProperties"), (list, "maxItems"))
_DEEPER = frozenset(
    {"components", "allOf", *_UNIONS, "items", "properties", "patternProperties", "additionalProperties"}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and how deep in the body it was found."""

    depth: int
    error: InvalidRequest


class Explainer:
    """Explains what one schema refuses. Its parts are compiled when they are first looked at."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._root = schema
        self._compiled: dict[tuple[int, str], Callable[[Any], bool]] = {}

    def explain(self, instance: Any) -> InvalidRequest:
        """The error for the client. Raises `ValueError` for what is nested too deeply to be looked at."""
        fault = self._find(self._root, instance, ())
        return fault.error if fault else InvalidRequest("The body breaks the contract.", code="invalid_value")

    def _find(self, schema: dict[str, Any], instance: Any, path: Path) -> Fault | None:
        schema = self._resolve(schema)
        for kind, keyword in _MOST:
            # The validator would write down all that is too much.
            if isinstance(instance, kind) and len(instance) > (most := schema.get(keyword, len(instance))):
                return Fault(len(path), invalid(path, limit_in_words(keyword, most)))
        for error in _leaf_errors(schema, instance):
            return Fault(len(path), of_leaf(error, path))
        for part in schema.get("allOf", ()):
            if not self._is_valid(part, instance):
                return self._find(part, instance, path)
        for union in _UNIONS:
            if union in schema and not self._is_any(schema[union], instance):
                return self._find_in_union(schema[union], instance, path)
        return self._find_inside(schema, instance, path)

    def _find_inside(self, schema: dict[str, Any], instance: Any, path: Path) -> Fault | None:
        if isinstance(instance, dict):
            named, others = schema.get("properties", {}), schema.get("additionalProperties")
            patterns = schema.get("patternProperties", {})
            for name, value in instance.items():
                by_pattern = (patterns[one] for one in patterns if re.search(one, name))
                part = named[name] if name in named else next(by_pattern, others)
                if isinstance(part, dict) and not self._is_valid(part, value):
                    return self._find(part, value, (*path, name))
        elif isinstance(instance, list) and isinstance(schema.get("items"), dict):
            place = self._first_refused(schema["items"], instance)
            if place is not None:
                return self._find(schema["items"], instance[place], (*path, place))
        return None

    def _find_in_union(self, branches: Sequence[dict[str, Any]], instance: Any, path: Path) -> Fault | None:
        """Speak of the branch that was meant: of the right type, and with the right discriminator."""
        every = list(self._branches(branches))
        of_type = [branch for branch in every if _is_of_type(branch, instance)]
        if not of_type:
            types = _distinct(name for branch in every for name in _types(branch))
            return Fault(len(path), invalid(path, f"expected {types_in_words(types)}, got {kind_of(instance)}"))
        wrong = [self._wrong_discriminator(branch, instance) for branch in of_type]
        meant = [branch for branch, name in zip(of_type, wrong, strict=True) if name is None]
        if any(wrong) and not any(name in instance for name in DISCRIMINATORS):
            return self._find(_closest(of_type, instance), instance, path)
        if not meant:
            return self._find_discriminator(of_type, instance, path)
        faults = [fault for branch in meant if (fault := self._find(branch, instance, path))]
        return max(faults, key=lambda fault: fault.depth, default=None)

    def _find_discriminator(self, branches: Sequence[dict[str, Any]], instance: Any, path: Path) -> Fault | None:
        """No branch has the value that was given: name all that there are, of the branches that come closest."""
        wrong = [(self._wrong_discriminator(branch, instance) or "", branch) for branch in branches]
        name = max((name for name, _ in wrong), key=DISCRIMINATORS.index)
        near = [branch for wrong_name, branch in wrong if wrong_name == name]
        allowed = [_allowed(self._resolve(branch["properties"][name])) for branch in near]
        # A branch for every other value leaves nothing to choose from: the value is not even of the right type.
        is_open = [
            not values and name in branch.get("required", ()) for branch, values in zip(near, allowed, strict=True)
        ]
        values = _distinct(value for choice in allowed for value in choice)
        if name not in instance or any(is_open) or not values:
            return self._find(near[is_open.index(True) if any(is_open) else 0], instance, path)
        says = f"expected {one_of(values)}, got {shown(instance[name])}"
        return Fault(len(path) + 1, invalid((*path, name), says))

    def _wrong_discriminator(self, branch: dict[str, Any], instance: Any) -> str | None:
        """The discriminator by which an instance belongs to another branch."""
        if not isinstance(instance, dict):
            return None
        for name in DISCRIMINATORS:
            if name not in branch.get("properties", {}):
                continue
            if name not in instance:
                if name in branch.get("required", ()):
                    return name
            elif not self._is_valid(branch["properties"][name], instance[name]):
                return name
        return None

    def _branches(self, branches: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        """The branches of a union, and of the unions that are its branches."""
        for branch in map(self._resolve, branches):
            inner = next((branch[union] for union in _UNIONS if union in branch), None)
            if inner is None or "type" in branch or "properties" in branch:
                yield branch
            else:
                yield from self._branches(inner)

    def _first_refused(self, schema: dict[str, Any], elements: list[Any]) -> int | None:
        """The place of the first element that a schema refuses, found by halves."""
        if self._are_valid(schema, elements):
            return None
        low, high = 0, len(elements)
        while high - low > 1:
            middle = (low + high) // 2
            if self._are_valid(schema, elements[low:middle]):
                low = middle
            else:
                high = middle
        return low

    def _is_any(self, branches: Sequence[dict[str, Any]], instance: Any) -> bool:
        return any(self._is_valid(branch, instance) for branch in branches)

    def _is_valid(self, schema: dict[str, Any], instance: Any) -> bool:
        return self._check(schema, "one", lambda: {**schema})(instance)

    def _are_valid(self, schema: dict[str, Any], elements: list[Any]) -> bool:
        return self._check(schema, "each", lambda: {"items": schema})(elements)

    def _check(self, schema: dict[str, Any], way: str, make: Callable[[], dict[str, Any]]) -> Callable[[Any], bool]:
        # Parts of the contract live as long as it does, so that an id names one of them for good.
        key = (id(schema), way)
        if key not in self._compiled:
            whole = {**make(), "components": self._root.get("components", {})}
            self._compiled[key] = jsonschema_rs.Draft202012Validator(whole).is_valid
        return self._compiled[key]

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        return follow(schema, self._root)


def _leaf_errors(schema: dict[str, Any], instance: Any) -> Iterable[ValidationError]:
    """The errors of an instance itself, whatever it holds."""
    leaf = {name: value for name, value in schema.items() if name not in _DEEPER}
    if schema.get("additionalProperties") is False:
        leaf |= {"properties": dict.fromkeys(schema.get("properties", {}), True), "additionalProperties": False}
    if not leaf.keys() & {"enum", "const", "uniqueItems"}:
        instance = _hollow(instance)
    return jsonschema_rs.Draft202012Validator(leaf).iter_errors(instance)


def _hollow(instance: Any) -> Any:
    """An instance without what it holds, which errors would carry along."""
    if isinstance(instance, dict):
        return dict.fromkeys(instance)
    return [None] * len(instance) if isinstance(instance, list) else instance


def _closest(branches: Sequence[dict[str, Any]], instance: dict[str, Any]) -> dict[str, Any]:
    """The branch that an instance without any discriminator has most of; of several, the first."""
    return max(branches, key=lambda branch: len(instance.keys() & set(branch.get("required", ()))))


def _is_of_type(schema: dict[str, Any], instance: Any) -> bool:
    types = _types(schema)
    return not types or any(jsonschema_rs.is_valid({"type": name}, _hollow(instance)) for name in types)


def _types(schema: dict[str, Any]) -> Sequence[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def _allowed(schema: dict[str, Any]) -> Sequence[Any]:
    return [schema["const"]] if "const" in schema else schema.get("enum", ())


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
