"""The request that a handler is given, and the reply that it returns."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from gateway.auth import Principal
from gateway.errors import GatewayError, Header

Body = TypeVar("Body")

JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
EVENT_STREAM: list[Header] = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
]


@dataclass(slots=True)
class Request(Generic[Body]):
    """A request that kept the contract. `body` has been validated and *is* its type in `generated.models`."""

    id: str
    operation: str
    principal: Principal | None
    body: Body
    path: dict[str, Any]
    query: dict[str, Any]

    @property
    def key(self) -> Principal:
        """The key that the request came with. Only for operations that the contract secures."""
        if self.principal is None:
            raise RuntimeError(f"{self.operation} is not secured by the contract")
        return self.principal


@dataclass(slots=True)
class Reply:
    """A whole answer, sent at once."""

    body: bytes
    status: int = 200
    headers: list[Header] = field(default_factory=list)


@dataclass(slots=True)
class StreamReply:
    """Server-sent events, each chunk whole events; what arrived together is one chunk."""

    chunks: AsyncGenerator[bytes, None]
    headers: list[Header] = field(default_factory=list)


def error_reply(error: GatewayError) -> Reply:
    """The one envelope, with the error's status and headers."""
    return Reply(error.body(), error.status, list(error.headers))
