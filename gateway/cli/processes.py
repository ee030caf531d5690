"""How a process runs uvicorn: its configuration, and a server that leaves no connection unanswered when it stops."""

from __future__ import annotations

import asyncio
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import uvicorn
from uvicorn.importer import import_from_string

from gateway.cli.stopping import CLOSE_SECONDS, CUT_SECONDS, EXIT_SECONDS, LOOK_SECONDS, SIGNALS, Stop, first_order

if TYPE_CHECKING:
    # The supervisor, which imports this module, is to load nothing of the application's.
    from gateway.cli.worker import Built

Announce = Callable[[], None]

# Each turn accepts what is queued; under load some more has come by then, and the next turn may be the last.
_TURNS_TO_EMPTY_A_QUEUE = 100

log = logging.getLogger("gateway.server")


@runtime_checkable
class Stoppable(Protocol):
    """What a stop needs of a client's connection. Its class is the application's, and not loaded here."""

    def shutdown(self) -> None:
        """Close when the answer under way is complete."""

    def cut(self) -> bool:
        """End at once. Returns whether there was an answer under way."""

    def close(self) -> None:
        """Close, whatever is still to be written."""


class Config(uvicorn.Config):
    """uvicorn's configuration. The application and the protocol are made in the process that serves, and only there."""

    built: Built

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
        )

    def load_app(self) -> Any:
        built = import_from_string(self.app)()
        self.built = built
        self.http_protocol_class = built.protocol
        return built.application


class Server(uvicorn.Server):
    """uvicorn's server. It reports when it serves, and stops in steps, each of which a further order may cut short."""

    config: Config

    def __init__(self, config: Config, announce: Announce | None = None, *, is_supervised: bool = False) -> None:
        super().__init__(config)
        self._announce = announce
        self._is_supervised = is_supervised
        self._stop = Stop.NONE
        self._ticks = 0
        self.is_asked_to_stop = False
        """Whether a signal has come that is its supervisor's to act on."""

    def order(self, stop: Stop) -> None:
        """Stop, or stop faster. May be called in any thread."""
        self._stop = max(self._stop, stop)
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal to stop; the second, which ends what is under way; the third, which ends the process."""
        if self._stop is Stop.CUT:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        elif self._is_supervised and not self.is_asked_to_stop:
            # Where the whole group gets the signal, its supervisor orders the stop; else it sends a successor first.
            self.is_asked_to_stop = True
        elif self._is_supervised:
            self.order(Stop.CUT)
        else:
            self.order(Stop.CUT if self._captured_signals else first_order(sig))
            self._captured_signals.append(sig)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and self._announce is not None:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in steps: not ready, the port closed, answers under way finished or cut, the application closed."""
        built = self.config.built
        await self._wait_until(lambda: self._stop is not Stop.ANNOUNCED, built.unready_seconds)
        await self._close_port(sockets or [])
        built.detached.is_closing = True
        for connection in self._connections():
            connection.shutdown()
        await self._wait_until(lambda: self._is_idle() or self._stop is Stop.CUT, built.drain_seconds)
        if not self._is_idle():
            await self._cut()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.lifespan.shutdown()
        except TimeoutError:
            log.error("not_everything_closed within %s s", CLOSE_SECONDS)
            # Python itself waits for every task at its end, and one that waits for the database may take a minute.
            end = threading.Timer(EXIT_SECONDS, os._exit, (0,))
            end.daemon = True
            end.start()
        if built.access_log is not None:
            built.access_log.close()

    async def _close_port(self, sockets: list[socket.socket]) -> None:
        # To close a listening socket is to reset the connections in its queue.
        for _ in range(_TURNS_TO_EMPTY_A_QUEUE):
            if not sockets or not select.select(sockets, [], [], 0)[0]:
                break
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()
        for listener in sockets:
            listener.close()
        # So that every connection that was accepted has its protocol.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _cut(self) -> None:
        """End what is under way, each answer as a failure; then close what is left."""
        cut = sum(connection.cut() for connection in self._connections()) + self.config.built.detached.cut()
        if cut:
            log.warning("requests_cut by the stop: %s", cut)
        await self._wait_until(self._is_idle, CUT_SECONDS)
        for connection in self._connections():
            connection.close()
        for task in [*self.server_state.tasks]:
            task.cancel()
        await self._wait_until(self._is_idle, CUT_SECONDS)

    async def _wait_until(self, is_so: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so, or for so many seconds, and obey the orders that come."""
        until = time.monotonic() + seconds
        while True:
            if self._stop >= Stop.ANNOUNCED:
                self.config.built.readiness.is_stopping = True
            left = until - time.monotonic()
            if is_so() or left <= 0:
                return
            # Keeps the date in the headers of answers.
            self._ticks += 1
            await self.on_tick(self._ticks)
            await asyncio.sleep(min(LOOK_SECONDS, left))

    def _is_idle(self) -> bool:
        is_busy = self.server_state.connections or self.server_state.tasks
        return not is_busy and self.config.built.detached.is_idle

    def _connections(self) -> list[Stoppable]:
        return [connection for connection in self.server_state.connections if isinstance(connection, Stoppable)]


def run_alone(listener: socket.socket, announce: Announce) -> None:
    """Serve in this process until it is told to stop; `announce` is called once requests are served.

    Raises `SystemExit`: 0 after SIGINT or SIGTERM, another code when the application cannot start.
    """
    # uvicorn takes the signals over while it serves, and raises them again after a clean stop.
    for number in SIGNALS:
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, _outlive)
    Server(Config(), announce).run(sockets=[listener])


def stop(number: int, frame: FrameType | None) -> None:
    """Handle a signal to stop."""
    sys.exit(0)


def _outlive(number: int, frame: FrameType | None) -> None:
    log.warning("hangup_ignored: only with several workers are they replaced by ones that read the settings anew")
