"""What everything in the background shares: where its state is, what answers, and whose the leases are."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.accounting.ledger import Ledger
from gateway.background.changes import Changes
from gateway.background.patience import patiently
from gateway.background.settings import BackgroundOptions
from gateway.contract.in_flight import InFlight
from gateway.detached import DetachedWork
from gateway.engine import Engine
from gateway.memory.responses import Archive
from gateway.sealing import Sealer
from gateway.store.database import Database
from gateway.store.jobs import Lease

T = TypeVar("T")


def own_lease(seconds: float) -> Lease:
    """A lease of this process's: after so many seconds without a sign it counts as dead."""
    return Lease(secrets.token_hex(8), seconds)


@dataclass(frozen=True, slots=True)
class Context:
    """One a process. The lease is the process's own."""

    engine: Engine
    archive: Archive
    database: Database
    ledger: Ledger
    sealer: Sealer
    detached: DetachedWork
    options: BackgroundOptions
    in_flight: InFlight
    """What counts the bytes of requests that the process holds."""
    lease: Lease
    changes: Changes = field(default_factory=Changes)

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` returns, which is tried again while the database is away and the lease may run."""
        return await patiently(work, self.lease.seconds)
