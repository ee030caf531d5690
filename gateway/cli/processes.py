"""Running uvicorn: in this process for one worker, under its supervisor for several."""

import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from gateway.cli.connections import Connections, raise_file_limit
from gateway.cli.protocol import GatewayProtocol
from gateway.settings.bounds import ConnectionBounds

Announce = Callable[[], None]

_GRACEFUL_STOP_SECONDS = 30
# A worker answers pings as soon as its process has begun; one that has died never does.
_PING_SECONDS = 1


def run(listener: socket.socket, workers: int, bounds: ConnectionBounds, announce: Announce) -> None:
    """Serve on `listener` until told to stop; `announce` is called once, when requests are served.

    Raises `SystemExit`: 0 after SIGINT or SIGTERM, another code when the application cannot start.
    """
    raise_file_limit()
    connections = Connections(bounds)
    config = uvicorn.Config(
        "gateway.cli.worker:application",
        factory=True,
        workers=workers,
        # It travels to the workers before it counts anything, so each has its own.
        http=partial(GatewayProtocol, connections=connections),  # type: ignore[arg-type]  # anything that makes one
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACEFUL_STOP_SECONDS,
    )
    # uvicorn takes the signals over while it serves, and raises them again after a clean stop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    if workers == 1:
        _Server(config, announce).run(sockets=[listener])
    else:
        supervisor = _Supervisor(config, [listener], announce)
        supervisor.run()
        if supervisor.has_failed:
            sys.exit(STARTUP_FAILURE)


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


class _Server(uvicorn.Server):
    """uvicorn's server, saying when it is ready."""

    def __init__(self, config: uvicorn.Config, announce: Announce) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._announce()


class _Supervisor(Multiprocess):
    """uvicorn's supervisor, saying when every worker is ready."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], announce: Announce) -> None:
        super().__init__(config, sockets)
        self._announce = announce
        self._is_serving = False
        self.has_failed = False

    def keep_subprocess_alive(self) -> None:
        if self._is_serving:
            super().keep_subprocess_alive()
            self.has_failed = any(process.exitcode == STARTUP_FAILURE for process in self.processes)
        elif not self.should_exit.is_set():
            self._look_at_start()

    def _look_at_start(self) -> None:
        """Announce when every worker is ready; stop when one has ended, as the next would the same way."""
        if not all(process.process.is_alive() for process in self.processes):
            self.has_failed = True
            self.should_exit.set()
        elif all(process.is_ready(_PING_SECONDS) for process in self.processes):
            self._is_serving = True
            self._announce()
