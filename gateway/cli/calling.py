"""Runs one command that calls upstreams."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import typer

from gateway import logs
from gateway.errors import GatewayError
from gateway.settings import ConfigurationError, Settings, load
from gateway.upstream import Upstream
from gateway.upstreams import open_upstreams

T = TypeVar("T")
Work = Callable[[Settings, Mapping[str, Upstream]], Awaitable[T]]


def with_upstreams(config: Path | None, work: Work[T]) -> T:
    """Run `work` on the settings and the upstreams that they name; an error ends the command with one line and 2."""
    # What there is to say, the commands say themselves.
    logs.configure("error")
    try:
        return asyncio.run(_run(load(config), work))
    except ConfigurationError as error:
        # It shows no values, only what was expected in their place.
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    except GatewayError as error:
        typer.echo(logs.redact(str(error)), err=True)
        raise typer.Exit(2) from None


async def _run(settings: Settings, work: Work[T]) -> T:
    async with open_upstreams(settings) as upstreams:
        return await work(settings, upstreams)
