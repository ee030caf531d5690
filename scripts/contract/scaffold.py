"""Begins the handlers that operations need and handlers/ does not have yet."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.contract.naming import handler_of
from scripts.contract.bundle import lookup
from scripts.contract.merge import operations
from scripts.contract.models import request_type
from scripts.contract.sources import Node

_LINE_LENGTH = 110
_TYPES = "generated.models"

_FUNCTION = '''

{signature}
    """{summary}."""
    raise NotImplementedError("{operation_id}: write me")
'''


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that an operation needs."""

    module: str
    name: str
    operation_id: str
    summary: str
    body: str | None
    streams: bool

    def names(self) -> dict[str, set[str]]:
        """What its signature needs of our modules."""
        http = {"Reply", "Request", *({"StreamReply"} if self.streams else ())}
        return {"gateway.http": http, "gateway.services": {"Gateway"}}

    def source(self) -> str:
        """The function, with a body that says what is left to do."""
        argument = f'request: "Request[{self.body}]"' if self.body else "request: Request[None]"
        reply = "Reply | StreamReply" if self.streams else "Reply"
        signature = f"async def {self.name}({argument}, gateway: Gateway) -> {reply}:"
        if len(signature) > _LINE_LENGTH:
            signature = f"async def {self.name}(\n    {argument}, gateway: Gateway\n) -> {reply}:"
        summary = self.summary.rstrip(".")
        return _FUNCTION.format(signature=signature, summary=summary, operation_id=self.operation_id)


def write_missing(bundle: Node, root: Path) -> list[str]:
    """Add each missing function to its module below `root`; the places, as `handlers/models.py::list`."""
    begun: list[str] = []
    handlers = list(needed(bundle))
    modules = {handler.module for handler in handlers}
    for handler in handlers:
        path = _file(handler.module, modules, root)
        source = (
            path.read_text(encoding="utf-8") if path.exists() else f'"""Handles {handler.module.split(".", 1)[1]}."""\n'
        )
        tree = ast.parse(source)
        if handler.name in _bound(tree):
            continue
        _make_packages(path.parent, root)
        path.write_text(_with_imports(source, tree, handler).rstrip() + "\n" + handler.source(), encoding="utf-8")
        begun.append(f"{path.relative_to(root)}::{handler.name}")
    return begun


def _file(module: str, modules: set[str], root: Path) -> Path:
    """The file of a module; a module that has others below it is a package."""
    path = root / module.replace(".", "/")
    has_others = any(other.startswith(f"{module}.") for other in modules)
    return path / "__init__.py" if has_others else path.with_suffix(".py")


def needed(bundle: Node) -> Iterator[Handler]:
    """The handler of each operation."""
    for _, _, operation in operations(bundle):
        module, name = handler_of(operation["operationId"], operation["tags"])
        yield Handler(
            module=module,
            name=name,
            operation_id=operation["operationId"],
            summary=operation["summary"],
            body=request_type(bundle, operation),
            streams=lookup(operation, "responses/200/content/text~1event-stream") is not None,
        )


def _bound(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return names


def _with_imports(source: str, tree: ast.Module, handler: Handler) -> str:
    lines = source.splitlines()
    bound = _bound(tree)
    if handler.body and handler.body not in bound:
        _import_type(lines, handler.body)
    for module, names in handler.names().items():
        if not names <= bound:
            _import(lines, module, names)
    if handler.body and "TYPE_CHECKING" not in bound:
        _import(lines, "typing", {"TYPE_CHECKING"})
        _set_apart(lines)
    return "\n".join(lines)


def _import_type(lines: list[str], name: str) -> None:
    """Import a type of the contract's for type checkers alone: thousands of lines that no server needs."""
    body = ast.parse("\n".join(lines)).body
    blocks = (node for node in body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    block = next(blocks, None)
    statement = f"    from {_TYPES} import {name}"
    if block is not None:
        lines.insert(block.lineno, statement)
        return
    imports = [node.end_lineno or 0 for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    end = max([*imports, body[0].end_lineno or 0])
    lines[end:end] = ["", "if TYPE_CHECKING:", statement]


def _import(lines: list[str], module: str, names: set[str]) -> None:
    body = ast.parse("\n".join(lines)).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    start = end = (imports[0].lineno - 1 if imports else body[0].end_lineno or 0) if body else 0
    for node in imports:
        if _is_of_ours_before(node, module):
            start = end = node.end_lineno or 0
        if isinstance(node, ast.ImportFrom) and node.module == module and not any(a.asname for a in node.names):
            start, end = node.lineno - 1, node.end_lineno or 0
            names = names | {alias.name for alias in node.names}
    statement = f"from {module} import {', '.join(sorted(names))}"
    lines[start:end] = [statement] if imports else ["", statement]


def _is_of_ours_before(node: ast.stmt, module: str) -> bool:
    """Whether an import is of a module of the gateway's that sorts before `module`, another one of it."""
    name = node.module if isinstance(node, ast.ImportFrom) else None
    return name is not None and name.startswith("gateway.") and module.startswith("gateway.") and name < module


def _set_apart(lines: list[str]) -> None:
    """A blank line between what Python brings and what is ours."""
    for number, line in enumerate(lines[1:], 1):
        if line.startswith("from gateway") and lines[number - 1].startswith("from typing"):
            lines.insert(number, "")
            return


def _make_packages(folder: Path, root: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for package in [folder, *folder.parents]:
        if package == root:
            return
        marker = package / "__init__.py"
        if not marker.exists():
            name = ".".join(package.relative_to(root).parts)
            marker.write_text(f'"""The operations of {name}."""\n', encoding="utf-8")
