"""The command line of scripts/bench."""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from scripts.benchmark import profiling, soak, wrk
from scripts.benchmark.errors import BenchmarkError
from scripts.benchmark.parts import PARTS
from scripts.benchmark.processes import Cores
from scripts.benchmark.rounds import Effort
from scripts.benchmark.sections import Aim, Bench, Section
from scripts.benchmark.servers import Place, Servers, servers
from scripts.benchmark.slow_streams import Slow
from scripts.benchmark.tables import table

_BUSY = 0.5


def run(root: Path, arguments: Sequence[str]) -> int:
    """Do what the arguments ask; the exit status. Targets that are missed are told, and are no failure."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        wrk.find()
        with tempfile.TemporaryDirectory(prefix="waystone-bench-") as folder:
            place = Place(root, Path(folder), Cores.choose())
            print(_heading(place.cores), flush=True)
            if options.soak:
                text, aims = soak.report(place, options.minutes)
                print(f"{text}\n### Targets\n\n{_aims(aims)}")
            elif options.profile:
                for text in profiling.report(place, options.seconds or (0.5 if options.quick else 4.0)):
                    print(text, flush=True)
            else:
                _bench(place, options)
    except BenchmarkError as error:
        print(f"scripts/bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measure the gateway beside a bare proxy with the same libraries."
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds in all; the figures mean nothing")
    parser.add_argument("--seconds", type=_seconds, help="the length of a round [1; with --profile 4]")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", help="rounds a figure [5]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file, too")
    parser.add_argument("--profile", action="store_true", help="show where the time goes, and measure nothing else")
    parser.add_argument("--soak", action="store_true", help="load it with failures for minutes, and watch its memory")
    parser.add_argument("--minutes", type=float, default=10.0, help="the length of a soak [10]")
    parser.add_argument("--only", type=_parts, default=list(PARTS), metavar="PARTS", help=f"some of {','.join(PARTS)}")
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError("expected 0.1 to 3600 seconds")
    return value


def _parts(text: str) -> list[str]:
    asked = text.split(",")
    unknown = [name for name in asked if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    return [name for name in PARTS if name in asked]


def _bench(place: Place, options: argparse.Namespace) -> None:
    sections: dict[str, Section] = {}
    with servers(place) as running:
        bench = _sized(place, running, options)
        rounds = f"{bench.effort.rounds} rounds of {bench.effort.seconds:g} s"
        print(f"Medians of {rounds}. CPU: what the server itself used for one request.\n", flush=True)
        for name in options.only:
            sections[name] = PARTS[name](bench)
            print(sections[name].text, flush=True)
    aims = [aim for section in sections.values() for aim in section.aims]
    if aims:
        print("### Targets\n\n" + _aims(aims))
    if options.json:
        document = {
            "parts": {name: section.figures for name, section in sections.items()},
            "targets": [{**asdict(aim), "is_met": aim.is_met} for aim in aims],
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n")


def _sized(place: Place, running: Servers, options: argparse.Namespace) -> Bench:
    """How much to measure."""
    if options.quick:
        effort = Effort(options.rounds or 1, options.seconds or 0.2, [8])
        return Bench(place, running, effort, Slow(streams=50, events=5, pause=0.05), first_events=5, starts=1, turns=10)
    effort = Effort(options.rounds or 5, options.seconds or 1.0, [1, 8, 32])
    return Bench(place, running, effort, Slow(streams=500, events=50, pause=0.2), first_events=100, starts=3, turns=500)


def _heading(cores: Cores) -> str:
    python, machine = platform.python_version(), platform.machine()
    lines = [
        f"## Benchmark with Python {python} on {machine}, {os.cpu_count()} cores\n",
        f"Loopback only; {cores}.",
    ]
    load = os.getloadavg()[0]
    if load > _BUSY:
        lines.append(f"The machine is busy with other things (load {load:.1f}): trust the ratios, not the speeds.")
    return "\n".join(lines)


def _aims(aims: Sequence[Aim]) -> str:
    rows = [
        [
            aim.what,
            f"{aim.measured:.2f} {aim.unit}".rstrip(),
            f"{'at least' if aim.is_least else 'at most'} {aim.target:g} {aim.unit}".rstrip(),
            "yes" if aim.is_met else "no",
        ]
        for aim in aims
    ]
    return table(["target", "measured", "wanted", "reached"], rows)


def _stop(number: int, frame: FrameType | None) -> None:
    # An exception, so that every server that was started is stopped on the way out.
    sys.exit(128 + number)
