"""The README says what is so: its scripts and commands exist. Its tables come from the code (scripts/document)."""

import re
from typing import Any

import pytest
import typer.main

from gateway.cli.command import main
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


def _subcommands(command: Any) -> dict[str, Any]:
    """The commands of a group by name; none for a command that is no group."""
    names = command.list_commands(None) if hasattr(command, "list_commands") else []
    return {name: command.get_command(None, name) for name in names}
