"""A process of ours that does one kind of work, a request at a time, for all requests of a worker."""

import asyncio
import signal
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from gateway.companion.turns import Turns
from gateway.errors import Unavailable
from gateway.neutral.values import value

IDLE_SECONDS = 60.0
"""After which the process ends: what it needed of memory returns."""
MOST_WAITING = 500
"""Requests that wait for the process; more are refused with a 503."""
REPLY = struct.Struct(">I")
"""What stands before each answer: its length."""

# Far over its processor time, which is what is meant to end it: the machine may have other things to do.
_WALL_SECONDS = 30.0
_EXIT_SECONDS = 1.0
# By its processor time, by us after the time above, and where native code ran out of memory or of stack.
_LIMITED = frozenset({-signal.SIGPROF, -signal.SIGKILL, -signal.SIGABRT, -signal.SIGSEGV})

log = structlog.get_logger(__name__)


class TooCostly(Exception):
    """The process was ended by one of its limits."""


@value
class Program:
    """What such a process runs: a file that imports nothing of ours, and its arguments.

    It reads requests from standard input until that ends, and writes for each a `REPLY` and so many bytes. It sets
    limits of its own on processor time and memory; a request that exceeds one ends it.
    """

    name: str
    """What it is called in the log."""
    path: Path
    arguments: Sequence[str]
    overrun: str
    """The message for clients while too many requests wait for it."""
    unavailable: str
    """The message for clients where it cannot be run."""


class Companion:
    """One process for all requests of a worker, started when it is first needed."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._turns = Turns()
        self._idle: asyncio.TimerHandle | None = None
        # A request that is cancelled has been sent: its answer must be read before the next one is.
        self._exchanges: set[asyncio.Task[bytes]] = set()

    @property
    def process_id(self) -> int | None:
        """The id of the process while it runs."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    async def ask(self, key_id: str, request: Sequence[bytes]) -> bytes:
        """What the process answers to a request, which is these bytes one after the other. Keys take turns.

        Raises `TooCostly`, or `Unavailable` when it is overrun or cannot be run.
        """
        if len(self._exchanges) >= MOST_WAITING:
            raise Unavailable(self._program.overrun)
        exchange = asyncio.create_task(self._in_turn(key_id, request))
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._exchanges.discard)
        return await asyncio.shield(exchange)

    async def close(self) -> None:
        """End the process, and whatever it is doing."""
        for exchange in self._exchanges:
            exchange.cancel()
        if self._process is not None:
            # At once: idle, it would not end by itself.
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._end(self._process)

    async def _in_turn(self, key_id: str, request: Sequence[bytes]) -> bytes:
        async with self._turns.of(key_id):
            return await self._exchange(request)

    async def _exchange(self, request: Sequence[bytes]) -> bytes:
        if self._idle is not None:
            self._idle.cancel()
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_WALL_SECONDS):
                process.stdin.writelines(request)
                await process.stdin.drain()
                (size,) = REPLY.unpack(await process.stdout.readexactly(REPLY.size))
                reply = await process.stdout.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            raise await self._failure(process, request) from None
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._retire)
        return reply

    async def _failure(self, process: asyncio.subprocess.Process, request: Sequence[bytes]) -> Exception:
        """The error of a request that has no answer. The process is ended."""
        name, exit_code = self._program.name, await self._end(process)
        if exit_code not in _LIMITED:
            log.error(f"{name}_process_failed", exit_code=exit_code)
            return Unavailable(self._program.unavailable)
        log.warning(f"{name}_process_limited", exit_code=exit_code, request_bytes=sum(map(len, request)))
        return TooCostly()

    async def _start(self) -> asyncio.subprocess.Process:
        # Isolated from the folder and the environment of the server, and from the signals of its terminal.
        try:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(self._program.path), *self._program.arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
                start_new_session=True,
            )
        except OSError as error:
            log.error(f"{self._program.name}_process_failed", reason=error.strerror)
            raise Unavailable(self._program.unavailable) from None

    def _retire(self) -> None:
        """End the process when it has been idle. The end of its standard input is the end of it."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process = None

    async def _end(self, process: asyncio.subprocess.Process) -> int:
        """End the process, if it has not ended by itself; its exit code."""
        self._process = None
        if self._idle is not None:
            self._idle.cancel()
        with suppress(TimeoutError):
            # It closes its pipes a moment before its exit code is known.
            async with asyncio.timeout(_EXIT_SECONDS):
                return await process.wait()
        with suppress(ProcessLookupError):
            process.kill()
        return await process.wait()
