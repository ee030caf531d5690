"""What a scripted upstream remembers of its requests."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request


@dataclass
class Memory:
    """A server's memory. Tests read `requests` and `went`."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    """What was received: `path`, `headers` and `body`."""
    went: threading.Event = field(default_factory=threading.Event)
    """Set when whoever asked a stalling model has gone."""

    @property
    def last(self) -> dict[str, Any]:
        """The body of the last request."""
        body: dict[str, Any] = self.requests[-1]["body"]
        return body

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.requests.clear()
        self.went.clear()

    async def stall(self, request: Request) -> None:
        """Say nothing until the other end has gone."""
        try:
            # The connection alone knows when that is.
            while not await request.is_disconnected():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        finally:
            # A stream is cancelled by then.
            self.went.set()
