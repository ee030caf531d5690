"""Several workers: connections survive one that stops or is killed, and a stop of all resets none that is queued."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.clients.sockets import connection, exchange, head, read_reply
from tests.clients.stops import wait_until
from tests.servers.gateway import DEADLINE, RunningGateway, running_gateway

LIVE = head("GET", "/health/live", "connection: close")
WORKERS = 2


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[RunningGateway]:
    """A gateway of two workers."""
    with running_gateway(tmp_path, {}, {"WORKERS": str(WORKERS)}) as running:
        yield running


class Load:
    """Clients that each open one connection after the other, for one request on each."""

    def __init__(self, url: str) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._url = url
        self._is_over = threading.Event()
        self._enough = threading.Condition()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(8)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(DEADLINE)

    def wait(self, more: int) -> None:
        """Until so many more requests have been answered."""
        wanted = self.answered + more
        with self._enough:
            assert self._enough.wait_for(lambda: self.answered >= wanted, DEADLINE), self.failures[:3]

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                status = exchange(self._url, LIVE).status
                if status != 200:
                    self.failures.append(f"answered with {status}")
            except OSError as error:
                self.failures.append(repr(error))
            with self._enough:
                self.answered += 1
                self._enough.notify_all()


@contextmanager
def _queued(gateway: RunningGateway) -> Iterator[list[socket.socket]]:
    """Connections with a request each, which the processes that should accept them, stopped, have not accepted."""
    for process in _stopped(gateway):
        os.kill(process, signal.SIGSTOP)
    with ExitStack() as stack:
        opened = [stack.enter_context(connection(gateway.url)) for _ in range(40)]
        for one in opened:
            one.settimeout(DEADLINE)
            one.sendall(LIVE)
        yield opened


def _stopped(gateway: RunningGateway) -> list[int]:
    """The processes that `_queued` stops: the workers, or the one that is its own."""
    return _pids(gateway) or [gateway.process.pid]


def _pids(gateway: RunningGateway) -> list[int]:
    """The worker processes, which are those that have the contract's validator loaded."""
    server = gateway.process.pid
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return [int(child) for child in children if _has_loaded(int(child), "jsonschema_rs")]


def _has_loaded(process: int, library: str) -> bool:
    try:
        return library in Path(f"/proc/{process}/maps").read_text()
    except OSError:
        return False


def test_supervisor_does_not_import_the_application(workers: RunningGateway) -> None:
    assert len(_pids(workers)) == WORKERS
    assert not any(_has_loaded(workers.process.pid, name) for name in ("jsonschema_rs", "pydantic_core", "orjson"))


def test_second_start_finds_the_port_taken(workers: RunningGateway, tmp_path: Path) -> None:
    port = workers.url.rpartition(":")[2]
    with pytest.raises(AssertionError, match=f"port {port} on 127.0.0.1 is taken"):  # noqa: SIM117
        with running_gateway(tmp_path / "second", {}, {"WORKERS": "2"}, port=int(port)):
            pass
    assert exchange(workers.url, LIVE).status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_worker_that_stops_under_load_resets_nothing(workers: RunningGateway, number: signal.Signals) -> None:
    before = _pids(workers)
    with Load(workers.url) as load:
        load.wait(200)
        os.kill(before[0] if number == signal.SIGTERM else workers.process.pid, number)
        wait_until(lambda: len(_pids(workers)) == WORKERS and before[0] not in _pids(workers))
        load.wait(200)
    assert load.failures == []


def test_connections_in_the_queue_of_a_killed_worker_are_answered_by_the_next(workers: RunningGateway) -> None:
    with _queued(workers) as opened:
        victim, *others = _stopped(workers)
        for other in others:
            os.kill(other, signal.SIGCONT)
        os.kill(victim, signal.SIGKILL)
        for one in opened:
            assert read_reply(one).status == 200
    assert len(_pids(workers)) == WORKERS


@pytest.mark.parametrize("count", ["1", "2"])
def test_stop_answers_what_is_queued(tmp_path: Path, count: str) -> None:
    with running_gateway(tmp_path, {}, {"WORKERS": count}) as gateway, _queued(gateway) as opened:
        gateway.process.send_signal(signal.SIGTERM)
        for process in _stopped(gateway):
            os.kill(process, signal.SIGCONT)
        for one in opened:
            assert read_reply(one).status == 200
        assert gateway.process.wait(DEADLINE) == 0
        with pytest.raises(ConnectionRefusedError):
            exchange(gateway.url, LIVE)


def test_workers_end_with_a_supervisor_that_is_killed(workers: RunningGateway) -> None:
    pids = _pids(workers)
    workers.process.kill()
    workers.process.wait(DEADLINE)
    wait_until(lambda: not any(_has_loaded(process, "jsonschema_rs") for process in pids))


@pytest.mark.parametrize(("first", "second"), [("2", "2"), ("2", "1"), ("1", "2")])
def test_server_starts_again_on_its_port(tmp_path: Path, first: str, second: str) -> None:
    with running_gateway(tmp_path / "first", {}, {"WORKERS": first}) as gateway:
        # The server closes these connections, so its side of them stays in TIME_WAIT.
        assert [exchange(gateway.url, LIVE).status for _ in range(5)] == [200] * 5
        assert gateway.stop() == 0
    port = int(gateway.url.rpartition(":")[2])
    with running_gateway(tmp_path / "second", {}, {"WORKERS": second}, port=port) as again:
        assert exchange(again.url, LIVE).status == 200


def test_workers_come_and_go_under_load_and_reset_nothing(workers: RunningGateway) -> None:
    with Load(workers.url) as load:
        for number, count in ((signal.SIGTTIN, WORKERS + 1), (signal.SIGTTOU, WORKERS)):
            workers.process.send_signal(number)
            wait_until(lambda count=count: len(_pids(workers)) == count)  # type: ignore[misc]
            load.wait(100)
    assert load.failures == []


def test_file_of_the_current_folder_is_no_module_of_the_supervisors(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise SystemExit(7)")
    program = "from gateway.cli.command import main; main()"
    command = (sys.executable, "-P", "-c", program)
    with running_gateway(tmp_path, {}, {"WORKERS": "2"}, command) as gateway:
        assert exchange(gateway.url, LIVE).status == 200
