"""Signals to a gateway with streams under way and new connections all the time; a database that hangs."""

import os
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from gateway.settings import Settings
from tests.clients.stops import workers_of
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config
from tests.servers.stalling_proxy import stalling_proxy
from tests.servers.thread import serving
from tests.store import postgres

_VISITORS = 32
_STREAMS = 40
_WATCHED_SECONDS = 8.0
_HUNG_SECONDS = 3.0
_LONGEST_STOP = 90.0
_LIVE = b"GET /health/live HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n"
_CHAT = {
    "model": "test/pause",
    "stream": True,
    "messages": [{"role": "user", "content": "A text that is long enough to come in pieces."}],
}
_ENDS = ("answered", "refused", "closed", "reset", "hung")


@dataclass
class Visits:
    """Clients that open one connection after the other, for one request each; `since` counts those of a time."""

    url: str
    noted: list[tuple[float, str]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def visit(self) -> None:
        address = urlsplit(self.url)
        while not self.is_over.is_set():
            begun = time.monotonic()
            end = self._end((str(address.hostname), address.port or 0))
            self.noted.append((begun, end))
            if end == "refused":
                self.is_over.wait(0.02)

    def since(self, moment: float) -> str:
        """How the connections ended that were opened since then, as cells of a table."""
        counts = Counter(end for begun, end in self.noted if begun >= moment)
        return " | ".join(str(counts[end]) for end in _ENDS)

    def _end(self, address: tuple[str, int]) -> str:
        try:
            with socket.create_connection(address, _HUNG_SECONDS) as opened:
                opened.sendall(_LIVE)
                return "answered" if opened.recv(100) else "closed"
        except TimeoutError:
            return "hung"
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "reset"


def report() -> str:
    """Three tables."""
    return "\n\n".join((_under_load(), _ends(), _with_a_database_that_hangs()))


def _under_load() -> str:
    lines = [
        f"Two workers. {_VISITORS} clients open connections, {_STREAMS} streams go on after {_WATCHED_SECONDS:.0f} s.",
        "",
        f"| signal | to | {' | '.join(_ENDS)} | port closed after (s) | streams whole |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for number, to in (
        (signal.SIGTERM, "supervisor"),
        (signal.SIGTERM, "one worker"),
        (signal.SIGTERM, "all of them"),
        (signal.SIGINT, "all of them"),
        (signal.SIGKILL, "supervisor"),
        (signal.SIGHUP, "supervisor"),
        (signal.SIGHUP, "all of them"),
    ):
        lines.append(f"| {number.name} | {to} | {_signalled(number, to)} |")
    return "\n".join(lines)


def _signalled(number: signal.Signals, to: str) -> str:
    with _gateway({}) as (gateway, upstream), ExitStack() as stack:
        streams = [stack.enter_context(_stream(gateway)) for _ in range(_STREAMS)]
        visits = Visits(gateway.url)
        threads = [threading.Thread(target=visits.visit, daemon=True) for _ in range(_VISITORS)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        workers = workers_of(gateway)
        everybody = [*workers, gateway.process.pid]
        pids = {"supervisor": everybody[-1:], "one worker": workers[:1], "all of them": everybody}[to]
        moment = time.monotonic()
        for process in pids:
            os.kill(process, number)
        time.sleep(_WATCHED_SECONDS)
        visits.is_over.set()
        for thread in threads:
            thread.join()
        upstream.go_on.set()
        whole = sum(_end_of(stream) == "whole" for stream in streams)
        refused = [begun - moment for begun, end in visits.noted if end == "refused"]
        closed = f"{min(refused):.2f}" if refused else "never"
        return f"{visits.since(moment)} | {closed} | {whole} of {_STREAMS}"


def _ends() -> str:
    """What is cut when the time is over, and after how long."""
    lines = [
        f"{_STREAMS} streams that never end, two workers; the time for them is over, or a second signal comes.",
        "",
        "| signals | drain (s) | stopped after (s) | streams with an error event | usage rows (status, outcome) |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for count, seconds in ((1, 2), (2, 60)):
        is_known = "drain_seconds" in Settings.model_fields
        with (
            _gateway({"drain_seconds": seconds} if is_known else {}) as (gateway, _),
            ExitStack() as stack,
        ):
            streams = [stack.enter_context(_stream(gateway)) for _ in range(_STREAMS)]
            begun = time.monotonic()
            for _ in range(count):
                gateway.process.send_signal(signal.SIGTERM)
                time.sleep(1)
            found = Counter(_end_of(stream) for stream in streams)
            lasted = _stopped_after(gateway, begun)
            drain = str(seconds) if is_known else "30, fixed"
            lines.append(f"| {count} | {drain} | {lasted} | {found['error event']} of {_STREAMS} | {_rows(gateway)} |")
    with _gateway({}, workers=1) as (gateway, _):
        gateway.process.send_signal(signal.SIGHUP)
        time.sleep(1)
        lines += ["", f"One worker after SIGHUP: {'serves' if gateway.process.poll() is None else 'has ended'}."]
    return "\n".join(lines)


def _with_a_database_that_hangs() -> str:
    installed = postgres.wheel()
    if installed is None:
        return postgres.HOW_TO_GET_IT
    with postgres.running(installed) as server, stalling_proxy(server.port) as proxy:
        url = server.url.replace(f":{server.port}/", f":{proxy.port}/")
        with _gateway({}, workers=1, DATABASE_URL=url) as (gateway, _):
            proxy.stall()
            begun = time.monotonic()
            status = httpx.get(f"{gateway.url}/health/ready", timeout=60).status_code
            ready = f"{status} after {time.monotonic() - begun:.2f} s"
            with gateway.client() as client:
                client.post("/v1/chat/completions", json={**_CHAT, "model": "test/echo", "stream": False})
            begun = time.monotonic()
            gateway.process.send_signal(signal.SIGTERM)
            stopped = _stopped_after(gateway, begun)
            kept = len([*(gateway.folder / "data").glob("usage-*.jsonl")])
    return (
        "PostgreSQL takes connections and answers nothing:\n\n"
        "| /health/ready | stopped after (s) | files with the usage row |\n| --- | ---: | ---: |\n"
        f"| {ready} | {stopped} | {kept} |"
    )


@contextmanager
def _gateway(
    settings: dict[str, Any], workers: int = 2, **environment: str
) -> Iterator[tuple[RunningGateway, ChatUpstream]]:
    upstream = ChatUpstream()
    with serving(upstream.app) as url, tempfile.TemporaryDirectory() as folder:
        config = {**scripted_config(f"{url}/v1"), "embedded": {"enabled": False}, **settings}
        with running_gateway(Path(folder), config, {"WORKERS": str(workers), **environment}) as gateway:
            yield gateway, upstream
            upstream.go_on.set()


@contextmanager
def _stream(gateway: RunningGateway) -> Iterator[Iterator[str]]:
    """The lines of a stream that has begun."""
    with gateway.client() as client, client.stream("POST", "/v1/chat/completions", json=_CHAT) as reply:
        lines = reply.iter_lines()
        next(lines)
        yield lines


def _end_of(lines: Iterator[str]) -> str:
    text = ""
    try:
        text = "".join(lines)
    except httpx.HTTPError:
        return "torn"
    return "whole" if text.endswith("[DONE]") else "error event" if '"error":{' in text else "torn"


def _stopped_after(gateway: RunningGateway, begun: float) -> str:
    try:
        code = gateway.process.wait(_LONGEST_STOP)
    except subprocess.TimeoutExpired:
        return f"not within {_LONGEST_STOP:.0f}"
    return f"{time.monotonic() - begun:.1f}" + (f", exit code {code}" if code else "")


def _rows(gateway: RunningGateway) -> str:
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        names = [row[1] for row in database.execute("pragma table_info(usage)")]
        columns = "status, outcome" if "outcome" in names else "status, '-'"
        found = Counter(database.execute(f"select {columns} from usage").fetchall())
    return ", ".join(f"{count} × ({status}, {outcome})" for (status, outcome), count in found.items()) or "none"
