"""Deletes what has expired, a little at a time, so that nobody waits for it."""

import asyncio
import random
import time
from functools import partial

import structlog

from gateway.store import responses
from gateway.store.database import Database
from gateway.store.errors import StoreError

_PAUSE_SECONDS = 300.0
_BREATH_SECONDS = 0.2
_BATCH = 200
_GRACE_SECONDS = 3600.0
"""A request may have begun before its previous response expired: its own response is stored well within this time."""

log = structlog.get_logger(__name__)


class Sweep:
    """Deletes expired responses now and then. Every worker may run one."""

    def __init__(self, database: Database, retention_seconds: float) -> None:
        self._database = database
        self._pause = min(_PAUSE_SECONDS, retention_seconds)
        self._grace = min(_GRACE_SECONDS, retention_seconds)
        self._closing = asyncio.Event()
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Sweep from now on."""
        self._sweeping = asyncio.create_task(self._sweep_forever())

    async def close(self) -> None:
        """Stop after the batch under way."""
        self._closing.set()
        if self._sweeping is not None:
            await self._sweeping

    async def sweep(self, now: float) -> int:
        """Delete what had expired by then, batch by batch; return how many it was. Raises `StoreError`."""
        total = 0
        while not self._closing.is_set():
            # Found by reading, which holds nobody up; then deleted in one short transaction, which looks again.
            found = await self._database.read(partial(responses.expired, before=now - self._grace, limit=_BATCH))
            gone = await self._database.write(partial(responses.discard, ids=found)) if found else 0
            total += gone
            if gone == 0:
                break
            await self._wait(_BREATH_SECONDS)
        return total

    async def _sweep_forever(self) -> None:
        # At random, so that workers that started together do not sweep together.
        while not await self._wait(self._pause * random.uniform(0.5, 1.5)):
            try:
                gone = await self.sweep(time.time())
            except StoreError as error:
                log.warning("expired_responses_not_deleted", reason=str(error), effect="tried again later")
            else:
                if gone:
                    log.info("expired_responses_deleted", responses=gone)

    async def _wait(self, seconds: float) -> bool:
        """Whether it is time to close, which it waits for no longer than so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return False
        return True
