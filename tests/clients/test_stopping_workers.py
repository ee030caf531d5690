"""Workers that stop, all of them or one: by signals to any of their processes, and with a supervisor that is killed."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.clients.contract import request
from tests.clients.sockets import connection, exchange
from tests.clients.stops import (
    CHAT,
    FOREVER,
    LIVE,
    READY,
    Serve,
    check_cut,
    is_refused,
    is_running,
    rows,
    signalled,
    streaming,
    wait_until,
    workers_of,
)
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import DEADLINE


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_to_the_whole_group_is_one_signal(serve: Serve, upstream: ChatUpstream, number: signal.Signals) -> None:
    gateway = serve(2)
    with streaming(gateway) as reply:
        assert upstream.began.wait(DEADLINE)
        for process in (*workers_of(gateway), gateway.process.pid):
            os.kill(process, number)
        wait_until(lambda: is_refused(gateway))
        upstream.go_on.set()
        assert [*reply.iter_lines()][-2] == "data: [DONE]"
    assert gateway.process.wait(DEADLINE) == 0
    assert rows(gateway) == [(200, None)]


def test_port_is_free_at_once_when_the_supervisor_is_killed(serve: Serve, upstream: ChatUpstream) -> None:
    gateway = serve(2, unready_seconds=FOREVER)
    old = workers_of(gateway)
    with ExitStack() as stack:
        replies = [stack.enter_context(streaming(gateway)) for _ in range(6)]
        assert upstream.began.wait(DEADLINE)
        gateway.process.kill()
        killed = time.monotonic()
        wait_until(lambda: is_refused(gateway))
        assert time.monotonic() - killed < 1
        port = int(gateway.url.rpartition(":")[2])
        with serve(1, port).client() as client:
            assert client.post(CHAT, json=request(CHAT)).status_code == 200
        upstream.go_on.set()
        for reply in replies:
            assert [*reply.iter_lines()][-2] == "data: [DONE]"
    wait_until(lambda: not any(map(is_running, old)))


def test_hangup_of_the_whole_group_replaces_the_workers_and_cuts_nothing(serve: Serve, upstream: ChatUpstream) -> None:
    gateway = serve(2, unready_seconds=FOREVER)
    old = workers_of(gateway)
    with streaming(gateway) as reply:
        assert upstream.began.wait(DEADLINE)
        for process in (*old, gateway.process.pid):
            os.kill(process, signal.SIGHUP)
        wait_until(lambda: len({*workers_of(gateway)} - {*old}) == 2)
        assert {exchange(gateway.url, READY).status for _ in range(20)} == {200}
        upstream.go_on.set()
        assert [*reply.iter_lines()][-2] == "data: [DONE]"
    wait_until(lambda: not any(map(is_running, old)))
    signalled(gateway, signal.SIGINT)
    assert gateway.process.wait(DEADLINE) == 0


def test_replaced_worker_that_still_answers_is_cut_by_the_second_signal(serve: Serve, upstream: ChatUpstream) -> None:
    gateway = serve(2, drain_seconds=FOREVER)
    old = workers_of(gateway)
    with streaming(gateway) as reply:
        assert upstream.began.wait(DEADLINE)
        signalled(gateway, signal.SIGHUP)
        wait_until(lambda: len({*workers_of(gateway)} - {*old}) == 2)
        signalled(gateway, signal.SIGTERM)
        wait_until(lambda: is_refused(gateway))
        signalled(gateway, signal.SIGTERM)
        check_cut(CHAT, [*reply.iter_lines()])
    assert gateway.process.wait(DEADLINE) == 0


class Visitors:
    """Clients that open connection after connection, and note how each ended and how long it took."""

    def __init__(self, url: str, count: int = 8) -> None:
        self.ends: list[str] = []
        self._url = url
        self._is_over = threading.Event()
        self._threads = ThreadPoolExecutor(count)
        self._count = count

    def __enter__(self) -> "Visitors":
        self._running = [self._threads.submit(self._visit) for _ in range(self._count)]
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for running in self._running:
            running.result()
        self._threads.shutdown()

    def _visit(self) -> None:
        while not self._is_over.is_set():
            try:
                with connection(self._url) as opened:
                    opened.settimeout(3)
                    opened.sendall(LIVE)
                    self.ends.append("answered" if opened.recv(100).startswith(b"HTTP/1.1 200") else "closed")
            except TimeoutError:
                self.ends.append("hung")
            except ConnectionRefusedError:
                self.ends.append("refused")
                self._is_over.wait(0.01)
            except ConnectionError:
                self.ends.append("reset")


@pytest.mark.parametrize("to", ["supervisor", "one worker", "all workers", "the group"])
def test_no_connection_hangs_while_workers_stop_under_load(serve: Serve, upstream: ChatUpstream, to: str) -> None:
    gateway = serve(2)
    workers = workers_of(gateway)
    with ExitStack() as stack:
        replies = [stack.enter_context(streaming(gateway)) for _ in range(6)]
        visitors = stack.enter_context(Visitors(gateway.url))
        wait_until(lambda: len(visitors.ends) > 100)
        pids: Mapping[str, Sequence[int]] = {
            "supervisor": [gateway.process.pid],
            "one worker": workers[:1],
            "all workers": workers,
            "the group": [*workers, gateway.process.pid],
        }
        for process in pids[to]:
            os.kill(process, signal.SIGTERM)
        if "worker" in to:
            wait_until(lambda: workers[0] not in workers_of(gateway) or len(workers_of(gateway)) > 2)
            more = len(visitors.ends) + 200
            wait_until(lambda: len(visitors.ends) > more)
        else:
            wait_until(lambda: visitors.ends[-1] == "refused")
        upstream.go_on.set()
        for reply in replies:
            assert [*reply.iter_lines()][-2] == "data: [DONE]"
    allowed = {"answered"} if "worker" in to else {"answered", "refused", "closed", "reset"}
    assert {*visitors.ends} <= allowed


def test_third_signal_kills_workers_that_hang(serve: Serve) -> None:
    gateway = serve(2)
    for process in workers_of(gateway):
        os.kill(process, signal.SIGSTOP)
    signalled(gateway, signal.SIGTERM)
    for _ in range(2):
        # Signals of a kind that have not been taken yet are one.
        wait_until(lambda: not _is_pending(gateway.process.pid, signal.SIGTERM))
        signalled(gateway, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        gateway.process.wait(10)
    if gateway.process.poll() is None:
        # Two came as one all the same: the process had taken the first, and not looked at it yet.
        signalled(gateway, signal.SIGTERM)
    assert gateway.process.wait(DEADLINE) == 0


def _is_pending(process: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{process}/status").read_text()
    masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
    return any(mask >> (number - 1) & 1 for mask in masks)
