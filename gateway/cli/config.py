"""`waystone config`: what the server would run with."""

from pathlib import Path
from typing import Annotated

import typer

from gateway import settings
from gateway.settings import ConfigurationError

app = typer.Typer(help="Show the configuration.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Show the configuration."""


@app.command()
def show(
    config: Annotated[Path | None, typer.Option(help="The waystone.yaml to read. [WAYSTONE_CONFIG]")] = None,
) -> None:
    """Print the effective settings; secrets appear as ***."""
    try:
        effective = settings.load(config)
    except ConfigurationError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error
    typer.echo(settings.describe(effective))
