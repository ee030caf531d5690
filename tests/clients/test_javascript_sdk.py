"""The official JavaScript SDK under node: the checks in `javascript/`, each of which tells its outcome in a line."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.gateway import DEADLINE, KEY, RunningGateway

FOLDER = Path(__file__).parent / "javascript"
CHECKS = sorted(
    name for file in FOLDER.glob("*.mjs") for name in re.findall(r'^check\("(.+?)"', file.read_text(), re.MULTILINE)
)

Outcomes = dict[str, str | None]


@pytest.fixture(scope="module")
def outcomes(agent_gateway: RunningGateway) -> Outcomes:
    """What each check came to: None, or what went wrong."""
    node = shutil.which("node")
    missing = "node is not on the PATH" if node is None else _missing_packages()
    if missing:
        # CI leaves nothing out.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{missing}; scripts/test says how to get it")
    done = subprocess.run(
        [node or "node", "main.mjs"],
        capture_output=True,
        text=True,
        check=False,
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], "WAYSTONE_URL": agent_gateway.url, "WAYSTONE_KEY": KEY},
        timeout=DEADLINE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {outcome["name"]: outcome["error"] for outcome in told}


def _missing_packages() -> str | None:
    is_there = (FOLDER / "node_modules" / "openai").is_dir()
    return None if is_there else "the packages of tests/clients/javascript are not installed"


@pytest.mark.parametrize("name", CHECKS)
def test_with_the_javascript_sdk(outcomes: Outcomes, name: str) -> None:
    assert outcomes[name] is None, outcomes[name]


def test_every_check_of_the_javascript_sdk_is_listed(outcomes: Outcomes) -> None:
    assert sorted(outcomes) == CHECKS
