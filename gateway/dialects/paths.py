"""Reads and writes fields of a body by dotted paths, such as `reasoning.effort`. Objects in it are never changed."""

from gateway.neutral.json import Json, JsonObject, object_or_empty, object_or_none


def value_at(body: JsonObject, path: str) -> Json:
    """The value at a path; None where there is none."""
    name, _, rest = path.partition(".")
    return value_at(object_or_empty(body.get(name)), rest) if rest else body.get(name)


def pop_at(body: JsonObject, path: str) -> Json:
    """Take the value at a path out; None where there is none. An object that is empty without it goes, too."""
    name, _, rest = path.partition(".")
    inner = object_or_none(body.get(name)) if rest else None
    if not rest:
        return body.pop(name, None)
    if inner is None:
        return None
    left = dict(inner)
    value = pop_at(left, rest)
    if left != inner:
        body[name] = left
        if not left:
            del body[name]
    return value


def put_at(body: JsonObject, path: str, value: Json) -> bool:
    """Write a value at a path. False, and nothing is changed, where something else stands in its way."""
    name, _, rest = path.partition(".")
    there = body.get(name)
    if not rest:
        if there is None:
            body[name] = value
        return there is None
    inner = {} if there is None else object_or_none(there)
    if inner is None:
        return False
    changed = dict(inner)
    if not put_at(changed, rest, value):
        return False
    body[name] = changed
    return True
