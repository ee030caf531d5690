"""One run of schemathesis against a gateway of its own: every operation, all checks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.forgiving import NATIVE_MODELS, chat_upstream, responses_upstream
from tests.contract.kinds import VARIABLE
from tests.servers.chat_upstream import KEY as UPSTREAM_KEY
from tests.servers.gateway import KEY, ROOT, RunningGateway, running_gateway
from tests.servers.thread import serving

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
        """Whether every operation that takes part was tested and no phase was cut short."""
        operations = self.report["operations"]
        return bool(self.report["complete"]) and operations["tested"] == operations["selected"]


@contextmanager
def fuzzed_gateway(folder: Path) -> Iterator[RunningGateway]:
    """A gateway with two providers that answer whatever is asked: `test` speaks chat, `native` the Responses API."""
    with serving(chat_upstream()) as chat, serving(responses_upstream()) as responses:
        test = {"dialect": "openai-chat", "base_url": f"{chat}/v1", "api_key": UPSTREAM_KEY, "hosted_tools": "drop"}
        native: dict[str, Any] = {"dialect": "openai-responses", "base_url": f"{responses}/v1"}
        native["stored_prompts"] = True
        native |= {"api_key": UPSTREAM_KEY, "models": list(NATIVE_MODELS)}
        with running_gateway(folder, {"providers": {"test": test, "native": native}}) as gateway:
            yield gateway


@dataclass(frozen=True)
class Plan:
    """What a run consists of."""

    configuration: str = "schemathesis.toml"
    phases: Sequence[str] = PHASES
    operations: Sequence[str] = ()
    """Those that take part; all do where there are none."""


EVERYTHING = Plan()
GENERATING = tuple(
    f"POST {family}/{operation}"
    for family in ("/v1", "/api/gateway/v1")
    for operation in ("chat/completions", "responses")
)
DIALECTS = Plan("tests/contract/dialects.toml", ("examples", "coverage", "fuzzing"), GENERATING)
"""The operations that generate, as they are asked of providers of every dialect."""


def fuzz(
    url: str, examples: int, folder: Path, *, seed: int | None = None, kinds: int | None = None, plan: Plan = EVERYTHING
) -> Run:
    """Fuzz the gateway at `url` with so many examples an operation; the report is left in `folder`.

    With `kinds`, only so many kinds of items and tools take part, drawn by the seed.
    """
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", plan.configuration, "run"]
    command += [f"{url}/openapi.json", "--no-color", "--phases", ",".join(plan.phases)]
    for operation in plan.operations:
        command += ["--include-name", operation]
    command += ["--max-examples", str(examples), "--workers", "1"]
    command += ["--report", "json", "--report-json-path", str(report)]
    if seed is not None:
        command += ["--seed", str(seed)]
    environment = {**os.environ, "WAYSTONE_API_KEY": KEY, "PYTHONPATH": str(ROOT)}
    if kinds is not None:
        environment[VARIABLE] = f"{kinds}:{seed or 0}"
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=DEADLINE
    )
    output = done.stdout + done.stderr
    if not report.exists():
        raise RuntimeError(f"schemathesis wrote no report:\n{output}")
    return Run(done.returncode, output, json.loads(report.read_text()))
