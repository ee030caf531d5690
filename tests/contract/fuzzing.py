"""One run of schemathesis against a running gateway: every operation, all checks."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.gateway import KEY, ROOT

PHASES = ("examples", "coverage", "fuzzing", "stateful")
DEADLINE = 3600.0


@dataclass(frozen=True)
class Run:
    """What came of a run. `report` is schemathesis's own, in JSON."""

    exit_code: int
    output: str
    report: dict[str, Any]

    @property
    def cases(self) -> int:
        """The number of requests that were made and checked."""
        generated: int = self.report["test_cases"]["generated"]
        return generated

    @property
    def is_complete(self) -> bool:
        """Whether every operation was tested and no phase was cut short."""
        operations = self.report["operations"]
        return bool(self.report["complete"]) and operations["tested"] == operations["total"]


def fuzz(url: str, examples: int, folder: Path, *, seed: int | None = None, workers: int = 1) -> Run:
    """Fuzz the gateway at `url` with so many examples an operation; the report is left in `folder`."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--no-color"]
    command += ["--phases", ",".join(PHASES), "--max-examples", str(examples), "--workers", str(workers)]
    command += ["--report", "json", "--report-json-path", str(report)]
    if seed is not None:
        command += ["--seed", str(seed)]
    environment = {**os.environ, "WAYSTONE_API_KEY": KEY, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=DEADLINE
    )
    output = done.stdout + done.stderr
    if not report.exists():
        raise RuntimeError(f"schemathesis wrote no report:\n{output}")
    return Run(done.returncode, output, json.loads(report.read_text()))
