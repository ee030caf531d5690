"""The tables of settings and of the access log in README.md and docs/configuration.md, from the code.

What a setting is stands in the docstring below it. A default that the value in the code does not show stands there,
too, in brackets at the end. What may be written is the field's description, which error messages have, too.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from textwrap import dedent

from pydantic.fields import FieldInfo

from gateway.access_log import MEANINGS
from gateway.settings import VARIABLES, ProviderSettings, Settings
from gateway.settings.bounds import Bounds
from gateway.settings.document import dotted
from gateway.settings.options import Section
from gateway.settings.profiles import ProfileSettings, dialects_of
from gateway.settings.prompts import PromptSettings, PromptVersion
from scripts.documents.table import code, table

_DEFAULT = re.compile(r"\s*\[([^][]+)\]$")


@dataclass(frozen=True)
class Entry:
    """One setting: its name with dots, what it is, what may be written, and what holds where nothing is."""

    name: str
    purpose: str
    value: str
    default: str


def variables() -> str:
    """The variables that set something besides providers, in their own order."""
    by_name = {entry.name: entry for entry in entries(Settings)}
    lines = [(code(name), *_cells(by_name[dotted(path)])) for name, path in VARIABLES.items()]
    return table(("variable", "what it sets", "value", "default"), lines)


def top() -> str:
    """The settings at the top of the file."""
    names = {dotted(path): code(name) for name, path in VARIABLES.items()}
    lines = [(code(entry.name), names.get(entry.name, ""), *_cells(entry)) for entry in entries(Settings)]
    return table(("setting", "variable", "what it is", "value", "default"), lines)


def provider() -> str:
    """The settings of one provider."""
    return _table("setting", ProviderSettings)


def profile() -> str:
    """What may be said of a provider in each of its dialects, and in which."""
    lines = [
        (code(entry.name), ", ".join(map(code, dialects_of(entry.name))), *_cells(entry))
        for entry in entries(ProfileSettings)
    ]
    return table(("setting", "dialects", "what it is", "value", "default"), lines)


def prompts() -> str:
    """The settings of one prompt template, and of each of its versions."""
    found = [*entries(PromptSettings), *entries(PromptVersion, "versions.NAME.")]
    lines = [(code(entry.name), *_cells(entry)) for entry in found]
    return table(("setting", "what it is", "value", "default"), lines)


def bounds(name: str) -> str:
    """The bounds of one section of `bounds`."""
    return _table(f"bound of {code(name)}", type(getattr(Bounds(), name)))


def access_log() -> str:
    """The fields of a line in the access log."""
    return table(("field", "what it is"), [(code(name), meaning) for name, meaning in MEANINGS.items()])


def entries(section: type[Section], above: str = "") -> Iterator[Entry]:
    """The settings that a section adds to its base; for a section within it that has no docstring here, its own.

    Raises `LookupError` if a setting has no docstring.
    """
    docstrings = _docstrings(section)
    for name, field in section.model_fields.items():
        if name not in inspect.get_annotations(section):
            continue
        if name in docstrings:
            yield _entry(above + name, field, docstrings[name])
        elif isinstance(field.default, Section):
            yield from entries(type(field.default), f"{above}{name}.")
        else:
            raise LookupError(f"{section.__name__}.{name} has no docstring that says what it is")


def _entry(name: str, field: FieldInfo, docstring: str) -> Entry:
    in_words = _DEFAULT.search(docstring)
    default = in_words[1] if in_words else _default(field)
    return Entry(name, _DEFAULT.sub("", docstring), field.description or "", default)


def _default(field: FieldInfo) -> str:
    match field.default:
        case bool(value):
            return code(str(value).lower())
        case int(value):
            return str(value)
        case float(value):
            return f"{value:g}"
        case str(value):
            return code(value)
        case _:
            return ""


def _docstrings(section: type[Section]) -> Mapping[str, str]:
    """The texts that stand right below the fields of a class, each in one line."""
    (tree,) = ast.parse(dedent(inspect.getsource(section))).body
    found = {}
    for field, after in pairwise(tree.body if isinstance(tree, ast.ClassDef) else ()):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def _cells(entry: Entry) -> tuple[str, str, str]:
    return entry.purpose, entry.value, entry.default


def _table(heading: str, section: type[Section]) -> str:
    lines = [(code(entry.name), *_cells(entry)) for entry in entries(section)]
    return table((heading, "what it is", "value", "default"), lines)
