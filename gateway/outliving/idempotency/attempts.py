"""One attempt at a request with an idempotency key: what is kept of its answer, and who waits for it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import structlog

from gateway.access_log import Access
from gateway.errors import Header
from gateway.http import Body, Reply, Request, StreamReply
from gateway.neutral.values import value
from gateway.outliving.answer import Answer, Produce
from gateway.outliving.idempotency.kept import NOT_KEPT, Kept, is_whole, response_state, sealed
from gateway.outliving.idempotency.leases import Upkeep
from gateway.sealing import Sealer
from gateway.store import idempotency
from gateway.store.database import Database
from gateway.store.errors import StoreError
from gateway.store.idempotency import Attempt
from gateway.store.usage import Entry

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

    async def produce(self, produce: Produce[Body], request: Request[Body]) -> Answer:
        """The answer of `produce`. The stream of a response in the background is kept as soon as that is queued.

        It goes on though this process dies, and accounts for itself: nobody must take this attempt for lost.
        """
        answer = await produce(request)
        if isinstance(answer, StreamReply) and answer.response_id is not None:
            if self.most_bytes:
                await self._keep(Kept(answer.headers, b"", is_stream=True, response_id=answer.response_id))
            else:
                await self._settle()
            if self._is_settled:
                self._go_on()
        return answer

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
            kept = Kept(headers, data, is_stream=True)
            await (self._keep_events(kept) if self._is_settled else self._keep(kept))

    def leave(self) -> None:
        """What is made is kept all the same."""

    async def close(self) -> None:
        """Who waits for the answer goes on: with what was kept, or with an attempt of its own."""
        try:
            await self._settle()
        finally:
            self._go_on()

    def _go_on(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    async def _settle(self) -> None:
        """Give up what has no answer that was kept."""
        if not self._is_settled:
            await self._shelf.upkeep.release(self.attempt, self._entry())
            self._is_settled = True

    async def _recorded(self, reply: Reply) -> Reply:
        if reply.status != 200 or response_state(reply.body)[1] in idempotency.ENDED_BADLY:
            return reply
        is_kept = len(reply.body) <= self.most_bytes and await self._keep(
            Kept(reply.headers, reply.body, is_stream=False)
        )
        return reply if is_kept else Reply(reply.body, headers=[*reply.headers, NOT_KEPT])

    async def _keep(self, kept: Kept) -> bool:
        shelf = self._shelf
        answer = await sealed(shelf.sealer, self.attempt, kept)
        work = partial(
            idempotency.keep,
            attempt=self.attempt,
            answer=answer,
            seconds=self._seconds,
            response_id=kept.speaks_of,
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

    async def _keep_events(self, kept: Kept) -> None:
        """Keep the events of a response in the background: that has them for some minutes only."""
        shelf, response_id = self._shelf, kept.speaks_of
        if response_id is None:
            return
        answer = await sealed(shelf.sealer, self.attempt, kept)
        with suppress(StoreError):
            digest = self.attempt.digest
            await shelf.database.write(
                partial(idempotency.replace, digest=digest, response_id=response_id, answer=answer)
            )

    def _entry(self) -> Entry | None:
        """The usage row of the request, where it is known: stored with the attempt's end, it outlives a kill."""
        row = self._access.usage
        return (row.id, row, None) if row is not None and row.id else None
