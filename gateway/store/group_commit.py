"""Writes that wait together are committed together: one transaction, however many callers."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from gateway.store import turns
from gateway.store.checkpoints import Checkpoints
from gateway.store.database import Connection, Database
from gateway.store.errors import Contended, Unreachable
from gateway.store.responses import StoredResponse
from gateway.store.threads import Settled
from gateway.store.turns import Append
from gateway.store.writability import Writability

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Turn:
    """A response to be stored, and the items of its turn."""

    response: StoredResponse
    append: Append | None


Work = Callable[[Connection], Any] | Turn


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    work: Work
    outcome: "asyncio.Future[Any]"


class _Batch:
    """The jobs of one transaction. They are chosen when it has begun, so that it takes all that waits by then."""

    def __init__(self, waiting: deque[_Job], limit: int) -> None:
        self._waiting = waiting
        self._limit = limit
        self.jobs: list[_Job] = []

    def run(self, connection: Connection) -> list[Any]:
        """Do the work of every job, in order; return what each returned."""
        self.choose()
        outcomes: list[Any] = []
        for _, same in groupby((job.work for job in self.jobs), lambda work: isinstance(work, Turn)):
            works = list(same)  # of one kind
            stored = [(turn.response, turn.append) for turn in works if isinstance(turn, Turn)]
            outcomes += turns.store(connection, stored)
            outcomes += [work(connection) for work in works if not isinstance(work, Turn)]
        return outcomes

    def choose(self) -> None:
        """Take the jobs out of the queue."""
        # In SQLite's thread, while the event loop appends: both ends of a deque are safe for that.
        while self._waiting and len(self.jobs) < self._limit:
            self.jobs.append(self._waiting.popleft())


class GroupCommit:
    """Runs works in transactions that they share: what comes while one runs is the next one.

    A caller that is cancelled leaves its work to be done.
    """

    def __init__(self, database: Database, checkpoints: Checkpoints, writability: Writability) -> None:
        self._database = database
        self._writability = writability
        self._checkpoints = checkpoints
        self._waiting: deque[_Job] = deque()
        self._alone: deque[_Job] = deque()
        """Of a batch that failed: each again, in a transaction of its own."""
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    def submit(self, work: Work) -> "asyncio.Future[Any]":
        """The future result of `work`, set once it is committed. Its error is what `work` raised, or a `StoreError`."""
        job = _Job(work, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._is_idle.is_set():
            self._is_idle.clear()
            # Not at once: what else comes in this iteration of the event loop goes along.
            asyncio.get_running_loop().call_soon(self._hand_over)
        return job.outcome

    async def close(self) -> None:
        """Wait until everything that was submitted is committed, or has failed."""
        await self._is_idle.wait()

    def _hand_over(self) -> None:
        if self._alone:
            batch = _Batch(self._alone, 1)
        elif self._waiting:
            batch = _Batch(self._waiting, _BATCH)
        else:
            self._is_idle.set()
            return
        self._database.submit(batch.run, partial(self._settle, batch))

    def _settle(self, batch: _Batch, transaction: Settled[list[Any]]) -> None:
        failure = transaction.exception()
        if failure is None:
            for job, outcome in zip(batch.jobs, transaction.result(), strict=True):
                if not job.outcome.done():  # else its caller was cancelled
                    job.outcome.set_result(outcome)
            self._checkpoints.note(len(batch.jobs), sum(map(_size, batch.jobs)))
            self._writability.written_at = time.monotonic()
        else:
            self._settle_failed(batch, failure)
        self._hand_over()

    def _settle_failed(self, batch: _Batch, failure: BaseException) -> None:
        if not batch.jobs:  # the transaction never began
            batch.choose()
        failed = batch.jobs
        if isinstance(failure, Unreachable) and not isinstance(failure, Contended):
            # Those behind would wait as long again, and fail alike.
            self._writability.failed(failure, sum(map(_size, failed)))
            failed = [*failed, *self._alone, *self._waiting]
            self._alone.clear()
            self._waiting.clear()
        elif len(failed) > 1:
            self._alone.extend(failed)
            return
        for job in failed:
            if not job.outcome.done():
                job.outcome.set_exception(failure)


def _size(job: _Job) -> int:
    return job.work.response.size if isinstance(job.work, Turn) else 0
