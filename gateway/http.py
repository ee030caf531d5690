"""The request that a handler is given, and the reply that it returns."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from gateway.access_log import Access
from gateway.auth import Principal
from gateway.errors import GatewayError, Header
from gateway.neutral.json import Json

Body = TypeVar("Body")

JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
EVENT_STREAM: list[Header] = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # nginx holds the events of a stream back otherwise, until its buffer is full.
    (b"x-accel-buffering", b"no"),
]


class ServerConnection(Protocol):
    """The server's end of the connection that a request came on."""

    @property
    def is_cut(self) -> bool:
        """Whether the server has cancelled the request, because it stops."""


class BodyHold(Protocol):
    """What counts the bytes of a request's body as in flight until its answer has ended."""

    def take_over(self) -> Callable[[], None]:
        """Have them counted until the function that this returns is called."""


MANY = 500
"""Messages, items and the like; translating so many takes 5 to 20 ms."""


@dataclass(slots=True)
class Request(Generic[Body]):
    """A request that kept the contract. `body` has been validated and *is* its type in `generated.models`."""

    access: Access
    """Its entry in the access log."""
    operation: str
    key_id: str
    """The key that the request came with; empty for an operation that the contract does not secure."""
    body: Body
    path: Mapping[str, str]
    query: Mapping[str, Json]
    is_large: bool = False
    """Whether it takes long to translate the body, which is then done beside the loop."""

    connection: ServerConnection | None = None
    """None under a server that is not ours."""
    headers: Mapping[bytes, bytes] = field(default_factory=dict)
    """By their names in lower case."""
    principal: Principal | None = None
    hold: BodyHold | None = None
    may_outlive: bool = False
    """Whether its answer may have to be made to its end though its client leaves."""

    @property
    def id(self) -> str:
        """The id by which it is found again, in logs and in the usage table."""
        return self.access.request_id


@dataclass(slots=True)
class Reply:
    """A whole answer, sent at once: JSON, with these headers beside its own."""

    body: bytes
    status: int = 200
    headers: list[Header] = field(default_factory=list)


@dataclass(slots=True)
class StreamReply:
    """Server-sent events, each chunk whole events; what arrived together is one chunk."""

    chunks: AsyncGenerator[bytes, None]
    headers: list[Header] = field(default_factory=list)
    response_id: str | None = None
    """Of the response in the background whose events these are: it goes on without this process."""


def error_reply(error: GatewayError) -> Reply:
    """The one envelope, with the error's status and headers."""
    return Reply(error.body(), error.status, list(error.headers))
