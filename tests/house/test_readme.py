"""The README says what is so: its commands exist, its tables are the code's."""

import re

import pytest
import typer.main

from gateway.cli import main
from gateway.providers import ROWS
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


def test_table_of_providers_is_the_rows() -> None:
    rows = table("provider")
    if rows:
        assert set(rows) - {"embedded"} == set(ROWS)


def _subcommands(command: object) -> dict[str, object]:
    """The commands of a group by name; none for a command that is no group."""
    return getattr(command, "commands", {})


def table(header: str) -> list[str]:
    """The first column, without backticks, of the table headed `header`; empty where there is none."""
    found = re.search(rf"^\| {header} \|.*\n\|[-| :]+\n((?:\|.*\n?)+)", README, re.MULTILINE)
    if not found:
        return []
    return [row.split("|")[1].strip().strip("`") for row in found[1].splitlines()]
