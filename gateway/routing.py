"""From a model's name to the upstream that serves it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.catalogue import Catalogue
from gateway.errors import InvalidRequest, ModelNotFound
from gateway.upstream import Upstream


@dataclass(slots=True)
class Route:
    """Where a request goes, and the model's name there."""

    upstream: Upstream
    model: str

    @property
    def name(self) -> str:
        """The name that a request gives to be routed here, whatever else is configured."""
        return f"{self.upstream.name}/{self.model}"


class Router:
    """Resolves `<provider>/<model>`, and a bare `<model>` that exactly one provider serves."""

    def __init__(self, upstreams: Mapping[str, Upstream], catalogue: Catalogue) -> None:
        self._upstreams = upstreams
        self._catalogue = catalogue

    async def resolve(self, name: str, hint: str | None = None) -> Route:
        """The route for a model's name; `hint` names the provider for a name that does not begin with one.

        A name that begins with a provider's is never looked up anywhere. Raises `ModelNotFound`, or
        `InvalidRequest` naming the candidates where a bare name is served by several providers, or for a hint that
        names none.
        """
        if hint is not None and not name.startswith(f"{hint}/"):
            if hint not in self._upstreams:
                known = ", ".join(self._upstreams)
                message = f"There is no provider {hint[:200]!r} here; there are: {known}."
                raise InvalidRequest(message, param="provider", code="provider_not_found")
            name = f"{hint}/{name}"
        provider, slash, model = name.partition("/")
        upstream = self._upstreams.get(provider) if slash else None
        if upstream is None:
            return await self._bare(name)
        if not model or (upstream.models is not None and model not in upstream.models):
            raise ModelNotFound(f"The provider {provider!r} does not serve the model {model[:200]!r}.")
        return Route(upstream, model)

    async def require_listed(self, route: Route) -> None:
        """Raise `ModelNotFound` if the upstream has said what it serves and the model is not among it."""
        listing = await self._catalogue.listing(route.upstream)
        if listing.is_known and route.model not in listing.models:
            raise ModelNotFound(f"The provider {route.upstream.name!r} does not serve the model {route.model[:200]!r}.")

    async def _bare(self, name: str) -> Route:
        listings = await self._catalogue.listings()
        serving = [provider for provider, listing in listings.items() if name in listing.models]
        if len(serving) == 1:
            return Route(self._upstreams[serving[0]], name)
        if serving:
            candidates = ", ".join(f"{provider}/{name}" for provider in serving)
            message = f"Several providers serve the model {name!r}. Name one of: {candidates}."
            raise InvalidRequest(message, param="model", code="ambiguous_model")
        unknown = [provider for provider, listing in listings.items() if not listing.is_known]
        hint = f" (The models of {', '.join(unknown)} could not be listed.)" if unknown else ""
        raise ModelNotFound(
            f"No provider here serves the model {name[:200]!r}; GET /v1/models lists what there is.{hint}"
        )
