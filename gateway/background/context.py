"""What everything in the background shares: where its state is, what answers, and whose the leases are."""

import secrets
from dataclasses import dataclass, field

from gateway.accounting.ledger import Ledger
from gateway.background.changes import Changes
from gateway.background.settings import BackgroundOptions
from gateway.contract.in_flight import InFlight
from gateway.detached import DetachedWork
from gateway.engine import Engine
from gateway.memory.responses import Archive
from gateway.sealing import Sealer
from gateway.store.database import Database
from gateway.store.jobs import Lease

LEASE_SECONDS = 15.0
"""After which a process that gave no sign counts as dead."""


def _lease() -> Lease:
    return Lease(secrets.token_hex(8), LEASE_SECONDS)


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
    changes: Changes = field(default_factory=Changes)
    lease: Lease = field(default_factory=_lease)
