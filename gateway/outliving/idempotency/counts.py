"""How many answers are kept for each gateway key: counted beside the requests, now and then."""

import time
from functools import partial

from gateway.store import idempotency
from gateway.store.database import Database

_KNOWN_SECONDS = 5.0


class AnswerCounts:
    """Those that one process knows of, a few seconds old. `most` is how many one gateway key may have.

    To count 10,000 takes 20 ms, in which nobody else could claim anything if it was done while claiming.
    """

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._most = most
        self._counts: dict[str, int] = {}
        self._counted_at: dict[str, float] = {}

    async def is_full(self, key_id: str) -> bool:
        """Whether a gateway key has as many as it may. Raises `StoreError`."""
        now = time.monotonic()
        if now - self._counted_at.get(key_id, -_KNOWN_SECONDS) >= _KNOWN_SECONDS:
            # First, so that of many who come at once one counts.
            self._counted_at[key_id] = now
            count = partial(idempotency.count, key_id=key_id, most=self._most)
            self._counts[key_id] = await self._database.read(count)
        return self._counts.get(key_id, 0) >= self._most

    def add(self, key_id: str) -> None:
        """A request of this process has become one more."""
        self._counts[key_id] = self._counts.get(key_id, 0) + 1
