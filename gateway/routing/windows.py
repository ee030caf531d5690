"""How many tokens a model reads at once: from the settings, its provider's own list, or as genai-prices knows it."""

import asyncio
import time
from collections.abc import Iterable

from gateway.catalogue import Catalogue
from gateway.errors import InvalidRequest
from gateway.prices import Prices
from gateway.routing.plan import Lane
from gateway.routing.router import keep

_FRESH_SECONDS = 3600.0
_RETRY_SECONDS = 60.0
_FAR = 2.0
"""How many times its window a request may be by an estimate, before it is refused without being sent."""
_FAR_COUNTED = 1.3
"""The same for a model whose tokenizer is known, so that its ratio of bytes to tokens is, too."""


class Windows:
    """One a process. What was found is kept with the candidates, as it is needed where nothing can be waited for."""

    def __init__(self, catalogue: Catalogue, prices: Prices) -> None:
        self._catalogue = catalogue
        self._prices = prices
        self._kept: dict[tuple[str, str], tuple[int, float]] = {}
        """Windows, and until when they are believed, by provider and model."""

    async def learn(self, lanes: Iterable[Lane]) -> None:
        """Find out the windows of candidates, where that has not been done lately. Never raises."""
        await asyncio.gather(*map(self._learn, lanes))

    async def _learn(self, lane: Lane) -> None:
        name, now = (lane.upstream.name, lane.model), time.monotonic()
        window, expires = self._kept.get(name, (0, 0.0))
        if expires <= now:
            window = await self._found(lane)
            keep(self._kept, name, (window, now + (_FRESH_SECONDS if window else _RETRY_SECONDS)), lane.model)
        lane.set_window(window)

    async def _found(self, lane: Lane) -> int:
        upstream, model = lane.upstream, lane.model
        if (own := upstream.window(model)) is not None:
            return own
        listed = (await self._catalogue.listing(upstream)).models.get(model)
        if listed is not None and listed.context_window is not None:
            return listed.context_window
        known = (await self._prices.of([(upstream.row, model)])).get((upstream.row, model))
        return (known.context_window if known else None) or 0


def require_room(lane: Lane, tokens: int, *, is_counted: bool) -> None:
    """Raise `InvalidRequest` where a request of so many tokens, by an estimate, is far beyond its model's window.

    `is_counted`: the model's tokenizer is known, and the estimate is closer.
    """
    if lane.window and tokens > lane.window * (_FAR_COUNTED if is_counted else _FAR):
        raise too_long(lane, tokens)


def too_long(lane: Lane, tokens: int) -> InvalidRequest:
    """The error for a request that its model cannot read."""
    message = (
        f"This model's maximum context length is {lane.window} tokens. The request has about {tokens}. Shorten the "
        "input, or send `truncation: auto` or `context_management` to /v1/responses."
    )
    return InvalidRequest(message, param="input", code="context_length_exceeded")
