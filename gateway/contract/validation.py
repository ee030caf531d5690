"""Validates against the compiled contract, and says what is wrong in words that a caller can act on."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind

from gateway.errors import InvalidRequest

# The properties by which a union's branches are told apart, in every dialect of the contract.
DISCRIMINATORS = ("type", "role", "object", "mode")
_SHOWN = 80
_PATH_SHOWN = 300
# Words for the limits on sizes: the validator's own repeat the whole value.
_LIMITS = {
    "maxLength": "at most {} characters",
    "minLength": "at least {} characters",
    "maxItems": "at most {} items",
    "minItems": "at least {} items",
    "maxProperties": "at most {} fields",
    "minProperties": "at least {} fields",
}
Branch = Sequence[ValidationError]
Validate = Callable[[Any], None]


def compile_schema(schema: dict[str, Any]) -> Validate:
    """A function that raises `InvalidRequest` for an instance that the schema does not allow."""
    validator = jsonschema_rs.Draft202012Validator(schema)
    is_valid, errors = validator.is_valid, validator.iter_errors

    def validate(instance: Any) -> None:
        if not is_valid(instance):
            raise _explain_all(errors, instance)

    return validate


def _explain_all(errors: Callable[[Any], Iterable[ValidationError]], instance: Any) -> InvalidRequest:
    """The error for the client: of the first thing that is wrong, at its deepest known place."""
    try:
        return _explain(next(iter(errors(instance))))
    except ValueError:
        # The validator can say that such a body is wrong, but not what of it: it counts 255 levels.
        return InvalidRequest("The body is nested too deeply.", code="invalid_value")


def _explain(error: ValidationError) -> InvalidRequest:
    match error.kind:
        case (
            ValidationErrorKind.AnyOf(context=branches) | ValidationErrorKind.OneOfNotValid(context=branches)
        ):
            return _explain_union(error, [branch for branch in branches if branch])
        case ValidationErrorKind.Required(property=name):
            path = param([*error.instance_path, name])
            return InvalidRequest(
                f"Missing required field: {path}.", param=path, code="missing_required_parameter"
            )
        case ValidationErrorKind.AdditionalProperties(unexpected=names):
            path = param([*error.instance_path, names[0]])
            return InvalidRequest(f"Unknown field: {path}.", param=path, code="unknown_parameter")
        case kind:
            return _invalid(error.instance_path, _says(kind, error))


def _explain_union(union: ValidationError, branches: Sequence[Branch]) -> InvalidRequest:
    """Speak of the branch that was meant: whose discriminator is right, or that has the right type at all."""
    depth = len(union.instance_path)
    meant = [branch for branch in branches if not any(_is_of_another_type(error, depth) for error in branch)]
    if not meant:
        types = _distinct(name for branch in branches for error in branch for name in _types(error, depth))
        return _invalid(union.instance_path, f"expected {_any_of(types)}, got {_kind_of(union.instance)}")
    told_apart = [branch for branch in meant if any(_is_discriminator(error, depth) for error in branch)]
    fitting = [branch for branch in meant if branch not in told_apart]
    if not fitting:
        return _explain_discriminator(union, told_apart)
    return _explain(max(fitting, key=lambda branch: (len(branch[0].instance_path), -len(branch)))[0])


def _explain_discriminator(union: ValidationError, branches: Sequence[Branch]) -> InvalidRequest:
    """No branch has the value that was given: name all that there are."""
    depth = len(union.instance_path)
    errors = [error for branch in branches for error in branch if _is_discriminator(error, depth)]
    values = _distinct(value for error in errors for value in _allowed(error))
    path = errors[0].instance_path
    if not values:
        return _explain(errors[0])
    if isinstance(errors[0].kind, ValidationErrorKind.Required):
        return _explain(errors[0])
    return _invalid(path, f"expected {_one_of(values)}, got {_shown(errors[0].instance)}")


def param(path: Sequence[str | int]) -> str:
    """A path in the form that OpenAI's errors have: `messages[0].role`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_cut(step)}" if text else _cut(step)
    return _cut(text, _PATH_SHOWN)


def _invalid(path: Sequence[str | int], says: str) -> InvalidRequest:
    where = param(path)
    message = f"Invalid value for {where or 'the body'}: {says}."
    return InvalidRequest(message, param=where or None, code="invalid_value")


def _is_of_another_type(error: ValidationError, depth: int) -> bool:
    """Whether an instance is not of a branch's kind at all: a string where it wants an object."""
    return len(error.instance_path) == depth and isinstance(error.kind, ValidationErrorKind.Type)


def _is_discriminator(error: ValidationError, depth: int) -> bool:
    """Whether an error says that the instance belongs to another branch."""
    path = error.instance_path
    if isinstance(error.kind, ValidationErrorKind.Required):
        return len(path) == depth and error.kind.property in DISCRIMINATORS
    is_place = len(path) == depth + 1 and path[-1] in DISCRIMINATORS
    return is_place and isinstance(
        error.kind,
        ValidationErrorKind.Constant
        | ValidationErrorKind.Enum
        | ValidationErrorKind.Type
        | ValidationErrorKind.Not,
    )


def _allowed(error: ValidationError) -> Sequence[Any]:
    match error.kind:
        case ValidationErrorKind.Enum(options=options):
            return options
        case ValidationErrorKind.Constant(expected_value=value):
            return [value]
        case _:
            return []


def _types(error: ValidationError, depth: int) -> Sequence[str]:
    is_here = len(error.instance_path) == depth and isinstance(error.kind, ValidationErrorKind.Type)
    return error.kind.types if is_here and isinstance(error.kind, ValidationErrorKind.Type) else []


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _says(kind: ValidationErrorKind, error: ValidationError) -> str:
    match kind:
        case ValidationErrorKind.Type(types=types):
            return f"expected {_any_of(types)}, got {_kind_of(error.instance)}"
        case ValidationErrorKind.Enum() | ValidationErrorKind.Constant():
            return f"expected {_one_of(_allowed(error))}, got {_shown(error.instance)}"
        case ValidationErrorKind.PropertyNames(error=inner):
            return f"the name {_shown(inner.instance)} is wrong: {_says(inner.kind, inner)}"
        case _ if kind.name in _LIMITS:
            return f"expected {_LIMITS[kind.name].format(kind.value)}"
        case _:
            return _cut(error.message, _PATH_SHOWN)


def _any_of(types: Sequence[str]) -> str:
    names = [f"{'an' if name[0] in 'aio' else 'a'} {name}" for name in types if name != "null"]
    return " or ".join([*names, *(name for name in types if name == "null")])


def _one_of(values: Sequence[Any]) -> str:
    return f"{'one of ' if len(values) > 1 else ''}{', '.join(map(_shown, values))}"


def _kind_of(value: Any) -> str:
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


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return _kind_of(value)
    return repr(_cut(value) if isinstance(value, str) else value)


def _cut(text: str, length: int = _SHOWN) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
