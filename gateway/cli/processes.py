"""How a process runs uvicorn: its configuration, and a server that leaves no connection unanswered when it stops."""

import asyncio
import select
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.importer import import_from_string

Announce = Callable[[], None]

_GRACEFUL_STOP_SECONDS = 30
# Each turn accepts what is queued; under load some more has come by then, and the next turn may be the last.
_TURNS_TO_EMPTY_A_QUEUE = 100


class Config(uvicorn.Config):
    """uvicorn's configuration. The application and the protocol are made in the process that serves, and only there."""

    def __init__(self, workers: int = 1) -> None:
        super().__init__(
            "gateway.cli.worker:build",
            workers=workers,
            ws="none",
            lifespan="on",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACEFUL_STOP_SECONDS,
        )
        self.on_stopped: Callable[[], object] = _nothing
        """What is called when the last request has been answered."""

    def load_app(self) -> Any:
        built = import_from_string(self.app)()
        self.http_protocol_class = built.protocol
        if built.access_log is not None:
            self.on_stopped = built.access_log.close
        return built.application


class Server(uvicorn.Server):
    """uvicorn's server. It reports when it serves, and accepts what is queued before it stops."""

    def __init__(self, config: uvicorn.Config, announce: Announce | None = None) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and self._announce is not None:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # To close a listening socket is to reset the connections in its queue.
        for _ in range(_TURNS_TO_EMPTY_A_QUEUE):
            if not sockets or not select.select(sockets, [], [], 0)[0]:
                break
            await asyncio.sleep(0)
        await super().shutdown(sockets=sockets)
        if isinstance(self.config, Config):
            self.config.on_stopped()


def _nothing() -> None:
    """There is nothing left to do."""


def run_alone(listener: socket.socket, announce: Announce) -> None:
    """Serve in this process until it is told to stop; `announce` is called once requests are served.

    Raises `SystemExit`: 0 after SIGINT or SIGTERM, another code when the application cannot start.
    """
    # uvicorn takes the signals over while it serves, and raises them again after a clean stop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    Server(Config(), announce).run(sockets=[listener])


def stop(number: int, frame: FrameType | None) -> None:
    """Handle a signal to stop."""
    sys.exit(0)
