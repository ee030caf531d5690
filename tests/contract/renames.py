"""Changes fields of the contract in a copy of the tree, and finds the places of the code that must then be reported."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.contract import artifacts
from scripts.contract.merge import operations
from scripts.contract.sources import Node
from tests.house.declared_types import Project
from tests.house.key_reads import key_reads

ROOT = Path(__file__).parents[2]
COPIED = ("openapi", "generated", "gateway", "handlers")

_ERROR = re.compile(r"(?P<path>[^:]+):(?P<line>\d+):\d+:(?P<end>\d+):\d+: error: (?P<text>.*)")


@dataclass(frozen=True, slots=True)
class Report:
    """What mypy or the house test of keys says about lines of a file."""

    path: str
    lines: range
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Literal:
    """A text in the code that is spelled like a field. `place` is its file and the function around it."""

    path: str
    line: int
    place: str
    field: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.field!r} in {self.place}"


def copy_tree(folder: Path) -> None:
    """Copy the contract, the code and mypy's settings."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)


def change_contract(folder: Path, change: Callable[[str, Node], None]) -> None:
    """Apply `change` to every schema of the copy's documents, with its component's name or path, and generate anew."""
    for file in sorted((folder / "openapi").rglob("*.yaml")):
        document = yaml.safe_load(file.read_text())
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            change(name, schema)
        for path, _, operation in operations(document):
            for media in operation.get("requestBody", {}).get("content", {}).values():
                change(path, media["schema"])
        file.write_text(yaml.safe_dump(document, sort_keys=False))
    artifacts.write(artifacts.build(folder / "openapi"), folder / "generated")


def rename(schema: Node, old: str, new: str) -> None:
    """Rename a property, also in the parts of an `allOf`."""
    for part in (schema, *schema.get("allOf", ())):
        if old in part.get("properties", {}):
            part["properties"] = {new if name == old else name: value for name, value in part["properties"].items()}
            part["required"] = [new if name == old else name for name in part.get("required", [])]


def reports(folder: Path, rooms: tuple[str, ...]) -> list[Report]:
    """What mypy, without a cache, and the house test of keys say about the copy's rooms."""
    return [*_of_mypy(folder, rooms), *_of_keys(folder, rooms)]


def literals(folder: Path, room: str, fields: frozenset[str]) -> list[Literal]:
    """Every text in a room that is spelled like one of the fields."""
    found = []
    for file in sorted((folder / room).rglob("*.py")):
        path = file.relative_to(folder).as_posix()
        for node, place in _texts(ast.parse(file.read_text()), ""):
            if node.value in fields:
                found.append(Literal(path, node.lineno, f"{path}::{place}".removesuffix("::"), str(node.value)))
    return found


def unreported(found: list[Literal], said: list[Report], retyped: frozenset[str]) -> list[Literal]:
    """The texts at whose line nothing was reported. A report of a renamed field names it, one of a retyped need not."""

    def is_about(report: Report, literal: Literal) -> bool:
        is_there = report.path == literal.path and literal.line in report.lines
        is_named = f'"{literal.field}"' in report.text or f"'{literal.field}'" in report.text
        return is_there and (is_named or literal.field in retyped)

    return [literal for literal in found if not any(is_about(report, literal) for report in said)]


def _of_mypy(folder: Path, rooms: tuple[str, ...]) -> Iterator[Report]:
    command = [sys.executable, "-m", "mypy", "--cache-dir=/dev/null", "--show-error-end", "--no-error-summary"]
    present = [room for room in rooms if (folder / room).is_dir()]
    result = subprocess.run([*command, *present], cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode not in (0, 1):
        raise RuntimeError(result.stdout + result.stderr)
    for match in map(_ERROR.fullmatch, result.stdout.splitlines()):
        if match is not None:
            lines = range(int(match["line"]), int(match["end"]) + 1)
            yield Report(match["path"], lines, match["text"])


def _of_keys(folder: Path, rooms: tuple[str, ...]) -> Iterator[Report]:
    project = Project(folder)
    for read in (read for module in project.modules(*rooms) for read in key_reads(project, module)):
        if not read.exists:
            yield Report(read.path, range(read.line, read.line + 1), str(read))


def _texts(node: ast.AST, place: str) -> Iterator[tuple[ast.Constant, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant):
            yield child, place
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _texts(child, f"{place}.{child.name}".removeprefix("."))
        else:
            yield from _texts(child, place)
