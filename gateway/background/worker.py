"""Works on queued responses, and takes over those whose process died. Every process runs one."""

import time
from functools import partial
from typing import Protocol

import structlog

from gateway.background.attempt import Attempt
from gateway.background.context import Context
from gateway.background.recovery import Recovery
from gateway.background.requests import LaterRequest, unsealed
from gateway.background.rounds import Rounds
from gateway.store import jobs, notices
from gateway.store.errors import StoreError
from gateway.store.jobs import Job
from gateway.store.notices import Listener

_LOOK_SECONDS = 1.0
"""Between two looks for work that other processes have queued, or left."""
_POLL_SECONDS = 0.25
"""Between two looks whether responses under way were cancelled, where nothing announces it."""
_CLEAN_SECONDS = 10.0
_BATCH = 50

log = structlog.get_logger(__name__)


class Work(Protocol):
    """What is under way for one response."""

    def lose(self) -> None:
        """Stop it: the response is no longer this process's."""


class Worker:
    """One a process. Signs of life, work and cleaning are rounds of their own: none waits for another."""

    def __init__(self, context: Context, recovery: Recovery) -> None:
        self._context = context
        self._recovery = recovery
        self._attempts: dict[str, Work] = {}
        self._listener = Listener(context.database.location, self._take_notice)
        self._renewed = 0.0
        self._renew_seconds = context.lease.seconds / 3
        self._signs = Rounds(self._give_sign, self._until_the_next_sign)
        self._looks = Rounds(self._look, lambda: _LOOK_SECONDS)
        # A queued response that may wait for a short time only is not kept for ten seconds more.
        seconds = min(_CLEAN_SECONDS, max(_LOOK_SECONDS, context.options.queued_seconds / 4))
        self._cleanings = Rounds(recovery.clean, lambda: seconds)

    async def start(self) -> None:
        """Work from now on."""
        await self._listener.start()
        for rounds in (self._signs, self._looks, self._cleanings):
            rounds.start()

    async def close(self) -> None:
        """Begin nothing more. What is under way was finished or cut before."""
        await self._looks.close()
        await self._context.detached.wait()
        await self._cleanings.close()
        await self._signs.close()
        await self._listener.close()

    def wake(self) -> None:
        """Look for work now."""
        self._looks.wake()

    def adopt(self, response_id: str, work: Work) -> None:
        """Count a response among those that this process works on, which was not claimed."""
        self._attempts[response_id] = work
        self._signs.wake()

    def forget(self, response_id: str, work: Work) -> None:
        """The work on a response has ended."""
        if self._attempts.get(response_id) is work:
            del self._attempts[response_id]

    def lose(self, response_id: str) -> bool:
        """A response was cancelled: stop the work on it. Returns whether it was done here."""
        attempt = self._attempts.get(response_id)
        if attempt is not None:
            attempt.lose()
        return attempt is not None

    def is_announced(self, response_id: str) -> bool:
        """Whether this process learns of a response's changes without looking."""
        return self._listener.is_connected or response_id in self._attempts

    def is_left(self, response_id: str) -> bool:
        """Whether this process stops, and does not work on the response: it will not end here."""
        return self._context.detached.is_closing and response_id not in self._attempts

    def _take_notice(self, kind: str, response_id: str) -> None:
        match kind:
            case notices.QUEUE:
                self.wake()
            case notices.CANCELLED:
                self.lose(response_id)
                self._context.changes.announce(response_id)
            case _:
                self._context.changes.announce(response_id)

    def _until_the_next_sign(self) -> float:
        if not self._attempts:
            return self._renew_seconds
        return min(self._renew_seconds, _LOOK_SECONDS if self._listener.is_connected else _POLL_SECONDS)

    async def _give_sign(self) -> None:
        """Renew the leases of what is under way, and stop what other processes have cancelled or taken over."""
        if not self._attempts:
            return
        if (now := time.monotonic()) - self._renewed >= self._renew_seconds:
            renew = partial(jobs.renew, lease=self._context.lease, ids=[*self._attempts])
            await self._context.archive.journal.write(renew)
            self._renewed = now
        before = [*self._attempts.items()]
        held = await self._context.database.read(partial(jobs.held, owner=self._context.lease.owner))
        for response_id, attempt in before:
            if response_id not in held:
                attempt.lose()

    async def _look(self) -> None:
        if self._context.detached.is_closing:
            return
        has_queued, has_left = await self._context.database.read(jobs.waiting)
        if has_left:
            await self._take_over()
        if has_queued:
            await self._claim()

    async def _take_over(self) -> None:
        take = partial(jobs.take_over, lease=self._context.lease, most=_BATCH)
        for job in await self._context.archive.journal.write(take):
            # Its own, where a clock was set or the machine slept: that has renewed the lease.
            if job.response_id not in self._attempts:
                await self._recover(job)

    async def _recover(self, job: Job) -> None:
        try:
            await self._recovery.recover(job, await unsealed(self._context.sealer, job))
        except StoreError as error:
            # The others must not wait for it. Its lease runs out again.
            log.warning("background_response_not_recovered", response=job.response_id, reason=str(error))

    async def _claim(self) -> None:
        room, in_flight = self._context.options.running - len(self._attempts), self._context.in_flight
        if room <= 0 or in_flight.held >= in_flight.most:
            return
        lease, most_bytes = self._context.lease, in_flight.most - in_flight.held
        claim = partial(jobs.claim, lease=lease, most=min(room, _BATCH), most_bytes=most_bytes)
        claimed = await self._context.archive.journal.write(claim)
        for job in claimed:
            request = await unsealed(self._context.sealer, job)
            if self._context.detached.is_closing:
                release = partial(jobs.release, response_id=job.response_id, owner=lease.owner)
                await self._context.archive.journal.write(release)
            elif request is None:
                await self._recovery.give_up(job)
            elif not await self._recovery.is_refused(job):
                self._begin(job, request)
        if claimed:
            self.wake()

    def _begin(self, job: Job, request: LaterRequest) -> None:
        self._attempts[job.response_id] = attempt = Attempt(self._context, job, request)
        self._signs.wake()
        self._context.detached.start(self._run(job.response_id, attempt, len(job.request or b"")))

    async def _run(self, response_id: str, attempt: Attempt, request_bytes: int) -> None:
        self._context.in_flight.held += request_bytes
        try:
            await attempt.run()
        except StoreError as error:
            log.warning("background_response_left", response=response_id, reason=str(error))
        finally:
            self._context.in_flight.release(request_bytes)
            self.forget(response_id, attempt)
            self._context.changes.announce(response_id)
            self.wake()
