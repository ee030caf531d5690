"""Runs several workers: a process that imports nothing of the application's.

`waystone serve` becomes this program when it has read the settings and listens (`supervise`), so what that needed of
memory is gone. Its argument is an `Order` as JSON.
"""

import json
import logging
import math
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess

from gateway.cli.address import another
from gateway.cli.processes import Config, stop
from gateway.cli.stopping import CLOSE_SECONDS, CUT_SECONDS, LOOK_SECONDS, SIGNALS, Stop, first_order
from gateway.cli.supervised import State, Worker

# Between two looks at workers that may hang. Signals, and workers that end, are noticed at once.
_ROUND_SECONDS = 0.5
# In which a worker ends that was ordered to end at once; else it hangs.
_END_SECONDS = 2 * CUT_SECONDS + CLOSE_SECONDS + 2
# A machine that is busy with other things may take long for a start.
_START_SECONDS = 60

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
    for number in SIGNALS:
        signal.signal(number, stop)
    supervisor = Supervisor(order)
    supervisor.run()
    if supervisor.has_failed:
        sys.exit(STARTUP_FAILURE)


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
        self._workers: list[Worker] = []
        """Those that serve, or are about to, in the order of their sockets."""
        self._retired: list[Worker] = []
        """Those that another one has replaced, and that finish what they have begun."""
        self._stop = Stop.CLOSED
        self.has_failed = False
        self._news, writer = socket.socketpair()
        for end in (self._news, writer):
            end.setblocking(False)
        # What is in it counts for nothing: the signals are in `signal_queue`.
        signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)

    def init_processes(self) -> None:
        self._workers = [self._started(number) for number in range(self.processes_num)]

    def run(self) -> None:
        self.init_processes()
        while not self.should_exit.is_set():
            self._wait_for_news(_ROUND_SECONDS, self._workers)
            self.handle_signals()
            self.keep_subprocess_alive()
        self._stop_all()

    def handle_int(self) -> None:
        self._stop = first_order(signal.SIGINT)
        self.should_exit.set()

    def handle_term(self) -> None:
        self._stop = first_order(signal.SIGTERM)
        self.should_exit.set()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have ended or hang; at first, wait until all of them serve."""
        if self.should_exit.is_set():
            return
        if not self._is_serving:
            self._look_at_start()
            return
        self._retired = [worker for worker in self._retired if worker.process.is_alive()]
        for number, process in enumerate(self._workers):
            state = self._state(process)
            if self._is_to_stop():
                return
            if state is not None:
                if state.is_asked_to_stop and not process.has_no_successor:
                    process.has_no_successor = not self._replace(number)
                continue
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                # The next one would end the same way.
                self.has_failed = True
                self.should_exit.set()
                return
            log.warning("worker_ended, exit code %s", process.exitcode)
            self._workers[number] = self._started(number)

    def _state(self, process: Worker) -> State | None:
        """What a worker says of itself; None if it has ended or hangs, or a signal to stop has come before it did."""
        if not process.process.is_alive():
            return None
        return process.state(self.config.timeout_worker_healthcheck, self._is_to_stop)

    def restart_all(self) -> None:
        """Replace each worker by one that serves already, and has read the settings anew."""
        for number in range(len(self._workers)):
            if not self._replace(number):
                return

    def _replace(self, number: int) -> bool:
        """Replace a worker by one that serves already. False, and nothing changes, if that one does not start."""
        old, new = self._workers[number], self._started(number)
        self._wait(partial(_has_begun, new))
        if not new.is_ready():
            new.kill()
            new.join()
            if not self._is_to_stop():
                log.error("worker_not_ready, the old one stays")
            return False
        self._workers[number] = new
        self._retire(old)
        return True

    def _retire(self, worker: Worker) -> None:
        # Nobody waits for it: its answers may take as long as they take.
        worker.order(Stop.REPLACED)
        self._retired.append(worker)

    def _wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so, a signal to stop has come, or it has taken too long."""
        until = time.monotonic() + _START_SECONDS
        while not (is_so() or self._is_to_stop() or time.monotonic() > until):
            time.sleep(LOOK_SECONDS)

    def _is_to_stop(self) -> bool:
        """Whether a signal to stop has come that has not been handled."""
        return any(number in SIGNALS for number in self.signal_queue)

    def handle_ttin(self) -> None:
        """One worker more."""
        if self._has_own_sockets:
            self.sockets.append(another(self.sockets[0]))
        self.processes_num += 1
        self._workers.append(self._started(self.processes_num - 1))

    def handle_ttou(self) -> None:
        """One worker less."""
        if self.processes_num == 1:
            return
        if self._has_own_sockets:
            # First, as in `_stop_all`.
            self.sockets.pop().close()
        self.processes_num -= 1
        self._retire(self._workers.pop())

    def _started(self, number: int) -> Worker:
        process = Worker(self.config, [self.sockets[number if self._has_own_sockets else 0]])
        process.start()
        return process

    def _look_at_start(self) -> None:
        """Announce when every worker is ready; stop when one has ended, as the next would the same way."""
        if not all(process.process.is_alive() for process in self._workers):
            self.has_failed = True
            self.should_exit.set()
        elif all(process.is_ready() for process in self._workers):
            self._is_serving = True
            print(self._announcement, flush=True)

    def _stop_all(self) -> None:
        """Stop every worker. A second signal has them end at once, a third kills them."""
        # First, so that each socket is closed by its worker, which has emptied its queue then.
        for listener in self.sockets:
            listener.close()
        self.signal_queue.clear()
        alive = [*self._workers, *self._retired]
        orders = [self._stop, Stop.CUT]
        _order(alive, orders.pop(0))
        until = math.inf
        while alive := [worker for worker in alive if worker.process.is_alive()]:
            self._wait_for_news(until - time.monotonic(), alive)
            if self._is_to_stop():
                self.signal_queue.clear()
                until = time.monotonic() + (_END_SECONDS if orders else 0)
                for order in orders:
                    _order(alive, order)
                orders.clear()
            if time.monotonic() >= until:
                for worker in alive:
                    worker.process.kill()

    def _wait_for_news(self, seconds: float, workers: Sequence[Worker]) -> None:
        """Wait until a signal comes, one of the workers ends, or the time is over."""
        sentinels = [worker.process.sentinel for worker in workers]
        wait([self._news, *sentinels], None if seconds == math.inf else max(seconds, 0))
        with suppress(BlockingIOError):
            while self._news.recv(256):
                pass


def _has_begun(worker: Worker) -> bool:
    """Whether a worker serves, or never will."""
    return worker.is_ready() or not worker.process.is_alive()


def _order(workers: Sequence[Worker], stop: Stop) -> None:
    for worker in workers:
        worker.order(stop)


if __name__ == "__main__":
    main()
