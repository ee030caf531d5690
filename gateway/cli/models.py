"""`waystone models`: what can be named in a request."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from gateway.catalogue import Catalogue
from gateway.models import routes
from gateway.settings import ConfigurationError, Settings, load
from gateway.upstreams import open_upstreams


def models(
    config: Annotated[Path | None, typer.Option(help="The waystone.yaml to read. [WAYSTONE_CONFIG]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """List the models of every provider, asking those whose models are not configured."""
    try:
        settings = load(config)
    except ConfigurationError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    rows, unknown = asyncio.run(_listed(settings))
    if as_json:
        typer.echo(orjson.dumps(rows).decode())
    else:
        for row in rows:
            typer.echo(f"{row['id']}  {row['note']}".rstrip())
    for provider in unknown:
        typer.echo(
            f"The models of {provider} could not be listed; name them under `models:` in waystone.yaml.",
            err=True,
        )


async def _listed(settings: Settings) -> tuple[list[dict[str, Any]], list[str]]:
    async with open_upstreams(settings) as upstreams:
        listings = await Catalogue(upstreams).listings()
        rows = [{"id": route.name, "note": route.upstream.note} for route in routes(upstreams, listings)]
        return rows, [provider for provider, listing in listings.items() if not listing.is_known]
