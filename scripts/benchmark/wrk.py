"""Runs wrk for one short round."""

import json
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.benchmark.errors import BenchmarkError
from scripts.benchmark.processes import Server, on_core

_SCRIPT = Path(__file__).with_name("post.lua")
_MOST_SECONDS = 3600
_GRACE_SECONDS = 10.0
# On a machine that is busy with other things wrk may take longer to begin than it is to load.
_STRETCHES = (1, 4, 16)


@dataclass(frozen=True)
class Target:
    """What is loaded: a path of a server that takes the body in `body`."""

    name: str
    server: Server
    path: str
    body: Path
    key: str


@dataclass(frozen=True)
class Round:
    """What one round measured."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of the server's processor time for one request."""
        return self.cpu_seconds / self.requests * 1e6


def find() -> str:
    """The path of wrk. Raises `BenchmarkError` that says how to get it."""
    path = shutil.which("wrk")
    if path is None:
        raise BenchmarkError("wrk is missing. Debian and Ubuntu: apt-get install wrk; macOS: brew install wrk.")
    return path


def load(target: Target, connections: int, seconds: float, core: int | None) -> Round:
    """Load a target for so many seconds. Raises `BenchmarkError` if any request failed."""
    command = [find(), "-t1", f"-c{connections}", f"-d{_MOST_SECONDS}", "-s", str(_SCRIPT)]
    command += ["-H", f"Authorization: Bearer {target.key}", "-H", "Content-Type: application/json"]
    command += [target.server.url + target.path, "--", str(target.body)]
    for stretch in _STRETCHES:
        cpu_before = target.server.cpu_seconds()
        output = _interrupted(command, seconds * stretch, core)
        if output is not None:
            return replace(_read(output, target.name), cpu_seconds=target.server.cpu_seconds() - cpu_before)
    raise BenchmarkError(f"wrk told nothing about {target.name}")


def _interrupted(command: list[str], seconds: float, core: int | None) -> str | None:
    """What wrk tells when it is interrupted; None where it was not ready to be so yet."""
    with on_core(core):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        # wrk itself counts in whole seconds; interrupted, it stops and tells what it has.
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=_GRACE_SECONDS)
        return output or None
    except subprocess.TimeoutExpired:
        return None
    finally:
        process.kill()
        process.wait()


def _read(output: str, name: str) -> Round:
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise BenchmarkError(f"wrk told nothing about {name}:\n{output}")
    told = json.loads(line)
    if told.pop("errors"):
        raise BenchmarkError(f"requests to {name} failed:\n{output}")
    if not told["requests"]:
        raise BenchmarkError(f"{name} answered no request in {told['seconds']:.1f} s")
    return Round(**told)
