"""A worker process: what it has of its supervisor, and what that has of it."""

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import wait

from uvicorn.supervisors.multiprocess import Process

from gateway.cli.processes import Config, Server
from gateway.cli.stopping import LOOK_SECONDS, Stop

_PING = b"ping"
# A worker answers pings as soon as its process has begun; one that has died never does.
_PING_SECONDS = 1


@dataclass(frozen=True, slots=True)
class State:
    """What a worker answers when it is pinged."""

    is_serving: bool
    is_asked_to_stop: bool


class Worker(Process):
    """uvicorn's worker process, with our server in it. It stops when its supervisor has gone, however that went.

    Its supervisor orders it to stop through their pipe, and not by a signal: where the whole group gets one, as by
    Ctrl-C or from systemd, that would be the second, which ends everything at once.
    """

    config: Config
    has_no_successor = False
    """Whether one was started in vain, when a signal had come to this worker alone."""

    # In the worker's process.

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        # A terminal that closes sends it to the whole group, and the supervisor acts on it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        super().target(sockets)

    def always_pong(self) -> None:
        supervisor = parent_process()
        assert supervisor is not None
        while supervisor.sentinel not in wait([self.child_conn, supervisor.sentinel]):
            message = self.child_conn.recv()
            if message == _PING:
                self.child_conn.send(State(self.server.started, self.server.is_asked_to_stop))
            else:
                self._obey(Stop(message))
        # Another supervisor may want the port.
        self._obey(Stop.CLOSED)

    def _obey(self, order: Stop) -> None:
        if not self.server.started:
            # It has nothing to finish, and its start may wait for a database.
            os._exit(0)
        self.server.order(order)

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = Server(self.config, is_supervised=True)
        assert isinstance(self._server, Server)
        return self._server

    # In the supervisor's.

    def state(self, timeout: float, is_over: Callable[[], bool] = lambda: False) -> State | None:
        """What the worker says of itself; None if it does not answer within so many seconds, or before `is_over`."""
        until = time.monotonic() + timeout
        with suppress(OSError, EOFError):  # it has ended
            self.parent_conn.send(_PING)
            while not is_over() and time.monotonic() < until:
                if self.parent_conn.poll(LOOK_SECONDS):
                    state: State = self.parent_conn.recv()
                    return state
        return None

    def is_ready(self, timeout: float = _PING_SECONDS) -> bool:
        state = self.state(timeout)
        return state is not None and state.is_serving

    def order(self, stop: Stop) -> None:
        """Have the worker stop."""
        with suppress(OSError):  # it has ended
            self.parent_conn.send(int(stop))
