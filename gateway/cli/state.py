"""Opens the database for one command."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gateway import logs
from gateway.settings import ConfigurationError, Settings, load
from gateway.store.database import Database
from gateway.store.errors import StoreError

T = TypeVar("T")

ConfigPath = Annotated[Path | None, typer.Option(help="The waystone.yaml to read. [WAYSTONE_CONFIG]")]


def with_database(config: Path | None, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` on the database that the settings name; an error ends the command with one line."""
    # To stderr: what a command prints may be read by another program.
    logs.configure("warning")
    try:
        return asyncio.run(_run(load(config), work))
    except ConfigurationError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    except StoreError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None


async def _run(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    database = await Database.open(settings.database_url, settings.data_dir)
    try:
        return await work(database)
    finally:
        await database.close()
