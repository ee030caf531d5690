"""The command `waystone` and its sub-commands."""

import warnings

import typer

from gateway.cli import config, keys
from gateway.cli.check import check
from gateway.cli.models import models
from gateway.cli.serve import serve
from gateway.cli.usage import usage

# connexion imports starlette's test client, which then advises a package that only tests would use.
warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")

# Tracebacks stay plain: the pretty ones print local variables, and keys are among them.
main = typer.Typer(
    name="waystone",
    help="A self-hosted AI gateway, spec-first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
main.command()(serve)
main.command()(usage)
main.command()(models)
main.command()(check)
main.add_typer(keys.app, name="keys")
main.add_typer(config.app, name="config")
