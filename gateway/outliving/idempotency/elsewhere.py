"""Attempts of other processes that requests here wait for: one look at all of them, however many wait."""

import asyncio
from contextlib import suppress
from functools import partial

from gateway.store import idempotency
from gateway.store.database import Database
from gateway.store.errors import StoreError

_LOOK_SECONDS = 0.15
_DIGESTS_A_QUERY = 500


class AttemptsElsewhere:
    """Looks while somebody waits, and not otherwise."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[bytes, set[asyncio.Future[None]]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def wait(self, digest: bytes, seconds: float) -> None:
        """Wait until the attempt under this key has ended or is lost, or for so many seconds.

        Where the database is away, it returns as well: whoever goes on meets the error.
        """
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(digest, set()).add(over)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            await asyncio.wait([over], timeout=seconds)
        finally:
            waiting = self._waiting.get(digest, set())
            waiting.discard(over)
            if not waiting:
                self._waiting.pop(digest, None)

    async def _look(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(_LOOK_SECONDS)
                digests = [*self._waiting]
                for start in range(0, len(digests), _DIGESTS_A_QUERY):
                    await self._look_at(digests[start : start + _DIGESTS_A_QUERY])
        finally:
            self._looking = None

    async def _look_at(self, digests: list[bytes]) -> None:
        under_way: set[bytes] = set()
        with suppress(StoreError):
            under_way = await self._database.read(partial(idempotency.under_way, digests=digests))
        for digest in digests:
            if digest not in under_way:
                for over in self._waiting.pop(digest, set()):
                    over.set_result(None)
