"""The embedded model as the gateway sees it: the address of an OpenAI-compatible server."""

import asyncio
import json
import secrets
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.embedded.parts import SHA256, find_weights, missing, unavailable
from gateway.errors import GatewayError, Unavailable

MODEL = "smollm2-135m-instruct"

_PROGRAM = Path(__file__).with_name("server.py")
_LOAD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where the model's server listens, and the key that opens it."""

    base_url: str
    api_key: str = field(repr=False)


class EmbeddedModel:
    """Runs the model in a process of its own, started at first use.

    A process, because llama.cpp's server stops by waiting for its requests while it holds Python's
    interpreter lock: with a request queued that is a wait for ever, and everything in the process waits
    along. A process can be ended at any moment, may crash alone, and gives its 250 MB back.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._process: Process | None = None
        self._address: Address | None = None
        self._loading: asyncio.Task[Address] | None = None

    def missing(self) -> str | None:
        """One line that says what is missing and how to install it. Looks at files only."""
        return missing(self._data_dir)

    async def address(self) -> Address:
        """Where the model answers. Loads it where it does not run; callers at the same time share the load.

        Raises `Unavailable`, with the one line of `missing` where something is.
        """
        if self._address and self._process and self._process.returncode is None:
            return self._address
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
            self._loading.add_done_callback(self._loaded)
        # A caller that leaves does not stop the load: the next one wants it too.
        try:
            return await asyncio.shield(self._loading)
        except GatewayError as error:
            # All who wait get the same error, and raising it would add the traceback of each to it.
            raise error.replaced() from None

    async def close(self) -> None:
        """End the model's process, and with it every answer under way. `address` starts a new one."""
        if self._loading:
            self._loading.cancel()
            with suppress(asyncio.CancelledError, Unavailable):
                await self._loading
        process, self._process, self._address = self._process, None, None
        if process:
            await _end(process)

    def _loaded(self, loading: asyncio.Task[Address]) -> None:
        self._loading = None
        if not loading.cancelled():
            loading.exception()  # seen, even where every caller has left

    async def _load(self) -> Address:
        # Looking for packages reads folders, which may lie on a slow disk.
        if line := await asyncio.to_thread(self.missing):
            raise Unavailable(line)
        weights = await asyncio.to_thread(find_weights, self._data_dir)
        key = secrets.token_urlsafe(32)
        order = {"weights": str(weights), "sha256": SHA256, "alias": MODEL, "api_key": key}
        async with AsyncExitStack() as stack:
            process = await _start()
            stack.push_async_callback(_end, process)
            url = await _ask(process, order)
            stack.pop_all()
        self._process = process
        self._address = Address(f"{url}/v1", key)
        return self._address


async def _start() -> Process:
    # -P: the program's folder is no place to import from. A session of its own: Ctrl-C in a
    # terminal is for the gateway, which may still have answers to finish.
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(_PROGRAM),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(unavailable(f"its process cannot be started ({error.strerror})")) from error


async def _ask(process: Process, order: dict[str, str]) -> str:
    """Send the program its order; the URL where it then listens. Raises `Unavailable` if it cannot load."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    try:
        async with asyncio.timeout(_LOAD_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        raise Unavailable(unavailable(f"it did not load within {_LOAD_SECONDS:.0f} seconds")) from None
    if not line:
        raise Unavailable(unavailable(f"its process ended while it loaded ({await _ending(process)})"))
    reply: dict[str, str] = json.loads(line)
    if "failure" in reply:
        raise Unavailable(unavailable(reply["failure"]))
    return reply["url"]


async def _ending(process: Process) -> str:
    code = await process.wait()
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.communicate()
