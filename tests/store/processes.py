"""Programs that tests run beside themselves, as other workers would run."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SHARED = """
import asyncio, sys, time
from functools import partial
from pathlib import Path
from gateway.auth import KeyRing
from gateway.neutral.end_user import EndUser, Entity
from gateway.store.database import Database
from gateway.store.journal import Append, Journal, UsageRow

def row(name, **fields):
    return UsageRow(request_id=name, time=time.time(), key_id="env", operation="chat", **fields)

async def signal(word):
    print(word, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

async def main(url, name, folder):
"""


async def start(program: str, url: str, name: str = "", folder: Path = Path(os.devnull)) -> Process:
    """Start Python on `program`, the body of an async function that knows `url`, `name` and `folder`.

    `await signal(word)` in it prints the word and waits for a line.
    """
    body = "\n".join(f"    {line}" for line in program.strip().splitlines())
    source = f"{_SHARED}{body}\n\nasyncio.run(main(*sys.argv[1:3], Path(sys.argv[3])))"
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", source, url, name, str(folder)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=ROOT,
    )


async def hear(process: Process) -> str:
    """The next line that the program prints."""
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode().strip()
    if not line:
        await finish(process)
    return line


def tell(process: Process) -> None:
    """Let a program go on that waits in `signal`."""
    assert process.stdin is not None
    process.stdin.write(b"go\n")


async def finish(process: Process) -> list[str]:
    """The remaining lines of a program, which must have ended well."""
    said, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return said.decode().splitlines()
