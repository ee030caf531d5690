"""`waystone serve`: take the port, make the first key, run the server."""

import asyncio
import json
import os
from collections.abc import Mapping
from typing import Annotated

import typer

from gateway import logs, settings
from gateway.auth import KeyRing, NewKey
from gateway.cli import address, processes
from gateway.cli.address import AddressError
from gateway.cli.connections import raise_file_limit
from gateway.cli.state import ConfigPath
from gateway.cli.supervisor import supervise
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
    config: ConfigPath = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error. [LOG_LEVEL; info]")] = None,
) -> None:
    """Run the gateway. Flags win over the environment, the environment over waystone.yaml."""
    given = {
        "HOST": host,
        "PORT": port,
        "WORKERS": workers,
        "WAYSTONE_CONFIG": config,
        "LOG_LEVEL": log_level,
    }
    flags = {name: str(value) for name, value in given.items() if value is not None}
    # Workers are processes of their own: what they build themselves from travels by the environment.
    os.environ.update(flags)
    _spare_loopback_from_proxies()
    try:
        effective = settings.load()
        listeners = address.listen(effective.host, effective.port, effective.workers)
        logs.configure(effective.log_level, effective.log_format, has_libraries=effective.log_libraries)
        first = asyncio.run(_mint_first_key(effective))
    except (ConfigurationError, AddressError, StoreError) as error:
        typer.echo(_named_as_typed(str(error), flags), err=True)
        raise typer.Exit(_CANNOT_START) from None

    url = address.base_url(listeners[0])
    if first:
        _show_first_key(url, first.secret, _model_to_try(effective))
    raise_file_limit()
    if effective.workers == 1:
        processes.run_alone(listeners[0], lambda: typer.echo(_announcement(url, effective)))
    else:
        supervise(listeners, effective.workers, _announcement(url, effective))


def _named_as_typed(message: str, flags: Mapping[str, str]) -> str:
    """`message` with the flag that was typed in the place of the variable that carries it."""
    for name in flags:
        flag = name.removeprefix("WAYSTONE_").lower().replace("_", "-")
        message = message.replace(f"environment variable {name}:", f"--{flag}:")
    return message


async def _mint_first_key(effective: Settings) -> NewKey | None:
    """A new key where nothing else would open the gateway."""
    static_key = effective.api_key.get_secret_value() if effective.api_key else None
    database = await Database.open(effective.database_url, effective.data_dir)
    try:
        return await KeyRing(database, static_key).mint_first()
    finally:
        await database.close()


def _spare_loopback_from_proxies() -> None:
    """Keep calls to this machine off HTTP_PROXY: the embedded model listens here, and the calls carry keys."""
    spared = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (spared, "127.0.0.1,::1,localhost")))


def _model_to_try(effective: Settings) -> str | None:
    """A model that answers as things stand: the embedded one, or else the first that the configuration names."""
    if effective.embedded.enabled and EmbeddedModel(effective.data_dir).missing() is None:
        return _DEMONSTRATION_MODEL
    named = (f"{name}/{model}" for name, row in effective.providers.items() for model in row.models or ())
    return next(named, None)


def _show_first_key(url: str, secret: str, model: str | None) -> None:
    typer.echo(f"Your first key, shown this once (`waystone keys create` makes more):\n\n  {secret}\n")
    if model is None:
        typer.echo(f"No model is at hand to try it with; name a provider, or see {url}/v1/models.\n")
        return
    question = {"role": "user", "content": "What is the capital of France?"}
    body = json.dumps({"model": model, "messages": [question]})
    typer.echo("Try it:\n")
    typer.echo(
        f"curl {url}/api/gateway/v1/chat/completions -H 'Authorization: Bearer {secret}' "
        f"-H 'Content-Type: application/json' -d '{body}'\n"
    )


def _announcement(url: str, effective: Settings) -> str:
    missing = EmbeddedModel(effective.data_dir).missing() if effective.embedded.enabled else None
    lines = [missing] if missing else []
    return "\n".join([*lines, f"Waystone listens on {url}; docs at {url}/docs"])
