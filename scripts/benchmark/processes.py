"""Starts servers as processes of their own, each on its core, and reads their processor time and memory."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_START_SECONDS = 120.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.002
_TICKS = os.sysconf("SC_CLK_TCK")


class BenchmarkError(Exception):
    """Nothing can be measured, or what was measured is worth nothing; the message is why."""


@dataclass(frozen=True)
class Cores:
    """Where the measured server runs, and where what loads it."""

    server: Set[int]
    load: Set[int]

    @classmethod
    def choose(cls) -> "Cores":
        """Two of the cores that this process may use. Raises `BenchmarkError` where there are none, or no /proc."""
        usable = sorted(os.sched_getaffinity(0)) if Path("/proc/self/stat").exists() else []
        if len(usable) < 2:
            raise BenchmarkError(
                "two cores are needed, and Linux, whose /proc has the time and the memory of a process"
            )
        return cls({usable[0]}, {usable[1]})

    @property
    def both(self) -> Set[int]:
        return self.server | self.load


@contextmanager
def on_cores(cores: Set[int], process: int = 0) -> Iterator[None]:
    """Run a process (0: this one), and what it starts, on these cores."""
    before = os.sched_getaffinity(process)
    os.sched_setaffinity(process, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(process, before)


@dataclass(frozen=True)
class Program:
    """How to start a server. `{port}` in the command stands for its port; `headers` go with every request to it.

    `ready` is the path that answers 200 once it can be used.
    """

    name: str
    command: Sequence[str]
    cores: Set[int]
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    ready: str = "/health/ready"


@dataclass
class Server:
    """A server that answers; `start_seconds` passed from spawning its command to its first answer."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    headers: Mapping[str, str]
    start_seconds: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """The processor time of all its processes and their threads."""
        return sum(map(cpu_seconds, family(self.process.pid)))


def cpu_seconds(process: int) -> float:
    """The processor time of a process and its threads, in user and in system mode; 0 for one that has ended."""
    fields = _stat(process)
    # Behind the name come the state and ten more fields, then user and system time in ticks.
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def family(process: int) -> list[int]:
    """A process and all its descendants, parents first."""
    everything = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    parents = {one: int(fields[1]) for one in everything if (fields := _stat(one))}
    found = [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def resident_mib(process: int) -> float:
    """The resident memory of a process now."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _stat(process: int) -> list[str]:
    """The fields of /proc/PID/stat behind the process's name, in which anything may stand; none if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@contextmanager
def running(program: Program, folder: Path) -> Iterator[Server]:
    """The program as a server on a free port, once it answers. It is stopped when the context is left."""
    port = free_port()
    log = folder / f"{program.name.replace(' ', '-')}-{port}.log"
    # Nothing else of the caller's environment: a proxy or a provider's key there would change the figures.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **program.environment}
    command = [word.replace("{port}", str(port)) for word in program.command]
    with log.open("wb") as output, on_cores(program.cores):
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, env=environment)
    server = Server(port, process, log, program.headers)
    try:
        while not _is_ready(port, program.ready):
            if process.poll() is not None or time.perf_counter() > begun + _START_SECONDS:
                raise BenchmarkError(f"{program.name} does not answer:\n{log.read_text()[-2000:]}")
            time.sleep(_POLL_SECONDS)
        server.start_seconds = time.perf_counter() - begun
        yield server
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        process.kill()
        process.wait()


def free_port() -> int:
    """A port of the loopback interface that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def exchange(port: int, path: str, body: bytes = b"", headers: Mapping[str, str] = {}) -> tuple[int, bytes]:
    """The status and the body of the answer to one request, a POST if it has a body."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)) as connection:
        connection.request("POST" if body else "GET", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()


def _is_ready(port: int, path: str) -> bool:
    try:
        return exchange(port, path)[0] == 200
    except (OSError, http.client.HTTPException):
        return False
