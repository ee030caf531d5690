"""From a model's name to the upstreams that serve it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol, TypeVar

from gateway.catalogue import Catalogue
from gateway.errors import GatewayError, InvalidRequest, ModelNotFound
from gateway.upstream import Upstream

K = TypeVar("K")
V = TypeVar("V")

_MOST_KEPT = 1000
_LONGEST_NAME = 200


class Target(Protocol):
    """One model that a name of the operator's own stands for."""

    @property
    def model(self) -> str:
        """`<provider>/<model>`, a bare name, or another of the operator's own."""

    @property
    def weight(self) -> float:
        """Its share next to the other targets."""


class Named(Protocol):
    """What a name of the operator's own stands for; without targets, for the model of that very name."""

    @property
    def targets(self) -> Sequence[Target] | None:
        """What requests are shared out over."""

    @property
    def fallbacks(self) -> Sequence[str] | None:
        """What is tried after those, in order."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes, and the model's name there. `weight` is its share next to others of the same step."""

    upstream: Upstream
    model: str
    weight: float = 1.0

    @property
    def name(self) -> str:
        """The name that a request gives to be routed here, whatever else is configured."""
        return f"{self.upstream.name}/{self.model}"


@dataclass(frozen=True, slots=True)
class Step:
    """Routes of which one is as good as the other, by the name they stand for. There is at least one."""

    name: str
    routes: Sequence[Route]


Names = Mapping[str, Named]


