"""Which models the upstreams serve: configured, or asked of them, cached and refreshed in the background."""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from gateway.dialects.base import ListedModel
from gateway.errors import GatewayError
from gateway.upstream import Upstream

FRESH_SECONDS = 300.0
RETRY_SECONDS = 10.0
ASK_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listing:
    """What one upstream said last, by the models' names. `is_known` is False where it has never answered.

    `reason` is why the last try to ask it failed.
    """

    models: Mapping[str, ListedModel]
    is_known: bool
    expires: float
    reason: str = ""


class Catalogue:
    """The models by upstream. A request that names no provider waits for each upstream once, and not for long."""

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._listings: dict[str, Listing] = {}
        self._asking: dict[str, asyncio.Task[Listing]] = {}
        self._version = 0
        self._expires = math.inf
        """When the first of the listings is out of date."""

    @property
    def version(self) -> int:
        """A number that is another one when a listing has changed, or is out of date and to be asked for again."""
        if self._expires < time.monotonic():
            self._version += 1
        return self._version

    async def listings(self) -> dict[str, Listing]:
        """The listing of every upstream."""
        listings = await asyncio.gather(*(self.listing(upstream) for upstream in self._upstreams.values()))
        return dict(zip(self._upstreams, listings, strict=True))

    async def listing(self, upstream: Upstream) -> Listing:
        """What one upstream serves. A stale answer, or a failure, is given as it is and refreshed behind the caller."""
        known = self._listings.get(upstream.name)
        if known is not None and known.expires > time.monotonic():
            return known
        if upstream.models is not None:
            listing = Listing({name: ListedModel(name) for name in upstream.models}, True, math.inf)
            return self._listings.setdefault(upstream.name, listing)
        task = self._asking.get(upstream.name)
        if task is None:
            task = self._asking[upstream.name] = asyncio.create_task(self._ask(upstream))
        # Shielded: the first caller leaving must not take the answer from the others.
        return known if known is not None else await asyncio.shield(task)

    async def close(self) -> None:
        """Stop asking."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, upstream: Upstream) -> Listing:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                models = {model.name: model for model in await upstream.list_models()}
            listing = Listing(models, True, time.monotonic() + FRESH_SECONDS)
        except (GatewayError, TimeoutError) as error:
            reason = str(error) or "no answer in time"
            log.warning("models_not_listed", provider=upstream.name, reason=reason)
            before = self._listings.get(upstream.name, Listing({}, False, 0.0))
            listing = replace(before, expires=time.monotonic() + RETRY_SECONDS, reason=reason)
        finally:
            self._asking.pop(upstream.name, None)
        self._listings[upstream.name] = listing
        self._version += 1
        self._expires = min(known.expires for known in self._listings.values())
        return listing
