"""Repeats work on the database while that is away, as long as the lease of what it is about may run."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.store.errors import Refused, StoreError

_PAUSE_SECONDS = 0.5

T = TypeVar("T")


async def patiently(work: Callable[[], Awaitable[T]], seconds: float) -> T:
    """What `work` returns. Raises `StoreError` when that fails for so many seconds, at once for what never succeeds."""
    until = time.monotonic() + seconds
    while True:
        try:
            return await work()
        except Refused:
            raise
        except StoreError:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)
