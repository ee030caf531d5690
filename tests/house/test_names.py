"""Names: none that says nothing, no provider's where it does not belong, and a purpose for every module."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from gateway.providers import ROWS, embedded
from tests.house.sources import ROOT, modules, under

SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    found = [
        module.path
        for module in modules()
        if SAYS_NOTHING
        & {word for part in PurePosixPath(module.path).parts for word in PurePosixPath(part).stem.split("_")}
    ]
    assert not found, f"name the thing: {found}"


def test_no_class_has_a_name_that_says_nothing() -> None:
    found = [
        f"{module.path}:{node.lineno} {node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name.lower().endswith(tuple(SAYS_NOTHING))
    ]
    assert not found, f"name the thing: {found}"


def test_every_module_begins_with_a_line_that_says_what_it_is_for() -> None:
    found = []
    for module in modules():
        docstring = ast.get_docstring(module.tree)
        if module.tree.body and (not docstring or not docstring.splitlines()[0].strip()):
            found.append(module.path)
    assert not found, f"no docstring, or an empty first line: {found}"


def test_no_code_outside_the_rows_compares_with_the_name_of_a_provider() -> None:
    names = {*ROWS, embedded.ROW.name}
    found = [
        f"{module.path}:{node.lineno} {text!r}"
        for module in under("gateway/", "handlers/")
        if not module.path.startswith("gateway/providers/")
        for node, text in _compared_texts(module.tree)
        if text.strip("/").lower() in names
    ]
    assert not found, f"a fact about a provider stands in its row: {found}"


def test_the_folders_of_the_design_are_the_folders_of_the_tree() -> None:
    expected = {"openapi", "generated", "handlers", "gateway", "tests", "scripts", "docs"}
    missing = {name for name in expected if not (ROOT / name).is_dir()}
    assert not missing, f"the design names folders that are not there: {missing}"


def _compared_texts(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Every constant text on a side of a comparison, in a case, or given to startswith and its like."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare():
                sides = [node.left, *node.comparators]
            case ast.MatchValue():
                sides = [node.value]
            case ast.Call(func=ast.Attribute(attr="startswith" | "endswith" | "removeprefix")):
                sides = list(node.args)
            case _:
                continue
        for side in sides:
            for part in ast.walk(side):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part, part.value
