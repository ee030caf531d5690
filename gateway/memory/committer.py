"""Writes that wait together are committed together: one transaction, however many callers."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

from gateway.store import turns
from gateway.store.database import Connection, Database
from gateway.store.errors import Contended, StoreError, Unreachable
from gateway.store.responses import StoredResponse
from gateway.store.turns import Append as Append
from gateway.store.turns import Appended

T = TypeVar("T")

_BATCH = 64
_AWAY_SECONDS = 1.0
_LOG_BYTES = 4_000_000
"""As much may have been written before SQLite's log is emptied."""

_ROW_BYTES = 12_000
"""What a row adds to the log besides its contents: pages of the table and its indexes."""


@dataclass(frozen=True, slots=True)
class _Turn:
    response: StoredResponse
    append: Append | None


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    work: Callable[[Connection], Any] | _Turn
    outcome: "asyncio.Future[Any]"


class Committer:
    """Writes in batches: what comes while one transaction runs is the next one.

    Whoever comes first does not wait for others. When `write` or `add` returns, the work is committed. A caller that is
    cancelled leaves its work to be done.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Job] = []
        self._running: asyncio.Task[None] | None = None
        self._logged = 0
        self._away_until = 0.0
        self._emptying: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that it may share with others, and return what it returns.

        It may run twice, the first time in vain, if another's work in the same transaction failed. Raises what `work`
        raised, and `StoreError`.
        """
        outcome: T = await self._submit(work)
        return outcome

    async def add(self, response: StoredResponse, append: Append | None = None) -> Appended:
        """Store a response, and with it the items of its turn at the end of a conversation. Raises `StoreError`.

        Returns the items as they were stored, None if the conversation was gone: the response is stored even so.
        """
        outcome: Appended = await self._submit(_Turn(response, append))
        return outcome

    def raise_if_away(self) -> None:
        """Raise `Unreachable` for a moment after the database was found to be away: before anything is paid for."""
        if time.monotonic() < self._away_until:
            raise Unreachable("the database was away a moment ago")

    async def close(self) -> None:
        """Wait until everything is committed that was handed over."""
        while running := self._running or self._emptying:
            await asyncio.wait([running])

    def _submit(self, work: "Callable[[Connection], Any] | _Turn") -> "asyncio.Future[Any]":
        job = _Job(work, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._running is None:
            self._running = asyncio.create_task(self._drain())
        return job.outcome

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                await self._commit(batch)
                self._logged += sum(map(_log_bytes, batch))
                if self._logged > _LOG_BYTES and self._emptying is None:
                    self._logged = 0
                    self._emptying = asyncio.create_task(self._empty_log())
        finally:
            self._running = None

    async def _empty_log(self) -> None:
        # Left to itself, SQLite would do it within a commit, and who waits for that waits 10 ms.
        try:
            with suppress(StoreError):  # the log grows; the next time comes soon
                await self._database.checkpoint()
        finally:
            self._emptying = None

    async def _commit(self, batch: Sequence[_Job]) -> None:
        # Waited for, not awaited: a work may raise anything, and whatever it is belongs to its caller.
        transaction = asyncio.ensure_future(self._database.write(partial(_run, jobs=batch)))
        await asyncio.wait([transaction])
        failure = transaction.exception()
        is_away = isinstance(failure, Unreachable) and not isinstance(failure, Contended)
        if failure is not None and len(batch) > 1 and not is_away:
            for job in batch:
                await self._commit([job])
            return
        if is_away:
            # Whoever waits behind would wait as long again, and be told the same.
            self._away_until = time.monotonic() + _AWAY_SECONDS
            batch, self._waiting = [*batch, *self._waiting], []
        for number, job in enumerate(batch):
            if job.outcome.done():  # its caller was cancelled
                continue
            if failure is None:
                job.outcome.set_result(transaction.result()[number])
            else:
                job.outcome.set_exception(failure)


def _log_bytes(job: _Job) -> int:
    return _ROW_BYTES + (job.work.response.size if isinstance(job.work, _Turn) else 0)


def _run(connection: Connection, jobs: Sequence[_Job]) -> list[Any]:
    outcomes: list[Any] = []
    for _, run in groupby((job.work for job in jobs), lambda work: isinstance(work, _Turn)):
        works = list(run)  # of one kind
        outcomes += turns.store(connection, [(turn.response, turn.append) for turn in works if isinstance(turn, _Turn)])
        outcomes += [work(connection) for work in works if not isinstance(work, _Turn)]
    return outcomes
