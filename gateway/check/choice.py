"""Chooses the model by which a provider is tried out."""

from collections.abc import Iterable

from gateway.catalogue import Listing
from gateway.models import is_chat
from gateway.prices import Known, Prices
from gateway.upstream import Upstream


async def chosen(upstream: Upstream, listing: Listing, prices: Prices) -> tuple[str, str] | None:
    """A model of this upstream, and why that one; None where its list has none to talk to.

    The first that is configured; else the cheapest of its list, of those that cost anything; else the first.
    """
    if upstream.models:
        return upstream.models[0], "the first one configured"
    known = await prices.of((upstream.row, name) for name in listing.models)
    by_name = {name: known.get((upstream.row, name)) for name in listing.models}
    names = [name for name, found in by_name.items() if is_chat(name, found)]
    if priced := list(_priced(names, by_name)):
        return min(priced)[1], "the cheapest one it lists"
    return (names[0], "the first one it lists") if names else None


def _priced(names: Iterable[str], known: dict[str, Known | None]) -> Iterable[tuple[float, str]]:
    """The cost of a million tokens in and as many out. What is free is left out: it is limited instead."""
    for name in names:
        found = known[name]
        if found is None or found.price is None or found.is_deprecated:
            continue
        cost = (found.price.input or 0.0) + (found.price.output or 0.0)
        if cost > 0:
            yield cost, name
