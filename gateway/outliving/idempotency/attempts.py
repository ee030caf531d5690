"""One attempt at a request with an idempotency key: what is kept of its answer, and who waits for it."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from gateway.access_log import Access
from gateway.errors import Header
from gateway.http import Reply
from gateway.neutral.values import value
from gateway.outliving.idempotency.kept import NOT_KEPT, Kept, is_whole, response_state, sealed
from gateway.outliving.idempotency.leases import Upkeep
from gateway.sealing import Sealer
from gateway.store import idempotency
from gateway.store.database import Database
from gateway.store.errors import StoreError
from gateway.store.idempotency import Attempt
from gateway.store.usage import Entry

_NOT_KEPT_STATES = ("failed", "cancelled")
_BACKGROUND_STATES = ("queued", "in_progress")

log = structlog.get_logger(__name__)


@value
class Shelf:
    """Where answers are kept: sealed, in the database."""

    database: Database
    sealer: Sealer
    upkeep: Upkeep


class RunningAttempt:
    """A request that this process works on; `over` is done when it is. Records its answer (`outliving.Recorder`)."""

    def __init__(self, access: Access, attempt: Attempt, shelf: Shelf, *, most_bytes: int, seconds: float) -> None:
        """`most_bytes` is the largest answer that may be kept, for so many seconds; 0 for none."""
        self.attempt = attempt
        self._seconds = seconds
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.most_bytes = most_bytes
        self.headers: Sequence[Header] = () if most_bytes else (NOT_KEPT,)
        self._access = access
        self._shelf = shelf
        self._is_settled = False
        shelf.upkeep.hold(attempt)

    async def record(self, reply: Reply) -> Reply:
        """Keep a plain answer, if it may be; return it as it is to be sent."""
        recorded = await self._recorded(reply)
        # Before it is sent: its client may use the key again at once.
        await self._settle()
        return recorded

    async def record_stream(self, headers: Sequence[Header], data: bytes) -> None:
        """Keep a stream, if it has come to a good end."""
        row = self._access.usage
        if (row is None or row.status == 200) and is_whole(data):
            await self._keep(Kept(headers, data, is_stream=True), None)

    def leave(self) -> None:
        """What is made is kept all the same."""

    async def close(self) -> None:
        """Who waits for the answer goes on: with what was kept, or with an attempt of its own."""
        try:
            await self._settle()
        finally:
            self.over.set_result(None)

    async def _settle(self) -> None:
        """Give up what has no answer that was kept."""
        if not self._is_settled:
            await self._shelf.upkeep.release(self.attempt, self._entry())
            self._is_settled = True

    async def _recorded(self, reply: Reply) -> Reply:
        response_id, state = response_state(reply.body) if reply.status == 200 else (None, None)
        if reply.status != 200 or state in _NOT_KEPT_STATES:
            return reply
        is_kept = len(reply.body) <= self.most_bytes and await self._keep(
            Kept(reply.headers, reply.body, is_stream=False), response_id if state in _BACKGROUND_STATES else None
        )
        return reply if is_kept else Reply(reply.body, headers=[*reply.headers, NOT_KEPT])

    async def _keep(self, kept: Kept, response_id: str | None) -> bool:
        shelf = self._shelf
        answer = await sealed(shelf.sealer, self.attempt, kept)
        work = partial(
            idempotency.keep,
            attempt=self.attempt,
            answer=answer,
            seconds=self._seconds,
            response_id=response_id,
            entry=self._entry(),
        )
        try:
            self._is_settled = await shelf.database.write(work)
        except StoreError as error:
            log.warning("answer_not_kept", reason=str(error))
            return False
        if self._is_settled:
            shelf.upkeep.drop(self.attempt)
        return self._is_settled

    def _entry(self) -> Entry | None:
        """The usage row of the request, where it is known: stored with the attempt's end, it outlives a kill."""
        row = self._access.usage
        return (row.id, row, None) if row is not None and row.id else None
