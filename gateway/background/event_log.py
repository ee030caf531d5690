"""Stores the events of a running response in batches, in their order, before anybody sees them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from gateway.store.errors import StoreError
from gateway.store.jobs import Batch
from gateway.wire import sse

PAUSE_SECONDS = 0.05
"""Between two batches. The first is stored at once."""
_AHEAD_BYTES = 1024 * 1024
"""What may wait to be stored before the upstream has to wait, too."""
_RETRY_SECONDS = 0.5

log = structlog.get_logger(__name__)


class EventLog:
    """The events of one attempt.

    `write` stores a batch, and returns False where the response is another's by now; `lose` is called once for that,
    and where nothing could be stored for `patience` seconds.
    """

    def __init__(
        self,
        first: int,
        write: Callable[[Batch], Awaitable[bool]],
        lose: Callable[[], object],
        patience: float,
    ) -> None:
        self._next = first
        self._write = write
        self._lose = lose
        self._patience = patience
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._has_room = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.is_lost = False

    @property
    def next_number(self) -> int:
        """The number of the first event that is not stored."""
        return self._next

    async def add(self, data: bytes) -> None:
        """Take whole events, to be stored soon. Waits while too much is waiting."""
        self._waiting.append(data)
        self._bytes += len(data)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_on())
        while self._bytes > _AHEAD_BYTES and not self.is_lost:
            self._has_room.clear()
            await self._has_room.wait()

    async def close(self) -> Batch | None:
        """The events that are not stored yet: they are stored together with the end."""
        self._closing.set()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        return self._batch() if self._waiting else None

    def _batch(self) -> Batch:
        data = b"".join(self._waiting)
        self._waiting, self._bytes = [], 0
        # Each event ends with an empty line, and JSON has none.
        return Batch(self._next, self._next + data.count(sse.END) - 1, data)

    async def _write_on(self) -> None:
        while self._waiting and not (self._closing.is_set() or self.is_lost):
            await self._store(self._batch())
            self._has_room.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_SECONDS):
                    await self._closing.wait()
        self._writing = None

    async def _store(self, batch: Batch) -> None:
        until = time.monotonic() + self._patience
        while True:
            try:
                is_ours = await self._write(batch)
            except StoreError as error:
                if time.monotonic() < until:
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                log.warning("background_events_not_stored", reason=str(error), effect="the response is given up here")
                is_ours = False
            if is_ours:
                self._next = batch.last + 1
            else:
                self.is_lost = True
                self._has_room.set()
                self._lose()
            return
