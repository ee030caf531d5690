"""Counts the recordings that were replayed, by provider and API, at the end of a run."""

import re
from collections import defaultdict
from typing import Any

import pytest

from tests.replay.recordings import FOLDER

# A test of one recording is named after the recording's file.
_RECORDING = re.compile(r"([a-z_]+)/\d{3}(?=-)")
_OUTCOMES = ("passed", "failed", "skipped")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """A line for each provider: recordings replayed, and those of which any test failed."""
    if not FOLDER.is_dir():
        return
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for outcome in _OUTCOMES:
        for report in terminalreporter.stats.get(outcome, ()):
            found = _RECORDING.search(getattr(report, "nodeid", "").partition("[")[2])
            if found:
                seen[found[1]][outcome].add(found[0])
    if not seen:
        return
    terminalreporter.section("recordings replayed, of those in ../shared")
    for provider in sorted(seen):
        outcomes = seen[provider]
        replayed = set().union(*outcomes.values())
        there = len(list((FOLDER / provider).glob("*.json")))
        failed = len(outcomes["failed"])
        terminalreporter.write_line(f"{provider:28} {len(replayed):3} of {there:3}, {failed} failed")