class Router:
    """Resolves the operator's own names, `<provider>/<model>`, and a bare `<model>` that one provider serves."""

    def __init__(
        self, upstreams: Mapping[str, Upstream], catalogue: Catalogue, names: Names = MappingProxyType({})
    ) -> None:
        self._upstreams = upstreams
        self._catalogue = catalogue
        self._names = names
        self._fixed: dict[str, Sequence[Step]] = {}
        self._kept: dict[str, Sequence[Step]] = {}
        self._version = -1

    async def steps(self, name: str, hint: str | None = None, others: Sequence[str] = ()) -> Sequence[Step]:
        """Everywhere a request may go, in order: for the model's name, then for `others`, which the client gave too.

        `hint` names the provider for a name that does not begin with one; it is not for the others. Raises
        `ModelNotFound` and `InvalidRequest` as `resolve`; for one of the others that is always a 400 with its place.
        """
        if hint is None and not others:
            return await self._kept_steps(name)
        steps = [*await self._kept_steps(self._hinted(name, hint))]
        for number, other in enumerate(others):
            try:
                steps += await self._kept_steps(other)
            except (ModelNotFound, InvalidRequest) as error:
                raise InvalidRequest(error.message, param=f"models[{number}]", code=error.code) from None
        return steps

    def known(self, name: str) -> Sequence[Step] | None:
        """The steps for a name that are kept; None where they have to be looked for."""
        steps = self._fixed.get(name)
        if steps is None and self._catalogue.version == self._version:
            steps = self._kept.get(name)
        return steps

    async def resolve(self, name: str, hint: str | None = None) -> Route:
        """The route for a model's name; `hint` names the provider for a name that does not begin with one.

        A name that begins with a provider's is never looked up anywhere. Raises `ModelNotFound`, or
        `InvalidRequest` naming the candidates where a bare name is served by several providers, or for a hint that
        names none.
        """
        return (await self._routes(self._hinted(name, hint)))[0]

    async def require_listed(self, route: Route) -> None:
        """Raise `ModelNotFound` if the upstream has said what it serves and the model is not among it."""
        listing = await self._catalogue.listing(route.upstream)
        if listing.is_known and route.model not in listing.models:
            raise ModelNotFound(f"The provider {route.upstream.name!r} does not serve the model {route.model[:200]!r}.")

    async def _kept_steps(self, name: str) -> Sequence[Step]:
        """The steps for a name: kept for good where it begins with a provider's, else while all lists stay the same."""
        steps = self._fixed.get(name)
        if steps is not None:
            return steps
        version = self._catalogue.version
        if version != self._version:
            self._version = version
            self._kept.clear()
        steps = self._kept.get(name)
        if steps is None:
            steps = await self._expanded(name)
            provider, slash, _ = name.partition("/")
            if slash and provider in self._upstreams and name not in self._names:
                keep(self._fixed, name, steps, name)
            elif self._catalogue.version == version:
                keep(self._kept, name, steps, name)
        return steps

    def _hinted(self, name: str, hint: str | None) -> str:
        if hint is None or name.startswith(f"{hint}/"):
            return name
        if hint not in self._upstreams:
            known = ", ".join(self._upstreams)
            message = f"There is no provider {hint[:200]!r} here; there are: {known}."
            raise InvalidRequest(message, param="provider", code="provider_not_found")
        return f"{hint}/{name}"

    async def _expanded(self, name: str, above: frozenset[str] = frozenset()) -> list[Step]:
        """The steps for a name, below those names of the operator's own that led to it.

        Two models may each step in for the other. What cannot be resolved is left out while there is more.
        """
        named = self._names.get(name) if name not in above else None
        if named is None:
            return [Step(name, await self._routes(name))]
        above |= {name}
        refused: list[GatewayError] = []
        routes: list[Route] = []
        later: list[Step] = []
        for target in named.targets or [_Self(name)]:
            try:
                first, *others = await self._expanded(target.model, above)
            except (ModelNotFound, InvalidRequest) as error:
                refused.append(error)
                continue
            whole = sum(route.weight for route in first.routes)
            routes += [replace(route, weight=target.weight * route.weight / (whole or 1.0)) for route in first.routes]
            later += others
        steps = [Step(name, routes), *later] if routes else later
        for fallback in named.fallbacks or ():
            if fallback in above and fallback in self._names:
                continue
            try:
                steps += await self._expanded(fallback, above)
            except (ModelNotFound, InvalidRequest) as error:
                refused.append(error)
        if not steps:
            raise refused[0]
        return steps

    async def _routes(self, name: str) -> Sequence[Route]:
        provider, slash, model = name.partition("/")
        upstream = self._upstreams.get(provider) if slash else None
        if upstream is None:
            return await self._bare(name)
        if not model or (upstream.models is not None and model not in upstream.models):
            raise ModelNotFound(f"The provider {provider!r} does not serve the model {model[:200]!r}.")
        return [Route(upstream, model)]

    async def _bare(self, name: str) -> Sequence[Route]:
        """The provider that serves a bare name, or all the instances of one provider that do."""
        listings = await self._catalogue.listings()
        serving = [self._upstreams[provider] for provider, listing in listings.items() if name in listing.models]
        if len(serving) == 1 or _are_one(serving):
            return [Route(upstream, name, upstream.weight) for upstream in serving]
        if serving:
            candidates = ", ".join(f"{upstream.name}/{name}" for upstream in serving)
            message = f"Several providers serve the model {name!r}. Name one of: {candidates}."
            raise InvalidRequest(message, param="model", code="ambiguous_model")
        unknown = [provider for provider, listing in listings.items() if not listing.is_known]
        hint = f" (The models of {', '.join(unknown)} could not be listed.)" if unknown else ""
        raise ModelNotFound(
            f"No provider here serves the model {name[:200]!r}; GET /v1/models lists what there is.{hint}"
        )


def keep(kept: dict[K, V], key: K, value: V, name: str) -> None:
    """Keep what was made for a name that a client gave. Clients can name models without end, and at any length."""
    if len(name) <= _LONGEST_NAME:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[key] = value


@dataclass(frozen=True, slots=True)
class _Self:
    model: str
    weight: float = 1.0


def _are_one(upstreams: Sequence[Upstream]) -> bool:
    """Whether these are instances of one provider that is known by name."""
    rows = {upstream.row for upstream in upstreams}
    return len(rows) == 1 and "" not in rows
