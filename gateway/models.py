"""The list of models, as `/v1/models` and `waystone models` show it."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.catalogue import Catalogue, Listing
from gateway.routing import Route, Router
from gateway.upstream import Upstream


class Models:
    """What can be named in a request, in the shape of OpenAI's list."""

    def __init__(self, router: Router, catalogue: Catalogue, upstreams: dict[str, Upstream]) -> None:
        self._router = router
        self._catalogue = catalogue
        self._upstreams = upstreams

    async def list(self) -> list[dict[str, Any]]:
        """Every model of every upstream that says what it serves."""
        listings = await self._catalogue.listings()
        return [_entry(route) for route in routes(self._upstreams, listings)]

    async def retrieve(self, name: str) -> dict[str, Any]:
        """One model. Raises `ModelNotFound`, or `InvalidRequest` for an ambiguous name."""
        route = await self._router.resolve(name)
        await self._router.require_listed(route)
        return _entry(route)


def routes(upstreams: Mapping[str, Upstream], listings: Mapping[str, Listing]) -> Iterator[Route]:
    """Everything that is listed, provider by provider."""
    for provider, listing in listings.items():
        for model in listing.models:
            yield Route(upstreams[provider], model)


def _entry(route: Route) -> dict[str, Any]:
    upstream = route.upstream
    entry = {
        "id": route.name,
        "object": "model",
        "created": 0,
        "owned_by": upstream.name,
    }
    return {**entry, "description": upstream.note} if upstream.note else entry
