"""Alarms on sizes: over one, the module is two modules."""

from tests.house.sources import Function, lines_of, modules

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
        if (lines := lines_of(function)) > FUNCTION_LINES
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


def _parameters(function: Function) -> int:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])
