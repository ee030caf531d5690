"""Alarms on sizes: over one, the module is two modules."""

import ast

from tests.house.sources import Function, modules

FILE_LINES = 400
FUNCTION_LINES = 40
PARAMETERS = 6


def test_no_file_is_over_the_alarm() -> None:
    found = {module.path: lines for module in modules() if (lines := module.text.count("\n")) > FILE_LINES}
    assert not found, f"over {FILE_LINES} lines: {found}"


def test_no_function_is_over_the_alarm() -> None:
    found = {
        f"{module.path}::{name}": lines
        for module in modules()
        for name, function in module.functions()
        if (lines := _lines(function)) > FUNCTION_LINES
    }
    assert not found, f"over {FUNCTION_LINES} lines, docstring not counted: {found}"


def test_no_function_takes_too_many_parameters() -> None:
    found = {
        f"{module.path}::{name}": count
        for module in modules()
        for name, function in module.functions()
        if (count := _parameters(function)) > PARAMETERS
    }
    assert not found, f"over {PARAMETERS} parameters: {found}"


def _lines(function: Function) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def _parameters(function: Function) -> int:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])
