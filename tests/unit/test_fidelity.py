"""docs/fidelity.md says what the code does, and nothing is lost in silence."""

from pathlib import Path

import pytest

from gateway.providers import ROWS
from scripts.documents import fidelity
from scripts.documents.command import PAGES, run
from scripts.documents.probes import CONTENT, RESPONSES, SETTINGS, TOOLS

ROOT = Path(__file__).parents[2]
PROBES = [*SETTINGS, *TOOLS, *CONTENT, *RESPONSES]


def test_pages_are_what_the_code_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ROOT, ["--check"]) == 0, capsys.readouterr().out


def test_check_shows_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    run(tmp_path, [])
    page = tmp_path / "docs" / next(iter(PAGES))
    page.write_text(page.read_text().replace("temperature", "heat", 1))

    assert run(tmp_path, ["--check"]) == 1
    assert "-| heat" in capsys.readouterr().out


@pytest.mark.parametrize("column", fidelity.columns(), ids=lambda column: f"{column.title}-{column.model}")
def test_nothing_is_lost_in_silence(column: fidelity.Column) -> None:
    silent = [probe.name for probe in PROBES if fidelity.outcome(probe, column) == fidelity.SILENT]
    assert silent == []


def test_every_provider_has_its_column() -> None:
    assert {column.row.name for column in fidelity.columns()} == set(ROWS)
