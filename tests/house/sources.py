"""The tree as the house tests see it: every Python file parsed once, every text file listed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

_CODE = ("gateway", "handlers", "scripts", "tests")
_NOT_OURS = {".git", ".venv", ".venv-peers", "__pycache__", "node_modules", "build", ".hypothesis"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file of ours; `path` is relative to the root, with forward slashes."""

    path: str
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The dotted name under which it is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """The package whose relative imports it would make."""
        return self.name if self.path.endswith("__init__.py") else self.name.rpartition(".")[0]

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function with its qualified name, nested ones and methods too."""
        yield from _functions(self.tree, "")


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file that people write: not `generated/`."""
    found = []
    for folder in _CODE:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and not _NOT_OURS & set(file.parts) and is_python(file):
                text = file.read_text()
                found.append(Module(file.relative_to(ROOT).as_posix(), text, ast.parse(text)))
    return tuple(found)


def under(*prefixes: str) -> list[Module]:
    """The modules whose path begins with one of `prefixes`."""
    return [module for module in modules() if module.path.startswith(prefixes)]


@cache
def imports(module: Module) -> tuple[tuple[int, str], ...]:
    """Line and dotted name of everything that `module` imports; `from a import b` gives `a.b`.

    What only type checkers see is among it.
    """
    return tuple(_imports(module))


def lines_of(function: Function) -> int:
    """The lines of a function without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def texts() -> Iterator[tuple[str, str]]:
    """Path and text of every file of the tree that is text."""
    for file in sorted(ROOT.rglob("*")):
        parts = file.relative_to(ROOT).parts
        if not file.is_file() or any(part in _NOT_OURS or part.endswith(("_cache", ".egg-info")) for part in parts):
            continue
        try:
            yield "/".join(parts), file.read_text()
        except UnicodeDecodeError:
            continue


def is_python(file: Path) -> bool:
    """Whether `file` is Python, by its suffix or, for a script, by its first line."""
    if file.suffix:
        return file.suffix == ".py"
    with file.open("rb") as stream:
        first = stream.readline()
    return first.startswith(b"#!") and b"python" in first


def _imports(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.package.rsplit(".", node.level - 1)[0] if node.level > 1 else module.package
                base = f"{package}.{base}".rstrip(".")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef):
            name = f"{prefix}{node.name}"
            if not isinstance(node, ast.ClassDef):
                yield name, node
            yield from _functions(node, f"{name}.")
        else:
            yield from _functions(node, prefix)
