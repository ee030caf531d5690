"""docs/fidelity.md: nothing is lost in silence, and no provider is left out."""

import pytest

from gateway.providers import ROWS
from scripts.documents import fidelity
from scripts.documents.probes import PROBES, SECTIONS


@pytest.mark.parametrize("line", fidelity.lines(), ids=lambda line: f"{line.row.name}-{line.model}")
def test_nothing_is_lost_in_silence(line: fidelity.Line) -> None:
    silent = [probe.name for probe in PROBES if fidelity.outcome(probe, line) == fidelity.SILENT]
    assert silent == []


def test_every_table_has_a_line_for_every_provider() -> None:
    _, *tables = fidelity.document().split("\n## ")
    assert len(tables) == len(SECTIONS)
    for table in tables:
        named = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")]
        assert list(dict.fromkeys(named)) == ["provider", "---", *ROWS, "embedded"]


def test_no_table_is_too_wide_to_be_read() -> None:
    assert max(map(len, SECTIONS.values())) <= 14
