"""Loads a server with wrk for one round, and reads what wrk measured."""

import json
import shutil
import subprocess
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.benchmark.processes import BenchmarkError, Server, exchange, on_cores

_SCRIPT = Path(__file__).with_name("post.lua")
_GRACE_SECONDS = 60.0
# What is under way when a round ends has cost time and is not counted; among few requests that would be much.
_LEAST_EACH = 4
_LONGEST_SECONDS = 16


@dataclass(frozen=True)
class Target:
    """What is loaded: a path of a server, which takes the body in `body`."""

    name: str
    server: Server
    path: str
    body: Path


@dataclass(frozen=True)
class Round:
    """What one round measured, or the medians of several. `cpu_us`: the server's processor time for one request."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def find() -> str:
    """The path of wrk. Raises `BenchmarkError` with how to get it."""
    path = shutil.which("wrk")
    if path is None:
        raise BenchmarkError("wrk is missing. Debian and Ubuntu: apt-get install wrk.")
    return path


def command(server: Server, connections: int, seconds: int, bodies: Sequence[str]) -> list[str]:
    """The command for a load of `bodies`: path, file, path, file, and so on."""
    words = [find(), "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "30", "-s", str(_SCRIPT)]
    headers = {"Content-Type": "application/json", **server.headers}
    words += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    return [*words, server.url, "--", *bodies]


def load(target: Target, connections: int, seconds: int, cores: Set[int]) -> Round:
    """Load a target for so many seconds. Raises `BenchmarkError` if a request failed."""
    words = command(target.server, connections, seconds, [target.path, str(target.body)])
    before = target.server.cpu_seconds()
    with on_cores(cores):
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=seconds + _GRACE_SECONDS)
    cpu_seconds = target.server.cpu_seconds() - before
    figures = read(done.stdout + done.stderr)
    if figures["refused"] + figures["broken"]:
        raise BenchmarkError(f"requests to {target.name} failed:\n{done.stdout}")
    if figures["requests"] < _LEAST_EACH * connections and seconds < _LONGEST_SECONDS:
        return load(target, connections, min(4 * seconds, _LONGEST_SECONDS), cores)
    if not figures["requests"]:
        raise BenchmarkError(f"{target.name} answered no request in {seconds} s")
    per_second = figures["requests"] / figures["seconds"]
    return Round(per_second, figures["p50_ms"], figures["p99_ms"], cpu_seconds / figures["requests"] * 1e6)


def read(output: str) -> dict[str, Any]:
    """The figures that post.lua wrote. Raises `BenchmarkError` where there are none."""
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise BenchmarkError(f"wrk measured nothing:\n{output}")
    figures: dict[str, Any] = json.loads(line)
    return figures


def check(target: Target, expected: bytes) -> None:
    """Send one request. Raises `BenchmarkError` unless the answer is complete: a 200 that contains `expected`."""
    headers = {"content-type": "application/json", **target.server.headers}
    status, answer = exchange(target.server.port, target.path, target.body.read_bytes(), headers)
    if status != 200 or expected not in answer:
        raise BenchmarkError(f"{target.name} answered {status}: {answer[:500]!r}")
