"""Runs several workers: a process that imports nothing of the application's.

`waystone serve` becomes this program when it has read the settings and listens (`supervise`), so what that needed of
memory is gone. Its argument is an `Order` as JSON.
"""

import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import parent_process
from pathlib import Path

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from gateway.cli.address import another
from gateway.cli.processes import Config, Server, stop

# A worker answers pings as soon as its process has begun; one that has died never does.
_PING_SECONDS = 1
# A machine that is busy with other things may take long for a start.
_START_SECONDS = 60
_LOOK_SECONDS = 0.05
_STOPPING = frozenset({signal.SIGINT, signal.SIGTERM})

log = logging.getLogger("gateway.supervisor")


@dataclass(frozen=True)
class Order:
    """What to run: workers on listening sockets, by their file numbers, and what to print when all of them serve."""

    workers: int
    sockets: list[int]
    announcement: str


def supervise(listeners: Sequence[socket.socket], workers: int, announcement: str) -> None:
    """Become the supervisor of so many workers. This process is the same, its program another: nothing returns."""
    for listener in listeners:
        listener.set_inheritable(True)
    order = Order(workers, [listener.fileno() for listener in listeners], announcement)
    # `-m` looks into the current folder first; the command `waystone` does not, and must not begin to.
    safe = [] if str(Path.cwd()) in sys.path else ["-P"]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *safe, "-m", __name__, json.dumps(asdict(order))])


def main() -> None:
    """Run what the argument orders, until told to stop. Exits with 0 then, with another code if no worker can start."""
    order = Order(**json.loads(sys.argv[1]))
    logging.basicConfig(format='{"event": "%(message)s", "level": "%(levelname)s", "logger": "%(name)s"}')
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    supervisor = Supervisor(order)
    supervisor.run()
    if supervisor.has_failed:
        sys.exit(STARTUP_FAILURE)


class Worker(Process):
    """uvicorn's worker process, with our server in it. It stops when its supervisor has gone, however that went."""

    def always_pong(self) -> None:
        supervisor = parent_process()
        while supervisor is not None and supervisor.is_alive():
            if self.child_conn.poll(_PING_SECONDS):
                self.pong()
        os.kill(os.getpid(), signal.SIGTERM)

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = Server(config=self.config)
        assert isinstance(self._server, Server)
        return self._server


class Supervisor(Multiprocess):
    """uvicorn's supervisor. Each worker has a listening socket of its own, where there are so many.

    The kernel then shares connections out evenly. The sockets stay open here and are handed to a worker's successor:
    what is queued on one when its worker stops or is killed waits for the next one, where closing it would reset it.
    """

    def __init__(self, order: Order) -> None:
        sockets = [socket.socket(fileno=number) for number in order.sockets]
        for listener in sockets:
            listener.set_inheritable(False)
        super().__init__(Config(order.workers), sockets)
        self._announcement = order.announcement
        self._has_own_sockets = len(sockets) == order.workers
        self._is_serving = False
        self.has_failed = False

    def init_processes(self) -> None:
        self.processes = [self._started(number) for number in range(self.processes_num)]

    def terminate_all(self) -> None:
        # First, so that each socket is closed by its worker, which has emptied its queue then.
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have ended or hang; at first, wait until all of them serve."""
        if self.should_exit.is_set():
            return
        if not self._is_serving:
            self._look_at_start()
            return
        for number, process in enumerate(self.processes):
            if process.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                # The next one would end the same way.
                self.has_failed = True
                self.should_exit.set()
                return
            log.warning("worker_ended, exit code %s", process.exitcode)
            self.processes[number] = self._started(number)

    def restart_all(self) -> None:
        """Replace each worker by one that serves already."""
        for number, old in enumerate(self.processes):
            new = self._started(number)
            self._wait(partial(_has_begun, new))
            if not new.is_ready(_PING_SECONDS):
                new.kill()
                new.join()
                log.error("worker_not_ready, the old ones stay")
                return
            self.processes[number] = new
            old.terminate()
            self._wait(partial(_has_ended, old))

    def _wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, a signal to stop has come, or it has taken too long."""
        until = time.monotonic() + _START_SECONDS
        while not is_so() and _STOPPING.isdisjoint(self.signal_queue) and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)

    def handle_ttin(self) -> None:
        """One worker more."""
        if self._has_own_sockets:
            self.sockets.append(another(self.sockets[0]))
        self.processes_num += 1
        self.processes.append(self._started(self.processes_num - 1))

    def handle_ttou(self) -> None:
        """One worker less."""
        if self.processes_num == 1:
            return
        if self._has_own_sockets:
            # First, as in `terminate_all`.
            self.sockets.pop().close()
        super().handle_ttou()

    def _started(self, number: int) -> Worker:
        process = Worker(self.config, [self.sockets[number if self._has_own_sockets else 0]])
        process.start()
        return process

    def _look_at_start(self) -> None:
        """Announce when every worker is ready; stop when one has ended, as the next would the same way."""
        if not all(process.process.is_alive() for process in self.processes):
            self.has_failed = True
            self.should_exit.set()
        elif all(process.is_ready(_PING_SECONDS) for process in self.processes):
            self._is_serving = True
            print(self._announcement, flush=True)


def _has_begun(worker: Process) -> bool:
    """Whether a worker serves, or never will."""
    return worker.is_ready(_PING_SECONDS) or not worker.process.is_alive()


def _has_ended(worker: Process) -> bool:
    return not worker.process.is_alive()


if __name__ == "__main__":
    main()
