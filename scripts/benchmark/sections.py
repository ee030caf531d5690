"""What a part of a benchmark is given, and what it gives: a section of the report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.benchmark.rounds import Effort
from scripts.benchmark.servers import Place, Servers
from scripts.benchmark.slow_streams import Slow


@dataclass(frozen=True)
class Aim:
    """One of the project's targets, and what was measured. `is_least`: more is better."""

    what: str
    measured: float
    target: float
    unit: str
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.measured >= self.target if self.is_least else self.measured <= self.target


@dataclass(frozen=True)
class Section:
    """What one part found: words for a person, figures for a file, and how they stand to the targets."""

    text: str
    figures: Any
    aims: Sequence[Aim] = field(default=())


@dataclass(frozen=True)
class Bench:
    """What every part is given."""

    place: Place
    servers: Servers
    effort: Effort
    slow: Slow
    first_events: int
    starts: int
    turns: int
    """Turns of the long chain."""
