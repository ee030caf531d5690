"""An HTTP server whose every byte a test decides, on the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any


@dataclass
class Visit:
    """One connection to the server. `number` counts them from 1; `is_over` is set when the test has ended."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_over: asyncio.Event

    async def request(self) -> bytes:
        """The next request: its head, and as much of a body as that announces. Empty where the client has closed."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
            return head + await self.reader.readexactly(length)
        return b""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def is_left(self) -> None:
        """Wait until the client has closed the connection."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


Script = Callable[[Visit], Awaitable[None]]


@dataclass
class RawServer:
    """Runs a script for each connection, and then closes that."""

    script: Script
    port: int = 0
    visits: list[Visit] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _is_over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def secure_url(self) -> str:
        return self.url.replace("http:", "https:")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.append(task)
        visit = Visit(len(self.visits) + 1, reader, writer, self._is_over)
        self.visits.append(visit)
        with suppress(ConnectionError):
            await self.script(visit)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def end(self) -> None:
        self._is_over.set()
        for visit in self.visits:
            visit.writer.close()
        await asyncio.gather(*self._tasks)


@asynccontextmanager
async def raw_server(
    script: Script, *, host: str = "127.0.0.1", tls: SSLContext | None = None, socket: Path | None = None
) -> AsyncIterator[RawServer]:
    """A running server, on a free port or on a Unix socket."""
    raw = RawServer(script)
    listening: Any
    if socket is not None:
        listening = await asyncio.start_unix_server(raw.serve, socket)
    else:
        listening = await asyncio.start_server(raw.serve, host, 0, ssl=tls)
        raw.port = listening.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        listening.close()
        await raw.end()
        await listening.wait_closed()


def response(body: bytes = b"", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A response with its length."""
    lines = [b"HTTP/1.1 " + status, b"content-length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*pieces: bytes) -> bytes:
    """A response in chunks."""
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
