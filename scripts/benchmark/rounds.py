"""Loads the rows of a group in short alternating rounds, so that whatever else the machine does hits all alike."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import orjson

from scripts.benchmark import wrk
from scripts.benchmark.processes import on_cores
from scripts.benchmark.rows import Group, Row
from scripts.benchmark.servers import UPSTREAM, Servers
from scripts.benchmark.wrk import Round, Target

MOST_SPREAD = 0.15
"""How much the floor may vary between rounds, as (most - least) / median of its requests per second."""
_LEAST_ROUNDS = 3
_WARM_SECONDS = 1


@dataclass(frozen=True)
class Effort:
    """How much is measured: rounds, seconds a round, and whether it is only to be seen that everything works."""

    rounds: int
    seconds: int
    is_quick: bool


@dataclass(frozen=True)
class Figures:
    """A row's rounds in one. `share` is of the first row's requests per second in the same round."""

    name: str
    connections: int
    medians: Round
    share: float
    spread: float


@dataclass(frozen=True)
class Table:
    """What was measured of a group at one number of connections."""

    group: str
    figures: Sequence[Figures]
    rounds: int

    @property
    def objection(self) -> str | None:
        """Why these figures do not count; None where they do."""
        first = self.figures[0]
        if self.rounds < _LEAST_ROUNDS:
            return f"fewer than {_LEAST_ROUNDS} rounds were measured"
        if first.spread > MOST_SPREAD:
            return f"{first.name} varied by {first.spread:.1%} between rounds, more than {MOST_SPREAD:.0%}"
        return None


def measure(group: Group, connections: int, servers: Servers, effort: Effort) -> Table:
    """Load the rows of a group in turn, round after round."""
    targets = [target(row, servers) for row in group.rows]
    cores = servers.cores.load if group.is_pinned else servers.cores.both
    with on_cores(cores, servers.get(UPSTREAM).process.pid):
        for row, one in zip(group.rows, targets, strict=True):
            wrk.check(one, row.expected)
            if not effort.is_quick:
                wrk.load(one, connections, _WARM_SECONDS, cores)
        load = partial(wrk.load, connections=connections, seconds=effort.seconds, cores=cores)
        # One after the other, but where it is only to be seen that they work.
        with ThreadPoolExecutor(len(targets) if effort.is_quick else 1) as threads:
            rounds = [[*threads.map(load, targets)] for _ in range(effort.rounds)]
    first, *_ = columns = list(zip(*rounds, strict=True))
    figures = [summary(row.name, connections, column, first) for row, column in zip(group.rows, columns, strict=True)]
    return Table(group.key, figures, effort.rounds)


def summary(name: str, connections: int, rounds: Sequence[Round], first: Sequence[Round]) -> Figures:
    """The medians of a row's rounds, beside those of the first row."""
    medians = Round(*map(median, zip(*map(astuple, rounds), strict=True)))
    speeds = [one.per_second for one in rounds]
    share = median(one.per_second / beside.per_second for one, beside in zip(rounds, first, strict=True))
    return Figures(name, connections, medians, share, (max(speeds) - min(speeds)) / medians.per_second)


def target(row: Row, servers: Servers) -> Target:
    """What wrk is given of a row: its server, running, and its body in a file."""
    folder: Path = servers.folder
    body = folder / f"body-{len(list(folder.glob('body-*')))}.json"
    body.write_bytes(orjson.dumps(row.body))
    return Target(row.name, servers.get(row.server), row.path, body)
