"""`waystone`: finds the module of a sub-command by its name, and imports no other."""

import warnings
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperGroup

# connexion imports starlette's test client, which then advises a package that only tests would use.
warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "gateway.cli.serve:serve",
        "usage": "gateway.cli.usage:usage",
        "models": "gateway.cli.models:models",
        "check": "gateway.cli.check:check",
        "prompts": "gateway.cli.prompts:app",
        "keys": "gateway.cli.keys:app",
        "config": "gateway.cli.config:app",
    }
)
"""Where each sub-command is: a function, or a group of its own."""


class Commands(TyperGroup):
    """The sub-commands by their names."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(module), name)
        if not isinstance(found, typer.Typer):
            group = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            group.command(cmd_name)(found)
            found = group
        command = typer.main.get_command(found)
        # A group that was made elsewhere has no name of its own.
        command.name = cmd_name
        return command


# Tracebacks stay plain: the pretty ones print local variables, and keys are among them.
main = typer.Typer(
    name="waystone",
    cls=Commands,
    help="A self-hosted AI gateway, spec-first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@main.callback()
def waystone() -> None:
    """A self-hosted AI gateway, spec-first."""
