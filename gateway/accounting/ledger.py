"""Where accounts are kept: the journal, and what helps where a provider does not report what was used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.accounting.late_usage import LateUsage
from gateway.accounting.token_ratios import TokenRatios
from gateway.neutral.values import value
from gateway.store.database import Database
from gateway.store.journal import Journal


@value
class Ledger:
    """The journal that takes rows, the ratios to estimate by, and what reads usage on when a client has left."""

    journal: Journal
    ratios: TokenRatios
    late: LateUsage


@asynccontextmanager
async def open_ledger(database: Database, folder: Path) -> AsyncIterator[Ledger]:
    """A ledger that is open. At its end streams are cut first, then rows are written, then ratios. Raises `StoreError`.

    `folder` is where rows outlive a stop while the database is away.
    """
    ratios = TokenRatios(database)
    await ratios.start()
    try:
        journal = Journal(database, folder, written=ratios.learn)
        await journal.start()
        late = LateUsage()
        try:
            yield Ledger(journal, ratios, late)
        finally:
            await late.close()
            await journal.close()
    finally:
        await ratios.close()
