"""Starts the servers as processes of their own, each on its core, and stops them whatever happens."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scripts.benchmark.errors import BenchmarkError

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Cores:
    """Where the measured server runs, and what loads it. None where nothing can be pinned."""

    server: int | None
    load: int | None

    @classmethod
    def choose(cls) -> "Cores":
        """Two of the cores that this process may use."""
        if not hasattr(os, "sched_setaffinity"):
            return cls(None, None)
        usable = sorted(os.sched_getaffinity(0))
        return cls(usable[0], usable[1]) if len(usable) > 1 else cls(None, None)

    def __str__(self) -> str:
        if self.server is None:
            return "nothing is pinned to a core here: both sides share them, so the figures are worth little"
        return f"the server on core {self.server}, wrk and the upstream on core {self.load}"


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Run this process, and what it starts, on one core."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass
class Server:
    """A server that answers: spawned when the clock said `begun`, answering since `ready`."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    begun: float
    ready: float = field(default=0.0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def resident_bytes(self) -> int:
        """Its resident memory now. Raises `BenchmarkError` where the system does not tell."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError as error:
            raise BenchmarkError("memory is read from /proc, which this system has not") from error
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def cpu_seconds(self) -> float:
        """The processor time that it has used; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        # Behind the name come the state and ten more fields, then user and system time in ticks.
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Stop as a service manager would, and harder if that does not help."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Program:
    """What to run: Python's own arguments, with `{port}` where the port goes."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@contextmanager
def running(program: Program, core: int | None) -> Iterator[Server]:
    """The program as a server on a free port, once it answers. It is stopped when the context is left."""
    port = free_port()
    arguments = [sys.executable, *(word.replace("{port}", str(port)) for word in program.arguments)]
    log = program.folder / f"{program.name}-{port}.log"
    with log.open("wb") as output, on_core(core):
        begun = time.perf_counter()
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=program.folder,
            env=dict(program.environment),
        )
    server = Server(port, process, log, begun)
    try:
        _wait(server, program.name)
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: Server, name: str) -> None:
    deadline = server.begun + _START_SECONDS
    while not _is_ready(server.port):
        if server.process.poll() is not None:
            raise BenchmarkError(f"{name} stopped:\n{server.log.read_text()}")
        if time.perf_counter() > deadline:
            raise BenchmarkError(f"{name} did not answer within {_START_SECONDS:.0f} s:\n{server.log.read_text()}")
        time.sleep(_POLL_SECONDS)
    server.ready = time.perf_counter()


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
