"""Looks into JSON schemas: what they refer to, and whether that leads back."""

from graphlib import CycleError, TopologicalSorter
from typing import Any

_PLACES = ("$defs", "definitions")


def is_recursive(schema: dict[str, Any]) -> bool:
    """Whether a definition leads back to itself, or a reference to anything but a definition."""
    uses = {
        f"#/{place}/{name}": _references(inner)
        for place in _PLACES
        if isinstance(definitions := schema.get(place), dict)
        for name, inner in definitions.items()
    }
    if not _references(schema) <= uses.keys():
        return True
    try:
        TopologicalSorter(uses).prepare()
    except CycleError:
        return True
    return False


def _references(schema: Any) -> set[str]:
    """The targets of all references in a schema."""
    found, waiting = set[str](), [schema]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            if isinstance(inner.get("$ref"), str):
                found.add(inner["$ref"])
            waiting += inner.values()
        elif isinstance(inner, list):
            waiting += inner
    return found
