"""Whether anything can be stored right now: known from what failed, found out anew by a write of the same size."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import structlog
from sqlalchemy import Connection

from gateway.store.database import Database
from gateway.store.errors import Contended, StoreError, Unreachable, Unwritable
from gateway.store.tables import probes
from gateway.store.upsert import insert_into

PROBE_SECONDS = 1.0
"""Between two attempts to write while nothing can be stored."""

_FRESH_SECONDS = 5.0
"""For so long a write that succeeded answers for the next one, where nothing but readiness is the question."""
_SMALLEST, _LARGEST = 64 * 1024, 16 * 1024 * 1024

log = structlog.get_logger(__name__)
Pause = Callable[[float], Awaitable[None]]


class Writability:
    """What is known of the database's readiness to write. While it cannot, it is probed in the background.

    A small write may fit where a large one did not: the probe is as large as what failed, so that no request is paid
    for and lost again and again.
    """

    def __init__(self, database: Database, pause: Pause = asyncio.sleep) -> None:
        self._database = database
        self._pause = pause
        self._failure: Unreachable | None = None
        self._size = _SMALLEST
        self._probing: asyncio.Task[None] | None = None
        self.written_at = -_FRESH_SECONDS
        """When something was written last, by `time.monotonic`; whoever writes sets it."""

    def failed(self, error: StoreError, size: int = 0) -> None:
        """A write of so many bytes has failed, or another transaction than this one would have, too."""
        if not isinstance(error, Unreachable) or isinstance(error, Contended):
            return
        self._size = min(max(self._size, size), _LARGEST)
        if self._failure is None and isinstance(error, Unwritable):
            # One that is away is logged by whoever misses it.
            log.error("nothing_can_be_stored", reason=error.reason, effect="what must be stored is refused")
        self._failure = error
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe_until_it_works())

    def raise_if_away(self) -> None:
        """Raise the `Unreachable` that a write would meet now."""
        match self._failure:
            case Unwritable() as failure:
                raise Unwritable(str(failure), failure.reason)
            case Unreachable() as failure:
                raise Unreachable(str(failure))

    async def check(self) -> None:
        """The same, and try it out where nothing has been written for a while. Raises `StoreError`."""
        self.raise_if_away()
        if time.monotonic() - self.written_at < _FRESH_SECONDS:
            return
        try:
            await self._write(1)
        except StoreError as error:
            self.failed(error)
            raise
        self.written_at = time.monotonic()

    async def close(self) -> None:
        """Probe no more."""
        if self._probing is not None:
            self._probing.cancel()
            with suppress(asyncio.CancelledError):
                await self._probing

    async def _probe_until_it_works(self) -> None:
        while self._failure is not None:
            await self._pause(PROBE_SECONDS)
            try:
                await self._write(self._size)
                # The room is for others.
                await self._write(1)
            except StoreError as error:
                if isinstance(error, Unreachable):
                    self._failure = error
                continue
            if isinstance(self._failure, Unwritable):
                log.info("everything_can_be_stored_again")
            self._failure, self._size = None, _SMALLEST
            self.written_at = time.monotonic()

    async def _write(self, size: int) -> None:
        await self._database.write(partial(_write, size=size))


def _write(connection: Connection, size: int) -> None:
    insert = insert_into(connection, probes).values(id=1, value=bytes(size))
    connection.execute(insert.on_conflict_do_update(index_elements=[probes.c.id], set_={"value": bytes(size)}))
