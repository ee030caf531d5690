"""Deletes what has expired, a little at a time, so that nobody waits for it."""

import asyncio
import random
import time
from functools import partial

import structlog

from gateway.store import responses
from gateway.store.batches import by_weight
from gateway.store.database import Connection, Database
from gateway.store.errors import StoreError
from gateway.waits import is_set_within

_PAUSE_SECONDS = 300.0
_BREATH_SECONDS = 0.2
_BATCH = 200
_BATCH_BYTES = 4 * 1024 * 1024
"""Others wait while a batch is deleted: some 20 ms for so many bytes."""
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
            # Found by reading, which holds nobody up; then deleted in short transactions, which look again.
            gone = 0
            for ids in await self._database.read(partial(_batches, before=now - self._grace)):
                gone += await self._database.write(partial(responses.discard, ids=ids))
                if await is_set_within(self._closing, _BREATH_SECONDS):
                    break
            total += gone
            if gone == 0:
                break
        return total

    async def _sweep_forever(self) -> None:
        # At random, so that workers that started together do not sweep together.
        while not await is_set_within(self._closing, self._pause * random.uniform(0.5, 1.5)):
            try:
                gone = await self.sweep(time.time())
            except StoreError as error:
                log.warning("expired_responses_not_deleted", reason=str(error), effect="tried again later")
            else:
                if gone:
                    log.info("expired_responses_deleted", responses=gone)


def _batches(connection: Connection, before: float) -> list[list[str]]:
    """Expired responses, those first that nothing goes on from, in batches that are deleted in a moment."""
    found = responses.expired(connection, before, _BATCH)
    weights = responses.weights(connection, found)
    return [*by_weight(((response_id, weights.get(response_id, 0)) for response_id in found), _BATCH_BYTES)]
