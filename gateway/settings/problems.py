"""Says what is wrong with a configuration: where, and what was expected there. Never what was found."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from gateway.settings.document import ConfigurationError, Document, KeyPath

Problem = tuple[KeyPath, str]
"""A place in the configuration, and what is expected there."""

_MOST = 20


@dataclass(frozen=True, slots=True)
class Origins:
    """Where each setting came from: the environment, or else the document."""

    document: Document
    variables: Mapping[KeyPath, str] = field(default_factory=dict)

    def error(self, problems: Iterable[Problem]) -> ConfigurationError:
        """A line for each problem, in the order of the file."""
        ordered = sorted(set(problems), key=lambda problem: (self.document.line(problem[0]), str(problem)))
        lines = [f"{self._place(path)}: {expected}" for path, expected in ordered]
        if len(lines) > _MOST:
            lines[_MOST:] = [f"{self.document.name}: and {len(lines) - _MOST} more"]
        return ConfigurationError("\n".join(lines))

    def _place(self, path: KeyPath) -> str:
        for end in range(len(path), 0, -1):
            if variable := self.variables.get(path[:end]):
                return f"environment variable {variable}"
        return self.document.place(path)


def translate(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """What pydantic found, as problems. A field's description says what is expected of it."""
    problems: list[Problem] = []
    # Without its input: that may be a key.
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        path: KeyPath = found["loc"]
        match found["type"]:
            case "default_factory_not_called":
                pass  # follows from another problem
            case "extra_forbidden":
                problems.append((path, _unknown(path, model)))
            case _:
                problems.append((path, _expected(path, model, found["msg"])))
    return problems


def nearest(name: object, known: Iterable[str]) -> str:
    """`; did you mean x?`, or nothing where no known name is near."""
    close = difflib.get_close_matches(str(name).lower(), list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _unknown(path: KeyPath, model: type[BaseModel]) -> str:
    parent, _ = _walk(path[:-1], model)
    known = parent.model_fields if parent else {}
    return f"unknown key{nearest(path[-1], known)} (known here: {', '.join(known)})"


def _expected(path: KeyPath, model: type[BaseModel], message: str) -> str:
    _, option = _walk(path, model)
    if option and option.description:
        return f"expected {option.description}"
    return f"expected a mapping of keys to values ({message})"


def _walk(path: KeyPath, model: type[BaseModel]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model that `path` leads to, if it leads to one, and the last option on the way."""
    here: type[BaseModel] | None = model
    option: FieldInfo | None = None
    is_name = False
    for part in path:
        if is_name or here is None:
            is_name = False
            continue
        option = here.model_fields.get(str(part))
        here = _model_in(option.annotation) if option else None
        # Below a mapping stands a name that people choose, below a list a number, and the model below that.
        is_name = option is not None and _holds_many(option.annotation)
    return here, option


def _holds_many(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return origin in (dict, list) or (origin is UnionType and any(_holds_many(part) for part in get_args(annotation)))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
