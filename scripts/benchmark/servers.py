"""The three servers of a benchmark: the static upstream, the floor and the gateway."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark.processes import Cores, Program, Server, running

KEY = "sk-gateway-benchmark-0123456789abcdefghijklmnop"
PROVIDER = "bench"
GATEWAY = ("-m", "gateway", "serve", "--port", "{port}")


@dataclass(frozen=True)
class Place:
    """Where a benchmark runs: the project, a folder of its own for what it writes, and the cores."""

    root: Path
    folder: Path
    cores: Cores

    def program(self, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Program:
        """A Python program of the project, with nothing of the caller's environment but what it needs."""
        basic = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(self.root)}
        return Program(name, arguments, {**basic, **(environment or {})}, self.folder)


@dataclass(frozen=True)
class Servers:
    """What is measured. `idle_bytes` is the gateway's memory before it had anything to do."""

    upstream: Server
    floor: Server
    gateway: Server
    idle_bytes: int


@contextmanager
def servers(place: Place) -> Iterator[Servers]:
    """All three, running."""
    with ExitStack() as stack:
        upstream = stack.enter_context(running_upstream(place))
        program = place.program("floor", "-m", "scripts.benchmark.floor", "{port}", f"{upstream.url}/v1")
        floor = stack.enter_context(running(program, place.cores.server))
        gateway = stack.enter_context(running_gateway(place, upstream))
        yield Servers(upstream, floor, gateway, gateway.resident_bytes())


@contextmanager
def running_upstream(place: Place) -> Iterator[Server]:
    """The static upstream, on the core of the load."""
    program = place.program("upstream", "-m", "scripts.benchmark.upstream", "{port}")
    with running(program, place.cores.load) as server:
        yield server


@contextmanager
def running_gateway(place: Place, upstream: Server, arguments: tuple[str, ...] = GATEWAY) -> Iterator[Server]:
    """The gateway as people run it, with a new SQLite database, in front of `upstream`."""
    number = len(list(place.folder.glob("waystone-*.yaml")))
    config = place.folder / f"waystone-{number}.yaml"
    provider = {
        "dialect": "openai-chat",
        "base_url": f"{upstream.url}/v1",
        "api_key": "sk-benchmark-upstream",
        "models": ["static", "late", "slow"],
    }
    # JSON is YAML, too.
    config.write_text(json.dumps({"providers": {PROVIDER: provider}}))
    environment = {
        "WAYSTONE_CONFIG": str(config),
        "WAYSTONE_DATA": str(place.folder / f"data-{number}"),
        "WAYSTONE_API_KEY": KEY,
        "LOG_LEVEL": "warning",
    }
    program = place.program("gateway", *arguments, environment=environment)
    with running(program, place.cores.server) as server:
        yield server
