"""Works on queued responses, and takes over those whose process died. Every process runs one."""

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import Protocol

import structlog

from gateway.background.attempt import Attempt
from gateway.background.context import LEASE_SECONDS, Context
from gateway.background.recovery import Recovery
from gateway.background.requests import LaterRequest, unsealed
from gateway.store import jobs, notices
from gateway.store.errors import StoreError
from gateway.store.jobs import Job
from gateway.store.notices import Listener

_RENEW_SECONDS = LEASE_SECONDS / 3
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
    """One a process."""

    def __init__(self, context: Context, recovery: Recovery) -> None:
        self._context = context
        self._recovery = recovery
        self._attempts: dict[str, Work] = {}
        self._listener = Listener(context.database.location, self._take_notice)
        self._closing, self._woken = asyncio.Event(), asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._renewed = self._cleaned = self._looked = 0.0
        self._is_failing = False

    async def start(self) -> None:
        """Work from now on."""
        await self._listener.start()
        self._working = asyncio.create_task(self._work_forever())

    async def close(self) -> None:
        """Begin nothing more. What is under way was finished or cut before."""
        self._closing.set()
        self._woken.set()
        if self._working is not None:
            await self._working
        await self._context.detached.wait()
        await self._listener.close()

    def wake(self) -> None:
        """Look for work now."""
        self._looked = 0.0
        self._woken.set()

    def adopt(self, response_id: str, work: Work) -> None:
        """Count a response among those that this process works on, which was not claimed."""
        self._attempts[response_id] = work
        self._woken.set()

    def forget(self, response_id: str) -> None:
        """The work on a response that was adopted has ended."""
        self._attempts.pop(response_id, None)

    def lose(self, response_id: str) -> bool:
        """A response was cancelled: stop the work on it. Returns whether it was done here."""
        attempt = self._attempts.get(response_id)
        if attempt is not None:
            attempt.lose()
        return attempt is not None

    def is_announced(self, response_id: str) -> bool:
        """Whether this process learns of a response's changes without looking."""
        return self._listener.is_connected or response_id in self._attempts

    def _take_notice(self, kind: str, response_id: str) -> None:
        match kind:
            case notices.QUEUE:
                self.wake()
            case notices.CANCELLED:
                self.lose(response_id)
                self._context.changes.announce(response_id)
            case _:
                self._context.changes.announce(response_id)

    async def _work_forever(self) -> None:
        while not self._closing.is_set():
            try:
                await self._round()
            except StoreError as error:
                if not self._is_failing:
                    log.warning("background_work_interrupted", reason=str(error), effect="tried again")
                self._is_failing = True
            else:
                self._is_failing = False
            pause = _POLL_SECONDS if self._attempts and not self._listener.is_connected else _LOOK_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            self._woken.clear()

    async def _round(self) -> None:
        now = time.monotonic()
        if self._attempts:
            if now - self._renewed >= _RENEW_SECONDS:
                await self._context.archive.journal.write(
                    partial(jobs.renew, lease=self._context.lease, ids=[*self._attempts])
                )
                self._renewed = now
            await self._give_up_lost()
        if now - self._looked >= _LOOK_SECONDS and not self._context.detached.is_closing:
            self._looked = now
            await self._look()
        if now - self._cleaned >= _CLEAN_SECONDS:
            self._cleaned = now
            await self._recovery.clean()

    async def _give_up_lost(self) -> None:
        """Stop the work on what other processes have cancelled, deleted or taken over."""
        before = [*self._attempts.items()]
        held = await self._context.database.read(partial(jobs.held, owner=self._context.lease.owner))
        for response_id, attempt in before:
            if response_id not in held:
                attempt.lose()

    async def _look(self) -> None:
        room = self._context.options.running - len(self._attempts)
        has_queued, has_left = await self._context.database.read(jobs.waiting)
        lease, write = self._context.lease, self._context.archive.journal.write
        if has_left:
            for job in await write(partial(jobs.take_over, lease=lease, most=_BATCH)):
                request = await unsealed(self._context.sealer, job)
                if await self._recovery.is_to_run_again(job, request):
                    assert request is not None
                    self._begin(job._replace(attempts=job.attempts + 1, run=job.run + 1), request)
        in_flight = self._context.in_flight
        if has_queued and room > 0 and in_flight.held < in_flight.most:
            claim = partial(jobs.claim, lease=lease, most=min(room, _BATCH), most_bytes=in_flight.most - in_flight.held)
            claimed = await write(claim)
            for job in claimed:
                request = await unsealed(self._context.sealer, job)
                if request is None:
                    await self._recovery.give_up(job)
                else:
                    self._begin(job, request)
            if claimed:
                self.wake()

    def _begin(self, job: Job, request: LaterRequest) -> None:
        self._attempts[job.response_id] = attempt = Attempt(self._context, job, request)
        self._context.detached.start(self._run(job.response_id, attempt, len(job.request or b"")))

    async def _run(self, response_id: str, attempt: Attempt, request_bytes: int) -> None:
        self._context.in_flight.held += request_bytes
        try:
            await attempt.run()
        except StoreError as error:
            log.warning("background_response_left", response=response_id, reason=str(error))
        finally:
            self._context.in_flight.release(request_bytes)
            del self._attempts[response_id]
            self._context.changes.announce(response_id)
            self._woken.set()
