"""Puts a fault into words: the path of the field, what was expected, what was given."""

from collections.abc import Sequence
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway.errors import InvalidRequest

Path = tuple[str | int, ...]

_SHOWN = 80
_LONGEST = 300
# The validator's own words for these repeat the whole value.
_LIMITS = {
    "maxLength": ("at most", "character"),
    "minLength": ("at least", "character"),
    "maxItems": ("at most", "item"),
    "minItems": ("at least", "item"),
    "maxProperties": ("at most", "field"),
    "minProperties": ("at least", "field"),
}


def of_leaf(error: ValidationError, path: Path) -> InvalidRequest:
    """The error for a fault of the value at `path` itself."""
    match error.kind:
        case ValidationErrorKind.Required(property=name):
            where = param((*path, name))
            message = f"Missing required field: {where}."
            return InvalidRequest(message, param=where, code="missing_required_parameter")
        case ValidationErrorKind.AdditionalProperties(unexpected=names):
            where = param((*path, names[0]))
            return InvalidRequest(f"Unknown field: {where}.", param=where, code="unknown_parameter")
        case kind:
            return invalid(path, _says(kind, error))


def invalid(path: Path, says: str) -> InvalidRequest:
    """The error for a value that is wrong."""
    where = param(path)
    message = f"Invalid value for {where or 'the body'}: {says}."
    return InvalidRequest(message, param=where or None, code="invalid_value")


def param(path: Path) -> str:
    """A path in the form that OpenAI's errors have: `messages[0].role`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_cut(step)}" if text else _cut(step)
    return _cut(text, _LONGEST)


def types_in_words(types: Sequence[str]) -> str:
    """JSON types, such as "a string or null"."""
    names = [f"{'an' if name[0] in 'aio' else 'a'} {name}" for name in types if name != "null"]
    return " or ".join([*names, *(name for name in types if name == "null")])


def one_of(values: Sequence[Any]) -> str:
    """The values there are to choose from."""
    return f"{'one of ' if len(values) > 1 else ''}{', '.join(map(shown, values))}"


def limit_in_words(keyword: str, value: int) -> str:
    """What a keyword that limits a length expects."""
    bound, unit = _LIMITS[keyword]
    return f"expected {bound} {value} {unit}{'' if value == 1 else 's'}"


def kind_of(value: Any) -> str:
    """A value's JSON type in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def shown(value: Any) -> str:
    """A value as far as it is worth repeating."""
    if isinstance(value, dict | list):
        return kind_of(value)
    return repr(_cut(value) if isinstance(value, str) else value)


def _says(kind: ValidationErrorKind, error: ValidationError) -> str:
    match kind:
        case ValidationErrorKind.Type(types=types):
            return f"expected {types_in_words(types)}, got {kind_of(error.instance)}"
        case ValidationErrorKind.Enum(options=options):
            return f"expected {one_of(options)}, got {shown(error.instance)}"
        case ValidationErrorKind.Constant(expected_value=value):
            return f"expected {shown(value)}, got {shown(error.instance)}"
        case ValidationErrorKind.PropertyNames(error=inner):
            return f"the name {shown(inner.instance)} is wrong: {_says(inner.kind, inner)}"
        case _ if kind.name in _LIMITS:
            return limit_in_words(kind.name, kind.value)
        case _:
            return _cut(error.message, _LONGEST)


def _cut(text: str, length: int = _SHOWN) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
