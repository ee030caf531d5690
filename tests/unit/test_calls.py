"""The Python function calls of one request stay below a ceiling, which a change that needs more has to raise."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CEILINGS = {"plain": 64, "stream": 271, "stored response": 152, "translated": 211, "translated stream": 507}
"""What `scripts/bench --calls` counted when they were last changed. Lower them with what makes a request cheaper."""


def test_no_request_takes_more_function_calls_than_its_ceiling() -> None:
    # In a process of its own: what other tests have imported or patched would be counted, too.
    command = [sys.executable, "-m", "scripts.benchmark.command", "--calls"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=ROOT)
    calls = {
        name: int(count) for name, count in re.findall(r"^\| (\w[\w ]*?) +\| +(\d+) \|$", done.stdout, re.MULTILINE)
    }
    assert calls.keys() == CEILINGS.keys()
    # Other versions of Python call comprehensions and their own library differently.
    if sys.version_info[:2] == (3, 11):
        assert not {name: count for name, count in calls.items() if count > CEILINGS[name]}
