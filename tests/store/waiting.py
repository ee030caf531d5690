"""Waits for a condition, not for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable

_DEADLINE_SECONDS = 20.0


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return as soon as `condition` holds; fail with `TimeoutError` if it does not come to hold."""
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while True:
            holds = condition()
            if await holds if isawaitable(holds) else holds:
                return
            await asyncio.sleep(0.002)
