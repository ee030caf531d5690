"""scripts/bench works; what it measures is nobody's business here."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PARTS = (
    *("plain", "stream", "latency", "memory", "slow", "start", "responses", "large", "chain"),
    *("decoding", "translation"),
)
ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 120.0

pytestmark = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is missing (Debian: apt-get install wrk)")


def _bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "bench"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE)


def test_quick_benchmark_measures_every_part(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = _bench("--quick", "--json", str(file))
    assert done.returncode == 0, done.stderr
    figures = json.loads(file.read_text())
    assert set(figures["parts"]) == set(PARTS)
    assert all(one["per_second"] > 0 for part in ("plain", "stream") for one in figures["parts"][part])
    assert figures["parts"]["slow"]["lost"] == 0
    assert len(figures["targets"]) == 16 + 6 + 5
    assert "| /api/gateway/v1/responses " in done.stdout
    assert " /v1/responses, store: true " in done.stdout
    assert "### Targets" in done.stdout


def test_profile_names_the_functions_that_cost_most() -> None:
    done = _bench("--quick", "--profile")
    assert done.returncode == 0, done.stderr
    assert "Profile of plain chat" in done.stdout
    assert "Profile of streamed chat" in done.stdout
    assert "gateway/contract/stage.py" in done.stdout


def test_soak_tells_the_slope_of_memory() -> None:
    done = _bench("--soak", "--minutes", "0.05")
    assert done.returncode == 0, done.stderr
    assert "Slope after the first quarter: " in done.stdout
    assert "growth of memory" in done.stdout


def test_part_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    done = _bench("--only", "plain,speed")
    assert done.returncode == 2
    assert "there is no part 'speed'; there are plain, stream, latency, memory, slow, start, responses" in done.stderr
