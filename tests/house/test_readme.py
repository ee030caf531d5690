"""The README says what is so: its commands exist, its tables are the code's."""

import re
from typing import Any

import pytest
import typer.main

from gateway.cli.command import main
from gateway.providers import ROWS, embedded
from gateway.settings import VARIABLES
from tests.house.sources import ROOT

README = (ROOT / "README.md").read_text()


def test_scripts_named_in_the_readme_exist() -> None:
    named = set(re.findall(r"(?<![\w/])scripts/[\w/.-]*\w", README))
    assert {"scripts/serve", "scripts/test"} <= named
    assert not {name for name in named if not (ROOT / name).exists()}


def test_commands_named_in_the_readme_exist() -> None:
    known = _subcommands(typer.main.get_command(main))
    assert "serve" in known
    for words in re.findall(r"(?:`|^|bin/|\$ )waystone((?: [a-z][a-z-]*)+)", README, re.MULTILINE):
        first, *rest = words.split()
        assert first in known, f"waystone{words}"
        below = _subcommands(known[first])
        assert not (rest and below) or rest[0] in below, f"waystone{words}"


@pytest.mark.parametrize("script", ["serve", "test"])
def test_the_two_commands_can_be_run(script: str) -> None:
    assert (ROOT / "scripts" / script).stat().st_mode & 0o111


def test_table_of_variables_is_what_the_settings_read() -> None:
    assert set(column("variable", 1)) == {*VARIABLES, "WAYSTONE_CONFIG"}


def test_table_of_providers_is_the_rows_with_their_key_variables() -> None:
    keys = dict(zip(column("provider", 1), column("provider", 3), strict=True))
    without = {name for name, key in keys.items() if key.startswith("none")}
    assert without == {embedded.ROW.name, *(name for name, row in ROWS.items() if row.key_variable is None)}
    named = {name: key for name, key in keys.items() if name not in without}
    assert named == {name: row.key_variable for name, row in ROWS.items() if row.key_variable}


def _subcommands(command: Any) -> dict[str, Any]:
    """The commands of a group by name; none for a command that is no group."""
    names = command.list_commands(None) if hasattr(command, "list_commands") else []
    return {name: command.get_command(None, name) for name in names}


def column(header: str, number: int) -> list[str]:
    """A column, counted from 1 and without backticks, of the table whose first heading is `header`."""
    found = re.search(rf"^\| {header} \|.*\n\|[-| :]+\n((?:\|.*\n?)+)", README, re.MULTILINE)
    assert found, f"the README has no table headed {header}"
    return [row.split("|")[number].strip().strip("`") for row in found[1].splitlines()]
