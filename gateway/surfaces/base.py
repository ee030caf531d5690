"""What a surface is: pure functions between a client's wire format and the neutral types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from gateway.errors import GatewayError
from gateway.neutral.brief import BriefReply, BriefRequest
from gateway.neutral.events import Event
from gateway.neutral.generation import Generation
from gateway.neutral.seals import OpenSeal, Seal
from gateway.neutral.values import value

if TYPE_CHECKING:
    from generated import models

Body = TypeVar("Body", contravariant=True)


@value
class Author:
    """Who answers: the provider, the model's name there, and how what is only theirs is sealed."""

    provider: str
    model: str
    seal: Seal


@value
class Ended:
    """An answer that has come to its end and can be kept: the document, and the bytes that the client is to get."""

    document: models.Response
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


class BriefSurface(Protocol[Body]):
    """What a surface has for the short path."""

    def plain_model(self, body: Body) -> str | None:
        """The model that is asked for a plain answer; None for a stream."""

    def read(self, body: Body) -> BriefRequest | None:
        """A request in which nothing is unusual; None for any other."""

    def write(self, generation: Generation | None, reply: BriefReply, provider: str) -> Ended | bytes:
        """The answer to such a request, as the other path has it."""


class Surface(Protocol[Body]):
    """One wire format that clients speak. `dialect` names the upstream dialect that is the same, if one is."""

    dialect: str | None

    @property
    def brief(self) -> BriefSurface[Body] | None:
        """What it has for the short path."""

    def read(self, body: Body) -> Generation:
        """Read a body that the contract has let pass. Raises `InvalidRequest` for what only code can see."""

    def restore(self, generation: Generation, open_seal: OpenSeal) -> Generation:
        """The request for an upstream of the same dialect: reasoning that was sealed as its author made it.

        What is not for this author is taken out.
        """

    def writer(self, generation: Generation, author: Author) -> Writer:
        """A writer for one answer, plain or streamed."""
