"""Notices of what has changed for other processes: LISTEN and NOTIFY on PostgreSQL; SQLite has nothing of the kind.

A notice is sent when the transaction that announces it is committed. One may be lost with the connection: who waits for
it looks into the database now and then.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, text

from gateway.store.location import Location

if TYPE_CHECKING:
    import asyncpg

QUEUE, EVENTS, CANCELLED = "q", "e", "c"
"""A job is queued; a response has more events, or has ended; nobody may add to one any more."""

_CHANNEL = "waystone"
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_PAUSE_SECONDS = 1.0

log = structlog.get_logger(__name__)
Notice = Callable[[str, str], object]
"""Takes the kind of a notice and the id of the response that it is about."""


def announce(connection: Connection, kind: str, response_id: str) -> None:
    """Tell other processes once the transaction is committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY, {"channel": _CHANNEL, "payload": f"{kind} {response_id}"})


class Listener:
    """A connection to PostgreSQL on which notices come; it is made again when it is lost. Nothing on SQLite."""

    def __init__(self, location: Location, notice: Notice) -> None:
        self._location = location
        self._notice = notice
        self._listening: asyncio.Task[None] | None = None
        self.is_connected = False
        """Whether notices come. While they do not, whoever waits has to look more often."""

    async def start(self) -> None:
        """Listen from now on, where there is something to listen to."""
        if self._location.file is None:
            self._listening = asyncio.create_task(self._listen_forever())

    async def close(self) -> None:
        """Listen no longer."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    async def _listen_forever(self) -> None:
        import asyncpg  # SQLite needs none

        while True:
            try:
                await self._listen(await asyncpg.connect(**self._location.connect_args))
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.debug("notices_interrupted", reason=type(error).__name__)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen(self, connection: "asyncpg.Connection") -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(_CHANNEL, self._take)
            self.is_connected = True
            await lost.wait()
        finally:
            self.is_connected = False
            connection.terminate()

    def _take(self, connection: object, pid: int, channel: str, payload: object) -> None:
        kind, _, response_id = str(payload).partition(" ")
        self._notice(kind, response_id)
