"""What a surface is: pure functions between a client's wire format and the neutral types."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.errors import GatewayError
from gateway.events import Event
from gateway.generation import Generation

Seal = Callable[[Mapping[str, Any]], str]
"""Turns what only its author can use into a text that nobody else can read or change."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who answers: the provider, the model's name there, and how what is only theirs is sealed."""

    provider: str
    model: str
    seal: Seal


@dataclass(frozen=True, slots=True)
class Ended:
    """An answer that has come to its end and can be kept: the document, and the bytes that the client is to get."""

    document: dict[str, Any]
    body: bytes


class Writer(Protocol):
    """Writes one answer. `ended` is the answer, from its end on, where the surface has documents that can be kept."""

    ended: Ended | None

    def reply(self, events: Sequence[Event]) -> bytes:
        """A plain answer: the fold of its events."""

    def write(self, events: Sequence[Event]) -> bytes:
        """The server-sent events for a batch, whole, or nothing; without the last ones where `ended` is set."""

    def fail(self, error: GatewayError) -> None:
        """What is in `ended` could not be kept: the answer ends as a failure."""

    def end(self) -> bytes:
        """The last server-sent events, once `ended` has been kept."""


class Surface(Protocol):
    """One wire format that clients speak. `dialect` names the upstream dialect that is the same, if one is."""

    dialect: str | None

    def read(self, body: Any) -> Generation:
        """Read a body that the contract has let pass. Raises `InvalidRequest` for what only code can see."""

    def translate(self, generation: Generation, provider: str) -> None:
        """Fill in the neutral part, for an upstream that speaks another dialect.

        Raises `InvalidRequest`, naming the provider, for what only the surface's own dialect can say.
        """

    def writer(self, generation: Generation, author: Author) -> Writer:
        """A writer for one answer, plain or streamed."""
