"""The list of models, as `/v1/models` and `waystone models` show it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from gateway.catalogue import Catalogue, Listing
from gateway.dialects.base import ListedModel
from gateway.prices import Known, Price, Prices
from gateway.routing.router import Named, Names, Router
from gateway.upstream import Upstream

_OWNER = "waystone"
# Names of models that do not chat, as OpenAI's, Google's, Mistral's and Together's lists have them (August 2026).
_NO_CHAT = re.compile(
    r"embed|whisper|(^|-)tts|dall-e|image|imagen|veo-|sora|moderation|transcri|realtime|(^|-)live-|-audio|"
    r"davinci|babbage|-instruct-0914|rerank|ocr|guard|-aqa|flux|stable-diffusion",
    re.I,
)
_SHOWN = ("context_window", "max_output_tokens", "capabilities", "price")


class Models:
    """What can be named in a request, in the shape of OpenAI's list."""

    def __init__(
        self,
        router: Router,
        catalogue: Catalogue,
        upstreams: Mapping[str, Upstream],
        names: Names = MappingProxyType({}),
        prices: Prices | None = None,
    ) -> None:
        self._router = router
        self._catalogue = catalogue
        self._upstreams = upstreams
        self._names = names
        self._prices = prices or Prices()

    async def list(self) -> list[dict[str, Any]]:
        """Every name of the operator's own, and every model of every upstream that says what it serves."""
        listings = await self._catalogue.listings()
        return await describe(self._upstreams, listings, self._names, self._prices)

    async def retrieve(self, name: str) -> dict[str, Any]:
        """One model. Raises `ModelNotFound`, or `InvalidRequest` for an ambiguous name."""
        if name in self._names:
            return next(entry for entry in await self.list() if entry["id"] == name)
        route = await self._router.resolve(name)
        await self._router.require_listed(route)
        listing = await self._catalogue.listing(route.upstream)
        model = listing.models.get(route.model) or ListedModel(route.model)
        alone = {route.upstream.name: Listing({route.model: model}, True, 0.0)}
        return (await describe(self._upstreams, alone, {}, self._prices))[0]


async def describe(
    upstreams: Mapping[str, Upstream], listings: Mapping[str, Listing], names: Names, prices: Prices
) -> list[dict[str, Any]]:
    """What is known of each model that can be named: the operator's own names first, then provider by provider."""
    listed = [
        (upstreams[provider], model) for provider, listing in listings.items() for model in listing.models.values()
    ]
    known = await prices.of((upstream.row, model.name) for upstream, model in listed)
    entries = [_entry(upstream, model, known.get((upstream.row, model.name))) for upstream, model in listed]
    by_id = {entry["id"]: entry for entry in entries}
    own = [_named(name, named, by_id) for name, named in names.items()]
    return [*own, *(entry for entry in entries if entry["id"] not in names)]


def is_chat(model: str, known: Known | None) -> bool:
    """Whether a model takes part in conversations, as far as its name and its price tell: embeddings have no output."""
    has_no_output = known is not None and known.price is not None and known.price.output is None
    return not has_no_output and not _NO_CHAT.search(model)


def _capabilities(upstream: Upstream, model: str, known: Known | None) -> Iterator[str]:
    """What requests to a model may ask for, by its provider's row; of a server without one, little is known."""
    if known is not None:
        yield from known.capabilities
    if not is_chat(model, known):
        return
    yield "streaming"
    if upstream.row:
        yield from upstream.own.of(model).capabilities()


def _entry(upstream: Upstream, model: ListedModel, known: Known | None) -> dict[str, Any]:
    """OpenAI's fields first, then what is known; a field of which nothing is known is left out."""
    window = upstream.window(model.name) or model.context_window
    more = {
        "description": upstream.note,
        "context_window": window or (known.context_window if known else None),
        "max_output_tokens": model.max_output_tokens or upstream.own.of(model.name).max_answer_tokens,
        "capabilities": list(dict.fromkeys(_capabilities(upstream, model.name, known))),
        "price": _price(known.price, known.source) if known and known.price else None,
        "is_deprecated": (known.is_deprecated if known else None) or None,
    }
    return {**_base(f"{upstream.name}/{model.name}", upstream.name), **_present(more)}


def _named(name: str, named: Named, by_id: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """An operator's own name: what is true of every model it stands for, but for those that step in."""
    targets = [target.model for target in named.targets or ()]
    ways = _present({"targets": targets, "fallbacks": list(named.fallbacks or ())})
    if not targets and name in by_id:
        return {**by_id[name], **ways}
    found = [by_id.get(target, {}) for target in targets]
    least: dict[str, Any] = {field: _least([target.get(field) for target in found]) for field in _SHOWN}
    return {**_base(name, _OWNER), **ways, **_present(least)}


def _least(values: list[Any]) -> Any:
    """What holds for all: the smallest number, what all lists have in common, or the one value of all."""
    match values:
        case [int(), *_] if all(isinstance(value, int) for value in values):
            return min(values)
        case [[*first], *_] if all(isinstance(value, list) for value in values):
            return [one for one in first if all(one in value for value in values)]
        case [first, *others] if all(value == first for value in others):
            return first
        case _:
            return None


def _base(name: str, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}


def _price(price: Price, source: str) -> dict[str, Any]:
    return {**_present(asdict(price)), "source": source}


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
