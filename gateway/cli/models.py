"""`waystone models`: what can be named in a request."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import typer

from gateway.catalogue import Catalogue
from gateway.cli import tables
from gateway.cli.calling import with_upstreams
from gateway.cli.state import ConfigPath
from gateway.models import describe
from gateway.prices import Prices
from gateway.settings import Settings
from gateway.upstream import Upstream

_HEAD = ("model", "context", "$/M in", "$/M out", "capabilities", "note")
# What every model does is not worth a word in the table.
_UNSAID = frozenset({"streaming"})


def models(
    config: ConfigPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array with all that is known.")] = False,
) -> None:
    """List the models of every provider, asking those whose models are not configured.

    Prices are US dollars per million tokens; + marks those that rise with the length of the prompt.
    """
    entries, unknown = with_upstreams(config, _listed)
    if as_json:
        typer.echo(orjson.dumps(entries, option=orjson.OPT_INDENT_2).decode())
    else:
        tables.show(_HEAD, map(_row, entries), numbers_from=1, numbers_to=4, first_to_go=("note", "capabilities"))
    for provider, reason in unknown.items():
        typer.echo(
            f"The models of {provider} could not be listed ({reason.rstrip('.')}). "
            f"Name them under `models:` in waystone.yaml, or see `waystone check {provider}`.",
            err=True,
        )


async def _listed(
    settings: Settings, upstreams: Mapping[str, Upstream]
) -> tuple[list[dict[str, Any]], Mapping[str, str]]:
    listings = await Catalogue(upstreams).listings()
    entries = await describe(upstreams, listings, settings.models, Prices())
    return entries, {provider: listing.reason for provider, listing in listings.items() if not listing.is_known}


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    price = entry.get("price", {})
    rising = "+" if price.get("is_tiered") else ""
    return (
        entry["id"],
        _tokens(entry.get("context_window")),
        *(f"{price[side]:g}{rising}" if side in price else "" for side in ("input", "output")),
        " ".join(name for name in entry.get("capabilities", ()) if name not in _UNSAID),
        _note(entry),
    )


def _tokens(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count / 1000:,.0f}k" if count >= 1000 else str(count)


def _note(entry: Mapping[str, Any]) -> str:
    parts = (
        f"stands for {', '.join(entry['targets'])}" if "targets" in entry else "",
        f"falls back to {', '.join(entry['fallbacks'])}" if "fallbacks" in entry else "",
        "deprecated" if entry.get("is_deprecated") else "",
        entry.get("description", ""),
    )
    return ". ".join(part.rstrip(".") for part in parts if part)
