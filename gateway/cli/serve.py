"""`waystone serve`: take the port, make the first key, run the server."""

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from gateway import logs, settings
from gateway.auth import KeyRing, NewKey
from gateway.cli import address, processes
from gateway.cli.address import AddressError
from gateway.embedded import EmbeddedModel
from gateway.settings import ConfigurationError, Settings
from gateway.store.database import Database
from gateway.store.errors import StoreError

_DEMONSTRATION_MODEL = "embedded/smollm2-135m-instruct"
_CANNOT_START = 2


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [HOST; 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one. [PORT; 3000]")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes. [WORKERS; 1]")] = None,
    config: Annotated[Path | None, typer.Option(help="The waystone.yaml to read. [WAYSTONE_CONFIG]")] = None,
    log_level: Annotated[
        str | None, typer.Option(help="debug, info, warning or error. [LOG_LEVEL; info]")
    ] = None,
) -> None:
    """Run the gateway. Flags win over the environment, the environment over waystone.yaml."""
    flags = {
        "HOST": host,
        "PORT": port,
        "WORKERS": workers,
        "WAYSTONE_CONFIG": config,
        "LOG_LEVEL": log_level,
    }
    # Workers are processes of their own: what they build themselves from travels by the environment.
    os.environ.update({name: str(value) for name, value in flags.items() if value is not None})
    try:
        effective = settings.load()
        listener = address.listen(effective.host, effective.port)
        logs.configure(effective.log_level)
        first = asyncio.run(_mint_first_key(effective))
    except (ConfigurationError, AddressError, StoreError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(_CANNOT_START) from error

    url = address.base_url(listener)
    if first:
        _show_first_key(url, first.secret)
    processes.run(listener, effective.workers, lambda: _announce(url, effective))


async def _mint_first_key(effective: Settings) -> NewKey | None:
    """A new key where nothing else would open the gateway."""
    static_key = effective.api_key.get_secret_value() if effective.api_key else None
    database = await Database.open(effective.database_url)
    try:
        return await KeyRing(database, static_key).mint_first()
    finally:
        await database.close()


def _show_first_key(url: str, secret: str) -> None:
    question = {"role": "user", "content": "What is the capital of France?"}
    body = json.dumps({"model": _DEMONSTRATION_MODEL, "messages": [question]})
    typer.echo(f"Your first key, shown this once (`waystone keys` makes more):\n\n  {secret}\n\nTry it:\n")
    typer.echo(
        f"curl {url}/api/gateway/v1/chat/completions -H 'Authorization: Bearer {secret}' "
        f"-H 'Content-Type: application/json' -d '{body}'\n"
    )


def _announce(url: str, effective: Settings) -> None:
    missing = EmbeddedModel(effective.embedded).missing()
    if missing:
        typer.echo(missing)
    typer.echo(f"Waystone listens on {url}; docs at {url}/docs")
