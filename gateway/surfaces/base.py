"""What a surface is: pure functions between a client's wire format and the neutral types."""

from collections.abc import Sequence
from typing import Any, Protocol

from gateway.events import Event
from gateway.generation import Generation


class Writer(Protocol):
    """Writes one streamed answer."""

    def write(self, events: Sequence[Event]) -> bytes:
        """The server-sent events for a batch, whole, or nothing."""


class Surface(Protocol):
    """One wire format that clients speak. `dialect` names the upstream dialect that is the same, if one is."""

    dialect: str | None

    def read(self, body: Any) -> Generation:
        """Read a body that the contract has let pass. Raises `InvalidRequest` for what only code can see."""

    def reply(self, generation: Generation, events: Sequence[Event]) -> bytes:
        """Write a plain answer: the fold of its events."""

    def writer(self, generation: Generation) -> Writer:
        """A writer for a streamed answer."""
