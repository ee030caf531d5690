"""Finds the references of JSON schemas, where they lead, and whether they are recursive."""

from graphlib import CycleError, TopologicalSorter
from urllib.parse import unquote

from gateway.neutral.json import Json, JsonObject, object_or_empty, text_or_none

_PLACES = ("$defs", "definitions")


def is_recursive(schema: JsonObject) -> bool:
    """Whether a definition leads back to itself, or a reference to anything but a definition."""
    uses = {
        f"#/{place}/{name}": _references(inner)
        for place in _PLACES
        for name, inner in object_or_empty(schema.get(place)).items()
    }
    if not _references(schema) <= uses.keys():
        return True
    try:
        TopologicalSorter(uses).prepare()
    except CycleError:
        return True
    return False


def target_of(reference: str, root: JsonObject) -> Json:
    """What a reference within a schema leads to (a JSON pointer behind `#`); None where it leads nowhere."""
    found: Json = root
    for step in filter(None, reference[1:].split("/")):
        found = object_or_empty(found).get(unquote(step).replace("~1", "/").replace("~0", "~"))
    return found


def _references(schema: Json) -> set[str]:
    """The targets of all references in a schema."""
    found, pending = set[str](), [schema]
    while pending:
        inner = pending.pop()
        if isinstance(inner, dict):
            if (reference := text_or_none(inner.get("$ref"))) is not None:
                found.add(reference)
            pending += inner.values()
        elif isinstance(inner, list):
            pending += inner
    return found
