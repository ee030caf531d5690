"""Repeats a piece of work, in a task of its own, whatever becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from gateway.store.errors import StoreError
from gateway.waits import is_set_within

log = structlog.get_logger(__name__)


class Rounds:
    """Does `work` again and again, so many seconds apart as `pause` says, or at once when it is woken."""

    def __init__(self, work: Callable[[], Awaitable[None]], pause: Callable[[], float]) -> None:
        self._work = work
        self._pause = pause
        self._woken, self._closing = asyncio.Event(), asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._is_failing = False

    def start(self) -> None:
        """Begin."""
        self._running = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Do the next round now."""
        self._woken.set()

    async def close(self) -> None:
        """End after the round under way."""
        self._closing.set()
        self._woken.set()
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while not self._closing.is_set():
            self._woken.clear()
            await self._round()
            await is_set_within(self._woken, self._pause())

    async def _round(self) -> None:
        try:
            await self._work()
        except StoreError as error:
            if not self._is_failing:
                log.warning("background_work_interrupted", reason=str(error), effect="tried again")
            self._is_failing = True
        except Exception:
            # Everything else in the background depends on the rounds to come.
            log.exception("unhandled_error", operation="background")
        else:
            self._is_failing = False
