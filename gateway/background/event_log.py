"""Stores the events of a running response in batches, in their order, before anybody sees them."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from gateway.store.errors import StoreError
from gateway.store.jobs import Batch
from gateway.waits import is_set_within
from gateway.wire import sse

PAUSE_SECONDS = 0.05
"""Between two batches. The first is stored at once."""
_AHEAD_BYTES = 1024 * 1024
"""What may wait to be stored before the upstream has to wait, too."""

log = structlog.get_logger(__name__)


class EventLog:
    """The events of one attempt.

    `write` stores a batch, and returns False where the response is another's by now; `lose` is called once for that,
    and where nothing can be stored.
    """

    def __init__(self, first: int, write: Callable[[Batch], Awaitable[bool]], lose: Callable[[], object]) -> None:
        self._next = first
        self._write = write
        self._lose = lose
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
        if self._writing is None and not (self._closing.is_set() or self.is_lost):
            self._writing = asyncio.create_task(self._write_on())
        while self._bytes > _AHEAD_BYTES and self._writing is not None:
            self._has_room.clear()
            await self._has_room.wait()

    def hold(self) -> None:
        """Store nothing more by itself: what comes now is the end, and is stored with it."""
        self._closing.set()

    async def close(self) -> Batch | None:
        """The events that are not stored yet: they are stored together with the end."""
        self.hold()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        return self._batch() if self._waiting else None

    def _batch(self) -> Batch:
        data = b"".join(self._waiting)
        self._waiting, self._bytes = [], 0
        # Each event ends with an empty line, and JSON has none.
        return Batch(self._next, self._next + data.count(sse.END) - 1, data)

    async def _write_on(self) -> None:
        try:
            while self._waiting and not (self._closing.is_set() or self.is_lost):
                await self._store(self._batch())
                self._has_room.set()
                await is_set_within(self._closing, PAUSE_SECONDS)
        finally:
            self._writing = None
            self._has_room.set()

    async def _store(self, batch: Batch) -> None:
        try:
            is_ours = await self._write(batch)
        except StoreError as error:
            log.warning("background_events_not_stored", reason=str(error), effect="the response is given up here")
            is_ours = False
        if is_ours:
            self._next = batch.last + 1
        else:
            self.is_lost = True
            self._lose()
