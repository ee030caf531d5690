"""Reads figures out of the source of the gateway and the handlers."""

import ast
import math
import re
from collections.abc import Mapping, Sequence

from tests.house.layers import cycles, forbidden
from tests.house.sources import Module, lines_of, under

_ANY = re.compile(r"\bAny\b")
_IGNORE = re.compile(r"#\s*type:\s*ignore")


def figures() -> Mapping[str, int]:
    """Each figure by its name. Lines of functions are without their docstrings."""
    modules = under("gateway/", "handlers/")
    gateway = under("gateway/")
    functions = [lines_of(function) for module in modules for _, function in module.functions()]
    return {
        "Any in gateway outside imports": sum(map(anys, gateway)),
        "aliases of a type with Any": sum(map(aliases, gateway)),
        "casts": sum(map(casts, modules)),
        "type-ignores": sum(len(_IGNORE.findall(module.text)) for module in modules),
        "lines of a function, 95th percentile": percentile(functions, 0.95),
        "lines of the longest function": max(functions),
        "lines of the longest file": max(module.text.count("\n") for module in modules),
        "files": len(modules),
        "import cycles": len(cycles()),
        "arrows back": len(forbidden()),
    }


def percentile(values: Sequence[int], share: float) -> int:
    """The smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def anys(module: Module) -> int:
    """How often the word stands outside imports."""
    imports = {
        line
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate(module.text.splitlines(), 1)
    return sum(len(_ANY.findall(text)) for line, text in lines if line not in imports)


def casts(module: Module) -> int:
    """How often a value is cast for the type checker. SQLAlchemy's `cast` is another one."""
    calls = (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    return sum(ast.unparse(call.func) in ("cast", "typing.cast") and not _imports_sql(module) for call in calls)


def _imports_sql(module: Module) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy" for node in module.tree.body)


def aliases(module: Module) -> int:
    """The names that a module gives to types such as `dict[str, Any]`."""
    values = [node.value for node in module.tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return sum(
        isinstance(value, ast.Name | ast.Subscript | ast.BinOp) and bool(_ANY.search(ast.unparse(value)))
        for value in values
    )
