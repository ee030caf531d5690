"""Loads several servers in short alternating rounds, so that what else the machine does hits all alike."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from scripts.benchmark import wrk
from scripts.benchmark.wrk import Round, Target

_WARM_SECONDS = 0.3


@dataclass(frozen=True)
class Effort:
    """How much is measured: rounds, seconds a round, and numbers of connections."""

    rounds: int
    seconds: float
    connections: Sequence[int]


@dataclass(frozen=True)
class Figures:
    """The medians of one target's rounds; `share` is of its part of the first target's speed."""

    name: str
    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    share: float
    cpu_us: float
    spread: float

    def document(self) -> dict[str, Any]:
        """For the JSON file."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def alternate(targets: Sequence[Target], connections: int, effort: Effort, core: int | None) -> list[Figures]:
    """Load the targets in turn, round after round; the first is what the others are compared with."""
    for target in targets:
        wrk.load(target, connections, min(_WARM_SECONDS, effort.seconds), core)
    measured: list[list[Round]] = [[] for _ in targets]
    for _ in range(effort.rounds):
        for target, rounds in zip(targets, measured, strict=True):
            rounds.append(wrk.load(target, connections, effort.seconds, core))
    return [
        _figures(target.name, connections, rounds, measured[0])
        for target, rounds in zip(targets, measured, strict=True)
    ]


def _figures(name: str, connections: int, rounds: Sequence[Round], first: Sequence[Round]) -> Figures:
    speeds = [one.per_second for one in rounds]
    middle = median(speeds)
    return Figures(
        name=name,
        connections=connections,
        per_second=middle,
        p50_ms=median(one.p50_ms for one in rounds),
        p99_ms=median(one.p99_ms for one in rounds),
        share=median(one.per_second / beside.per_second for one, beside in zip(rounds, first, strict=True)),
        cpu_us=median(one.cpu_us for one in rounds),
        spread=(max(speeds) - min(speeds)) / middle,
    )
