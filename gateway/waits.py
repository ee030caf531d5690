"""Waits for something to happen, but no longer than for so many seconds."""

import asyncio


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether an event is set by then."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
