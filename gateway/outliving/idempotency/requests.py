"""Answers requests that have an idempotency key: runs the first, has others wait for it, replays what was kept."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NoReturn

import structlog

from gateway.background.service import Background
from gateway.detached import DetachedWork
from gateway.errors import IdempotencyConflict
from gateway.http import Body, Request
from gateway.memory.failures import explained
from gateway.outliving.answer import Answer, OutlivingAnswers, Produce
from gateway.outliving.idempotency.attempts import RunningAttempt, Shelf
from gateway.outliving.idempotency.counts import AnswerCounts
from gateway.outliving.idempotency.elsewhere import AttemptsElsewhere
from gateway.outliving.idempotency.identity import NAME, forbids_keeping, identified
from gateway.outliving.idempotency.kept import REPLAYED, Kept, opened
from gateway.settings.idempotency import IdempotencySettings
from gateway.store import idempotency
from gateway.store.database import Connection
from gateway.store.idempotency import Attempt, Claimed, Found

KEY_HEADER = NAME.lower().encode()
_HOUR = 3_600.0

log = structlog.get_logger(__name__)


class IdempotentRequests:
    """The requests with idempotency keys of one process."""

    def __init__(
        self,
        shelf: Shelf,
        answers: OutlivingAnswers,
        background: Background,
        work: DetachedWork,
        settings: IdempotencySettings,
        turns: asyncio.Lock,
    ) -> None:
        """`turns`: large bodies are read one at a time."""
        self._shelf = shelf
        self._background = background
        self._seconds = settings.retention_hours * _HOUR
        self._answers = answers
        self._work = work
        self._turns = turns
        self._limits = settings
        self._counts = AnswerCounts(shelf.database, settings.answers_per_key)
        self._elsewhere = AttemptsElsewhere(shelf.database)
        self._running: dict[bytes, RunningAttempt] = {}
        """Those of this process, by the digests of their keys."""

    async def answer(self, request: Request[Body], produce: Produce[Body], key: bytes) -> Answer:
        """The answer of `produce`, which is kept, or the one that was kept under this key.

        Raises what `produce` raises, and `IdempotencyConflict`.
        """
        owner = secrets.token_hex(12)
        attempt = await identified(request, key, owner, self._seconds, self._shelf.sealer, self._turns)
        with explained():
            is_full = await self._counts.is_full(request.key_id)
            claimed = await self._claimed(attempt)
        if isinstance(claimed, Kept):
            request.access.replayed = True
            return await self._replayed(request, claimed)
        self._counts.add(request.key_id)
        request.access.usage_id = idempotency.own_row_id(attempt)
        is_kept = not is_full and not forbids_keeping(request)
        most = self._limits.answer_bytes if is_kept else 0
        running = RunningAttempt(request.access, attempt, self._shelf, most_bytes=most, seconds=self._seconds)
        self._running[attempt.digest] = running
        running.over.add_done_callback(partial(self._forget, running))
        return await self._answers.answer(request, partial(running.produce, produce), running)

    async def _replayed(self, request: Request[Body], kept: Kept) -> Answer:
        if kept.response_id is None:
            return kept.replay()
        stream = await self._background.stream(request, kept.response_id, -1)
        return replace(stream, headers=[*kept.headers, REPLAYED])

    async def _claimed(self, attempt: Attempt) -> Claimed | Kept:
        """The right to work on a request, or the answer that was kept; waits for an attempt that is under way."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.wait_seconds
        while True:
            running = self._running.get(attempt.digest)
            if running is None:
                outcome = await self._looked_up(attempt)
                if outcome is not None:
                    return outcome
            else:
                _require_same(running.attempt, attempt)
            if (left := until - loop.time()) <= 0:
                _refuse_to_wait()
            running = self._running.get(attempt.digest)
            if running is not None:
                await asyncio.wait([running.over], timeout=left)
            else:
                await self._elsewhere.wait(attempt.digest, left)

    async def _looked_up(self, attempt: Attempt) -> Claimed | Kept | None:
        """What the database has; None where an attempt is under way in another process, or it has changed just now."""
        lease = self._shelf.upkeep.lease_seconds
        found = await self._claiming(attempt, partial(idempotency.claim, attempt=attempt, lease=lease))
        if not isinstance(found, Found):
            return found
        _require_same(found.attempt, attempt)
        if found.answer is not None:
            kept = await opened(self._shelf.sealer, attempt, found.answer)
            if kept is None:
                log.warning("kept_answer_unreadable", effect="the request runs anew")
                await self._shelf.database.write(partial(idempotency.discard, digest=attempt.digest))
            return kept
        if not found.is_lost:
            return None
        entry = await self._shelf.upkeep.lost.entry(found.attempt)
        take_over = partial(idempotency.take_over, lost=found.attempt, attempt=attempt, entry=entry, lease=lease)
        taken = await self._claiming(attempt, take_over)
        assert not isinstance(taken, Found)
        return taken

    async def _claiming(
        self, attempt: Attempt, work: Callable[[Connection], Claimed | Found | None]
    ) -> Claimed | Found | None:
        """Run a claim. Where its client leaves meanwhile, what it has claimed is given up."""
        claiming = asyncio.ensure_future(self._shelf.database.write(work))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            self._work.start(self._undo(claiming, attempt))
            raise

    async def _undo(self, claiming: "asyncio.Future[Claimed | Found | None]", attempt: Attempt) -> None:
        await asyncio.wait([claiming])
        if claiming.exception() is None and isinstance(claiming.result(), Claimed):
            await self._shelf.upkeep.release(attempt, None)

    def _forget(self, running: RunningAttempt, _: "asyncio.Future[None]") -> None:
        if self._running.get(running.attempt.digest) is running:
            del self._running[running.attempt.digest]


def _require_same(found: Attempt, attempt: Attempt) -> None:
    """Raise `IdempotencyConflict` where a key stands for another request."""
    if found.fingerprint != attempt.fingerprint:
        message = f"This {NAME} was used for another request. Use another key, or send the same request again."
        raise IdempotencyConflict(message, "idempotency_key_reused")


def _refuse_to_wait() -> NoReturn:
    message = f"The first request with this {NAME} is still under way. Its answer can be had later, with the same key."
    raise IdempotencyConflict(message, "idempotency_key_in_use")
