"""generated/ is what scripts/generate makes of openapi/."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.contract.artifacts import drift
from scripts.contract.command import run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's contract and of what was generated from it."""
    for folder in ("openapi", "generated"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_generated_files_are_what_the_sources_give() -> None:
    result = subprocess.run(
        [sys.executable, ROOT / "scripts" / "generate", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stdout) == (0, "")


def test_check_shows_a_tampered_file_as_a_diff(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = project / "generated" / "openapi.json"
    tampered = bundle.read_text().replace('"title": "Waystone"', '"title": "Milestone"')
    bundle.write_text(tampered)

    assert run(project, ["--check"]) == 1
    shown = capsys.readouterr().out
    assert '-    "title": "Milestone"' in shown
    assert '+    "title": "Waystone"' in shown
    assert bundle.read_text() == tampered


def test_a_missing_file_is_all_difference(tmp_path: Path) -> None:
    assert drift({"models.py": "a\nb\n"}, tmp_path).endswith("@@ -0,0 +1,2 @@\n+a\n+b\n")


def test_generate_mends_what_has_drifted(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "generated" / "openapi.json").write_text("{}")

    assert run(project, []) == 0
    assert capsys.readouterr().out == "wrote generated/openapi.json\n"
    assert run(project, ["--check"]) == 0


def test_sources_that_make_no_contract_are_told_in_a_sentence(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = project / "openapi" / "v1" / "models.yaml"
    models.write_text(models.read_text().replace("errors.yaml#/components/responses/NotFound", "errors.yaml#/gone"))

    assert run(project, []) == 1
    assert capsys.readouterr().err == "scripts/generate: v1/models.yaml: errors.yaml#/gone leads nowhere\n"
