"""`waystone config`: what the server would run with."""

import typer
import yaml

from gateway import settings
from gateway.cli.state import ConfigPath
from gateway.settings import ConfigurationError

app = typer.Typer(help="Show the configuration.", no_args_is_help=True, add_completion=False)


@app.callback()
def group() -> None:
    """Show the configuration."""


@app.command()
def show(config: ConfigPath = None) -> None:
    """Print the effective settings as YAML; secrets appear as ***."""
    try:
        effective = settings.load(config)
    except ConfigurationError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    typer.echo(yaml.safe_dump(settings.describe(effective), sort_keys=False, allow_unicode=True), nl=False)
