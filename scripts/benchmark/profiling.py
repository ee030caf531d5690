"""Shows where the gateway's time goes under load, by module and by function."""

import pstats
import re
import signal
import sysconfig
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark import wrk
from scripts.benchmark.bodies import Bodies
from scripts.benchmark.errors import BenchmarkError
from scripts.benchmark.servers import Place, running_gateway, running_upstream
from scripts.benchmark.tables import table

_CONNECTIONS = 8
_WARM_SECONDS = 0.3
_WRITE_SECONDS = 20.0
_FUNCTIONS = 40
_BUILT_IN = re.compile(r"<(?:built-in method (?P<function>[\w.]+)|method '\w+' of '(?P<type>[\w.]+)' objects)>")


@dataclass(frozen=True)
class Cost:
    """One function's own time."""

    module: str
    place: str
    calls: int
    seconds: float


def report(place: Place, seconds: float) -> Iterator[str]:
    """Tables for plain and for streamed chat."""
    for is_stream in (False, True):
        requests, costs = _measure(place, seconds, is_stream=is_stream)
        kind = "streamed" if is_stream else "plain"
        yield f"### Profile of {kind} chat: {requests} requests under cProfile\n"
        yield from _tables(costs, requests)
    yield (
        "cProfile adds its own cost to every call, so many small functions look dearer than they are: "
        "the order tells, not the sum.\n"
    )


def _measure(place: Place, seconds: float, *, is_stream: bool) -> tuple[int, list[Cost]]:
    file = place.folder / f"profile-{is_stream}"
    command = ("-m", "scripts.benchmark.profiled", str(file), "serve", "--port", "{port}")
    with running_upstream(place) as upstream, running_gateway(place, upstream, command) as gateway:
        target = Bodies(place.folder).gateway_chat(gateway, is_stream=is_stream)
        wrk.load(target, _CONNECTIONS, _WARM_SECONDS, place.cores.load)
        gateway.process.send_signal(signal.SIGUSR1)
        measured = wrk.load(target, _CONNECTIONS, seconds, place.cores.load)
        gateway.process.send_signal(signal.SIGUSR2)
        deadline = time.monotonic() + _WRITE_SECONDS
        while not file.exists():
            if time.monotonic() > deadline:
                raise BenchmarkError("the profiled gateway wrote no profile")
            time.sleep(0.01)
    return measured.requests, list(_costs(file, place.root))


def _costs(file: Path, root: Path) -> Iterator[Cost]:
    # pstats knows its own attribute, its type stubs do not.
    entries = vars(pstats.Stats(str(file)))["stats"]
    for (path, line, name), (_, calls, own, *_rest) in entries.items():
        module = _module(path, name, root)
        yield Cost(module, name if path == "~" else f"{module}:{line} {name}", calls, own)


def _module(path: str, name: str, root: Path) -> str:
    """The module for our own code, the package for others', the library behind a built-in function."""
    if path == "~":
        found = _BUILT_IN.search(name)
        full = (found["function"] or found["type"] or "") if found else ""
        return f"{full.split('.')[0]} (compiled)" if "." in full else "built-in functions"
    file = Path(path)
    if file.is_relative_to(root) and ".venv" not in file.parts:
        return file.relative_to(root).as_posix()
    for library in (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")):
        if file.is_relative_to(library):
            return file.relative_to(library).as_posix()
    return file.name


def _tables(costs: list[Cost], requests: int) -> Iterator[str]:
    total = sum(cost.seconds for cost in costs)
    modules: dict[str, float] = defaultdict(float)
    for cost in costs:
        modules[cost.module] += cost.seconds
    ordered = sorted(modules.items(), key=lambda item: -item[1])
    yield table(
        ["module", "own µs a request", "share"],
        [
            [name, f"{seconds / requests * 1e6:.1f}", f"{seconds / total:.1%}"]
            for name, seconds in ordered
            if seconds > total * 0.005
        ],
    )
    dearest = sorted(costs, key=lambda cost: -cost.seconds)[:_FUNCTIONS]
    yield table(
        ["function", "own µs a request", "calls a request"],
        [
            [f"`{cost.place}`", f"{cost.seconds / requests * 1e6:.1f}", f"{cost.calls / requests:.1f}"]
            for cost in dearest
        ],
    )
