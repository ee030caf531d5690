"""Reads waystone.yaml: plain values, the line of each, and `${VAR}` filled in from the environment."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

KeyPath = tuple[str | int, ...]

# Far over what a configuration needs, and low enough that no file can take the process down.
_MAX_BYTES = 256 * 1024
_MAX_DEPTH = 16

_TAG = "tag:yaml.org,2002:"
_CONVERTED = frozenset(_TAG + name for name in ("null", "bool", "int", "float"))
# Dates and the like are text here: nothing in a configuration is a date.
_TEXT = frozenset(_TAG + name for name in ("str", "timestamp", "merge", "value"))

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|\$\{")


class ConfigurationError(Exception):
    """The configuration cannot be used. The message has a line for each problem and shows no value."""


class _Unresolved(Exception):
    """A string refers to no variable that is set; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says. `lines` has the line, from 1, of each key and list item."""

    name: str = "waystone.yaml"
    values: dict[str, Any] = field(default_factory=dict, repr=False)
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """`file:line: key.path`, with the line of the nearest key that stands in the file."""
        return f"{self.name}:{self.line(path)}: {dotted(path)}"

    def line(self, path: KeyPath) -> int:
        """The line of `path`, or of the nearest key above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def dotted(path: KeyPath) -> str:
    """`providers.lab.models[1]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    text = text.removeprefix(".")
    return text if text.isprintable() else repr(text)


def read(path: Path, environ: Mapping[str, str]) -> Document:
    """Read a YAML file. Raises `ConfigurationError`."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise ConfigurationError(f"{path}: cannot be read ({reason})") from None
    if len(text) > _MAX_BYTES:
        raise ConfigurationError(f"{path}: expected at most {_MAX_BYTES // 1024} KiB of YAML")
    return parse(text, environ, str(path))


def parse(text: bytes, environ: Mapping[str, str], name: str) -> Document:
    """Read YAML; `name` stands in messages. Raises `ConfigurationError`."""
    reader = _Reader(name, environ)
    try:
        values = reader.document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigurationError(f"{name}:{line}: expected YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeError):
        raise ConfigurationError(f"{name}: expected YAML in UTF-8 without control characters") from None
    if reader.problems:
        raise ConfigurationError("\n".join(reader.problems))
    return Document(name, values, reader.lines)


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Fill in `${NAME}` and `${NAME:-default}`; `$${` stands for `${`. An empty variable counts as unset."""

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if match[0] == "$${":
            return "${"
        if name is None:
            raise _Unresolved("expected ${NAME} or ${NAME:-default}; write $${ for the characters themselves")
        found = environ.get(name) or default
        if found is None:
            raise _Unresolved(f"the environment variable {name} is not set, and ${{{name}:-…}} gives it no default")
        return found

    return _REFERENCE.sub(value, text)


class _Reader:
    """Builds values from YAML's events.

    Events and not nodes: PyYAML composes nodes by recursion in C, which deep nesting turns into a
    segmentation fault, and follows aliases, which nesting turns into gigabytes.
    """

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[str] = []
        self._name = name
        self._environ = environ
        self._resolve: Callable[..., str] = Resolver().resolve
        self._constructor = SafeConstructor()

    def document(self, events: Iterator[Any]) -> dict[str, Any]:
        """The one document of the file; an empty file says nothing."""
        values: Any = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if values is not None:
                    raise ConfigurationError(f"{self._name}:{_line(event)}: expected one YAML document")
                values = self._value(next(events), events, ())
                values = {} if values is None else values
        if values is not None and not isinstance(values, dict):
            raise ConfigurationError(f"{self._name}:1: expected keys and values, such as `port: 3000`")
        return values or {}

    def _value(self, event: Any, events: Iterator[Any], path: KeyPath) -> Any:
        if len(path) > _MAX_DEPTH:
            raise ConfigurationError(f"{self._name}:{_line(event)}: expected less nesting")
        self.lines.setdefault(path, _line(event))
        match event:
            case yaml.MappingStartEvent():
                return self._mapping(events, path)
            case yaml.SequenceStartEvent():
                return self._sequence(events, path)
            case yaml.ScalarEvent():
                return self._scalar(event, path)
            case _:
                raise ConfigurationError(
                    f"{self._name}:{_line(event)}: expected no aliases (*name): write the value again"
                )

    def _mapping(self, events: Iterator[Any], path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise ConfigurationError(f"{self._name}:{_line(event)}: expected a name as key")
            key = event.value
            here = (*path, key)
            if key in values:
                self._problem(event, here, f"expected once; it also stands in line {self.lines[here]}")
            self.lines.setdefault(here, _line(event))
            values[key] = self._value(next(events), events, here)
        return values

    def _sequence(self, events: Iterator[Any], path: KeyPath) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            values.append(self._value(event, events, (*path, len(values))))
        return values

    def _scalar(self, event: Any, path: KeyPath) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag in _CONVERTED:
            try:
                return self._constructor.construct_object(yaml.ScalarNode(tag, event.value))
            except (ValueError, KeyError, IndexError):
                return self._problem(event, path, f"expected a YAML {tag.removeprefix(_TAG)}")
        if tag not in _TEXT:
            return self._problem(event, path, "expected no YAML tag (!…)")
        try:
            return expand(event.value, self._environ)
        except _Unresolved as error:
            return self._problem(event, path, str(error))

    def _problem(self, event: Any, path: KeyPath, expected: str) -> None:
        self.problems.append(f"{self._name}:{_line(event)}: {dotted(path)}: {expected}")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
