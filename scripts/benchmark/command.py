"""The command line of scripts/bench."""

import argparse
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType

from scripts.benchmark import calls, peers, report, resting, rounds, soak, streams, wrk
from scripts.benchmark.processes import BenchmarkError, Cores
from scripts.benchmark.rounds import Effort, Table
from scripts.benchmark.rows import GROUPS, Group, Row
from scripts.benchmark.servers import Servers

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Bench:
    """What every part is given; `others` are the peers that run. What the groups measured is collected in `tables`."""

    servers: Servers
    effort: Effort
    others: Sequence[str]
    tables: list[Table]


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments request; the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        if options.calls:
            print(calls.report())
        else:
            wrk.find()
            _run(options)
    except BenchmarkError as error:
        print(f"scripts/bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench", description="Measure the gateway beside a bare proxy.")
    parser.add_argument("--quick", action="store_true", help="only see that all of it works; the figures mean nothing")
    parser.add_argument("--seconds", type=int, choices=range(1, 3601), metavar="N", help="the length of a round [2]")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", help="rounds of a row [5]")
    parser.add_argument("--only", type=_parts, default=list(PARTS), metavar="PARTS", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--peers", action="store_true", help="run Portkey and LiteLLM, too; installs them when missing")
    parser.add_argument("--calls", action="store_true", help="count Python function calls of one request, and no more")
    parser.add_argument("--soak", action="store_true", help="load it with failures for minutes and watch its memory")
    parser.add_argument("--minutes", type=float, default=10.0, metavar="N", help="the length of a soak [10]")
    return parser


def _parts(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    return [name for name in PARTS if name in names]


def _run(options: argparse.Namespace) -> None:
    cores = Cores.choose()
    print(_heading(cores), flush=True)
    with tempfile.TemporaryDirectory(prefix="waystone-bench-") as folder, ExitStack() as stack:
        running = Servers(ROOT, Path(folder), cores, stack)
        if options.soak:
            print(soak.report(running, options.minutes))
        else:
            _bench(running, options)


def _bench(running: Servers, options: argparse.Namespace) -> None:
    short, long = (1, 1), (options.rounds or 5, options.seconds or 2)
    effort = Effort(*(short if options.quick else long), is_quick=options.quick)
    print(f"Medians of {effort.rounds} alternating rounds of {effort.seconds} s.", flush=True)
    bench = Bench(running, effort, _started(running) if options.peers else [], [])
    for name in options.only:
        print(f"\n{PARTS[name](bench)}", end="", flush=True)
    if bench.tables:
        print(f"\n{report.verdict(bench.tables)}")


def _started(running: Servers) -> list[str]:
    """The names of the peers that run; why another does not is printed."""
    names = []
    for peer in peers.PEERS:
        try:
            peers.start(peer, running)
            names.append(peer.name)
        except BenchmarkError as error:
            print(f"\n{peer.name} {peer.version} is not measured: {error}")
    return names


def _group(group: Group, bench: Bench) -> str:
    if group.has_peers:
        body = group.rows[0].body
        group = replace(group, rows=[*group.rows, *(Row(name, body) for name in bench.others)])
    connections = group.connections[:1] if bench.effort.is_quick else sorted(group.connections)
    tables = [rounds.measure(group, number, bench.servers, bench.effort) for number in connections]
    bench.tables.extend(tables)
    return report.group(group.title, tables)


PARTS: Mapping[str, Callable[[Bench], str]] = {
    **{group.key: partial(_group, group) for group in GROUPS},
    "first-event": lambda bench: streams.first_events(bench.servers, 3 if bench.effort.is_quick else 100),
    "slow": lambda bench: streams.slow_streams(
        bench.servers, *((50, "brief") if bench.effort.is_quick else (500, "slow"))
    ),
    "start": lambda bench: resting.starts(bench.servers, 1 if bench.effort.is_quick else 3),
}


def _heading(cores: Cores) -> str:
    python, machine = platform.python_version(), platform.machine()
    return (
        f"## Benchmark with Python {python} on {machine}, {os.cpu_count()} cores\n\n"
        f"Loopback only; the server on core {min(cores.server)}, wrk and the upstream on core {min(cores.load)}.\n"
        f"Load of the machine before the run: {os.getloadavg()[0]:.2f}."
    )


def _stop(number: int, frame: FrameType | None) -> None:
    # An exception, so that every server that was started is stopped on the way out.
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
