"""Which models the upstreams serve: configured, or asked of them, cached and refreshed in the background."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from gateway.errors import GatewayError
from gateway.upstream import Upstream

FRESH_SECONDS = 300.0
RETRY_SECONDS = 10.0
ASK_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listing:
    """What one upstream said last. `is_known` is False where it has never answered."""

    models: Sequence[str]
    is_known: bool
    expires: float


class Catalogue:
    """The models by upstream. A request that names no provider waits for each upstream once, and not for long."""

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._listings: dict[str, Listing] = {}
        self._asking: dict[str, asyncio.Task[Listing]] = {}

    async def listings(self) -> dict[str, Listing]:
        """The listing of every upstream."""
        listings = await asyncio.gather(*(self.listing(upstream) for upstream in self._upstreams.values()))
        return dict(zip(self._upstreams, listings, strict=True))

    async def listing(self, upstream: Upstream) -> Listing:
        """What one upstream serves. A stale answer, or a failure, is given as it is and refreshed behind the caller."""
        if upstream.models is not None:
            return Listing(upstream.models, True, 0.0)
        known = self._listings.get(upstream.name)
        if known is not None and known.expires > time.monotonic():
            return known
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
                models = await upstream.list_models()
            listing = Listing(models, True, time.monotonic() + FRESH_SECONDS)
        except (GatewayError, TimeoutError) as error:
            log.warning("models_not_listed", provider=upstream.name, reason=str(error) or "no answer in time")
            before = self._listings.get(upstream.name, Listing((), False, 0.0))
            listing = Listing(before.models, before.is_known, time.monotonic() + RETRY_SECONDS)
        finally:
            self._asking.pop(upstream.name, None)
        self._listings[upstream.name] = listing
        return listing
