"""The server's protocol over a transport that notes what is written, without a socket."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from gateway.access_log import AccessLog
from gateway.cli.connections import Connections
from gateway.cli.protocol import GatewayProtocol
from gateway.settings.bounds import ConnectionBounds

App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Wire(asyncio.Transport):
    """Notes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.is_closed = False
        self.reads = True

    def write(self, data: Any) -> None:
        # The id of a request is another one each time.
        self.writes.append(re.sub(rb"x-request-id: req_[0-9a-f]{24}\r\n", b"", bytes(data)))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.is_closed = True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


class Client:
    """A connection to an application."""

    def __init__(self, app: App, access_log: AccessLog | None = None) -> None:
        config = uvicorn.Config(app, ws="none", lifespan="off", interface="asgi3", log_config=None)
        config.load()
        loop = asyncio.get_running_loop()
        self.state = ServerState()
        self.connections = Connections(ConnectionBounds())
        self.protocol = GatewayProtocol(
            config, self.state, {}, loop, connections=self.connections, access_log=access_log
        )
        self.wire = Wire()
        self.protocol.connection_made(self.wire)

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.protocol.data_received(piece)
            await turns()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})
