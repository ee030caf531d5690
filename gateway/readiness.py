"""Whether this process can serve requests, as a load balancer asks."""

import asyncio
from typing import Protocol

from gateway.errors import Unavailable

_PROBE_SECONDS = 0.7
"""A probe that gives up after a second, as Kubernetes' do, is to see the answer."""


class Checked(Protocol):
    """What requests cannot be served without."""

    async def check(self) -> None:
        """Raise `Unavailable` while it is not there."""


class Readiness:
    """One a process. The server sets `is_stopping` before it closes its port."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._probe: asyncio.Task[None] | None = None

    async def check(self, state: Checked) -> None:
        """Raise `Unavailable` while requests cannot be served, within a second.

        One probe of the database at a time: those that it does not answer would take its connections from requests.
        """
        if self.is_stopping:
            raise Unavailable("The gateway is stopping.")
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(state.check())
            self._probe.add_done_callback(_see)
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await asyncio.shield(self._probe)
        except TimeoutError:
            raise Unavailable("The gateway's database does not answer in time.") from None


def _see(probe: asyncio.Task[None]) -> None:
    # Nobody may be waiting for it any more.
    if not probe.cancelled():
        probe.exception()
