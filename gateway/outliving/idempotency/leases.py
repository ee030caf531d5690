"""The upkeep of idempotency keys: leases are renewed, lost attempts accounted, what has expired is deleted."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

import structlog

from gateway.accounting.token_ratios import TokenRatios
from gateway.errors import GatewayError
from gateway.routing.router import Router
from gateway.store import idempotency
from gateway.store.batches import by_weight
from gateway.store.database import Database
from gateway.store.errors import StoreError
from gateway.store.idempotency import Attempt
from gateway.store.usage import LOST, Entry, UsageRow
from gateway.waits import is_set_within

_SIGNS = 4
"""Signs of life in the time of a lease."""
_SWEEP_SECONDS = 60.0
_BREATH_SECONDS = 0.1
_SWEEP_TURN_SECONDS = 3.0
"""After which lost attempts are looked for again, however much is left to be deleted."""
_LOST = 100
_EXPIRED = 200
_EXPIRED_BYTES = 4 * 1024 * 1024
"""Of the answers that are deleted in one transaction: some 20 ms, and others wait for it."""
_RENEWED = 500

log = structlog.get_logger(__name__)


class LostAttempts:
    """What the attempts of processes that were killed have used, which nobody has reported."""

    def __init__(self, router: Router, ratios: TokenRatios) -> None:
        self._router = router
        self._ratios = ratios

    async def entry(self, lost: Attempt) -> Entry:
        """The usage row of a lost attempt: an estimate for the first candidate of its model."""
        provider, model = None, lost.model
        if lost.model is not None:
            with suppress(GatewayError):
                route = (await self._router.steps(lost.model))[0].routes[0]
                provider, model = route.upstream.name, route.model
        row = UsageRow(
            request_id=lost.request_id,
            time=lost.created_at,
            key_id=lost.key_id,
            operation=lost.operation,
            provider=provider,
            model=model,
            prompt_tokens=self._ratios.prompt_tokens_of(provider or "", model or "", lost.prompt_bytes),
            completion_tokens=0,
            duration_ms=max(0.0, (time.time() - lost.created_at) * 1000),
            estimated=True,
            given_up=True,
            outcome=LOST,
            prompt_bytes=lost.prompt_bytes,
            id=idempotency.lost_row_id(lost),
        )
        return row.id, row, None


class Upkeep:
    """Runs in every process: for its own attempts, and for those of others that have died."""

    def __init__(self, database: Database, lost: LostAttempts, lease_seconds: float) -> None:
        self._database = database
        self.lost = lost
        self.lease_seconds = lease_seconds
        self._held: dict[str, Attempt] = {}
        """The attempts of this process, by their owners."""
        self._unreleased: dict[str, tuple[Attempt, Entry | None]] = {}
        """Those that are over and still in the database, which was away."""
        self._closing = asyncio.Event()
        self._running: Sequence[asyncio.Task[None]] = ()
        self._swept = time.monotonic()

    async def start(self) -> None:
        """Begin."""
        # Leases have a task of their own: whatever else takes long, they are renewed.
        self._running = [asyncio.create_task(self._repeat(turn)) for turn in (self._renew, self._tidy)]

    async def close(self) -> None:
        """Stop after what is under way. The attempts of this process are over by then."""
        self._closing.set()
        await asyncio.gather(*self._running)
        await self._release()

    def hold(self, attempt: Attempt) -> None:
        """Renew the lease of an attempt from now on."""
        self._held[str(attempt.owner)] = attempt

    def drop(self, attempt: Attempt) -> None:
        """An attempt is over, and nothing of it is in the database any more but its answer."""
        self._held.pop(str(attempt.owner), None)

    async def release(self, attempt: Attempt, entry: Entry | None) -> None:
        """Remove an attempt that has no answer to be kept. While the database is away, it is tried again later."""
        owner = str(attempt.owner)
        self._unreleased[owner] = attempt, entry
        try:
            await self._database.write(partial(idempotency.release, attempt=attempt, entry=entry))
        except StoreError as error:
            log.warning("idempotency_key_not_released", reason=str(error), effect="tried again")
            return
        del self._unreleased[owner]
        self.drop(attempt)

    async def look_for_lost(self) -> int:
        """Account and remove the attempts of processes that were killed. Returns their number. Raises `StoreError`."""
        removed = 0
        for lost in await self._database.read(partial(idempotency.lost_attempts, limit=_LOST)):
            if lost.owner in self._held:
                continue  # this process stood still, and has not renewed its leases yet
            entry = await self.lost.entry(lost)
            removed += await self._database.write(partial(idempotency.remove_lost, lost=lost, entry=entry))
        if removed:
            log.warning("attempts_lost", attempts=removed, reason="their process was killed", effect="usage estimated")
        return removed

    async def sweep(self) -> int:
        """Delete answers that have expired, a few at a time. Returns their number. Raises `StoreError`.

        It stops after some seconds; the next turn goes on.
        """
        total = 0
        until = time.monotonic() + _SWEEP_TURN_SECONDS
        # Found by reading, which holds nobody up; then deleted in short transactions, which look again.
        while expired := await self._database.read(partial(idempotency.expired, limit=_EXPIRED)):
            for digests in by_weight(expired, _EXPIRED_BYTES):
                total += await self._database.write(partial(idempotency.discard_expired, digests=digests))
                if await is_set_within(self._closing, _BREATH_SECONDS) or time.monotonic() > until:
                    return total
        self._swept = time.monotonic()
        return total

    async def _repeat(self, turn: Callable[[], Awaitable[None]]) -> None:
        is_failing = False
        # At random, so that workers that started together do not look together.
        while not await is_set_within(self._closing, self.lease_seconds / _SIGNS * random.uniform(0.8, 1.2)):
            try:
                await turn()
            except StoreError as error:
                if not is_failing:
                    log.warning("idempotency_keys_not_kept_up", reason=str(error), effect="tried again")
                is_failing = True
            except Exception:
                # Nobody else would see it, and leases would run out while their requests are worked on.
                log.exception("unhandled_error", operation="upkeep of idempotency keys")
            else:
                is_failing = False

    async def _tidy(self) -> None:
        await self._release()
        await self.look_for_lost()
        if time.monotonic() - self._swept > _SWEEP_SECONDS:
            await self.sweep()

    async def _renew(self) -> None:
        held = [*self._held.values()]
        for start in range(0, len(held), _RENEWED):
            renew = partial(idempotency.renew, attempts=held[start : start + _RENEWED], lease=self.lease_seconds)
            await self._database.write(renew)

    async def _release(self) -> None:
        for attempt, entry in [*self._unreleased.values()]:
            await self.release(attempt, entry)
