"""The transport: what the gateway knows of calling an upstream, whichever HTTP client does it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import UpstreamDown

MAX_BODY_BYTES = 64 * 1024 * 1024
"""The most that is read of an answer that is needed whole."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for a connection, the first byte, between two pieces of an answer, and for the whole of it.

    The first byte is that of a plain answer's head, and of a streamed answer's first chunk; None: as `idle`.
    """

    connect: float = 10.0
    first_byte: float | None = None
    idle: float = 300.0
    total: float = 600.0


DEFAULT_TIMEOUTS = Timeouts()


class FixedHeaders(dict[str, str]):
    """Headers that many calls share. Nobody changes them: a transport may write them once for all of those calls."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self.written: dict[str, bytes] = {}
        """The beginnings of the heads in which they have been written, by the URL of a call."""


@dataclass(slots=True)
class Call:
    """One HTTP request. `provider` names the upstream in errors; its address never appears in them."""

    provider: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(slots=True)
class Answer:
    """An upstream's whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Stream:
    """An upstream's answer as it comes. Leaving its context before the end closes the connection."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]
    is_over: Callable[[], bool] = lambda: False
    """Whether all of it has been taken, where that can be told without waiting."""
    is_resumable: bool = True
    """Whether a read of the chunks that was cancelled can be taken up again. A generator's cannot."""

    async def read(self, provider: str) -> bytes:
        """The rest of the answer. Raises `UpstreamDown` over `MAX_BODY_BYTES`."""
        pieces: list[bytes] = []
        size = 0
        async for chunk in self.chunks:
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise UpstreamDown(f"{provider} sent an answer without end.", code="upstream_bad_reply")
            pieces.append(chunk)
        return b"".join(pieces)


class Transport(Protocol):
    """Calls upstreams. Both methods raise `UpstreamDown` when there is no answer or it breaks off."""

    async def send(self, call: Call) -> Answer:
        """Send, and read the whole answer."""

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        """Send, and read the answer as it comes."""
