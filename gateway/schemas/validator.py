"""Asks the schema process whether a caller's schema can be used, and whether an answer is valid against it."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import structlog

from gateway.contract.wording import param
from gateway.errors import InvalidRequest, Unavailable, UpstreamDown
from gateway.schemas.process import NO_DOCUMENT, REPLY, REQUEST
from gateway.schemas.turns import Turns
from gateway.settings.bounds import SchemaBounds

IDLE_SECONDS = 60.0
"""After which the process ends: what it needed of memory returns."""
MOST_WAITING = 500
"""Requests that wait for the process; more are refused with a 503."""

_PROGRAM = Path(__file__).with_name("process.py")
# Far over its processor time, which is what is meant to end it: the machine may have other things to do.
_WALL_SECONDS = 30.0
_EXIT_SECONDS = 1.0
# By its processor time, by us after the time above, and where native code ran out of memory or of stack.
_LIMITED = frozenset({-signal.SIGPROF, -signal.SIGKILL, -signal.SIGABRT, -signal.SIGSEGV})
_NOT_RUNNING = "Answers cannot be validated against schemas now. Try again later."

log = structlog.get_logger(__name__)


class TooCostly(Exception):
    """The process was ended by one of its limits."""


class SchemaValidator:
    """One process for all requests of a worker, started when it is first needed."""

    def __init__(self, bounds: SchemaBounds) -> None:
        self.bounds = bounds
        self._process: asyncio.subprocess.Process | None = None
        self._turns = Turns()
        self._idle: asyncio.TimerHandle | None = None
        # A request that is cancelled has been sent: its answer must be read before the next one is.
        self._exchanges: set[asyncio.Task[dict[str, Any]]] = set()

    async def ask(self, key_id: str, schema: bytes, document: str | None = None) -> dict[str, Any]:
        """What the process answers (`gateway.schemas.process`).

        Raises `TooCostly`, or `Unavailable` when it is overrun or cannot be run.
        """
        if len(self._exchanges) >= MOST_WAITING:
            raise Unavailable("Too many answers are waiting to be validated against their schemas. Try again later.")
        exchange = asyncio.create_task(self._in_turn(key_id, schema, document))
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

    async def _in_turn(self, key_id: str, schema: bytes, document: str | None) -> dict[str, Any]:
        async with self._turns.of(key_id):
            return await self._exchange(schema, None if document is None else document.encode("utf-8", "replace"))

    async def _exchange(self, schema: bytes, document: bytes | None) -> dict[str, Any]:
        if self._idle is not None:
            self._idle.cancel()
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_WALL_SECONDS):
                length = NO_DOCUMENT if document is None else len(document)
                process.stdin.writelines((REQUEST.pack(len(schema), length), schema, document or b""))
                await process.stdin.drain()
                (size,) = REPLY.unpack(await process.stdout.readexactly(REPLY.size))
                reply: dict[str, Any] = orjson.loads(await process.stdout.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            exit_code = await self._end(process)
            if exit_code not in _LIMITED:
                log.error("schema_process_failed", exit_code=exit_code)
                raise Unavailable(_NOT_RUNNING) from None
            log.warning("schema_process_limited", exit_code=exit_code, schema_bytes=len(schema))
            raise TooCostly from None
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._retire)
        return reply

    async def _start(self) -> asyncio.subprocess.Process:
        # Isolated from the folder and the environment of the server, and from the signals of its terminal.
        try:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(_PROGRAM), json.dumps(self.bounds.model_dump())),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
                start_new_session=True,
            )
        except OSError as error:
            log.error("schema_process_failed", reason=error.strerror)
            raise Unavailable(_NOT_RUNNING) from None

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


class AnswerSchema:
    """The schema that one request's answer must be valid against; `place` is where it stands in that request."""

    def __init__(
        self, validator: SchemaValidator, key_id: str, schema: Mapping[str, Any], place: Sequence[str]
    ) -> None:
        self._validator = validator
        self._key_id = key_id
        self._schema = schema
        self._place = place
        self._written = b""

    async def require_usable(self) -> None:
        """Raise `InvalidRequest` for a schema that is none or is over a bound, with the bound and the place."""
        bounds = self._validator.bounds
        try:
            self._written = orjson.dumps(self._schema)
        except TypeError:
            raise self._refusal("nesting", ()) from None
        if len(self._written) > bounds.bytes:
            raise self._refusal("bytes", ())
        try:
            reply = await self._validator.ask(self._key_id, self._written)
        except TooCostly:
            raise self._refusal("cpu_seconds", ()) from None
        if reply["verdict"] != "usable":
            raise self._refusal(reply["reason"], reply["path"])

    async def require(self, text: str, provider: str) -> None:
        """Raise `UpstreamDown` for an answer that is not valid against the schema."""
        try:
            verdict = (await self._validator.ask(self._key_id, self._written, text))["verdict"]
        except TooCostly:
            verdict = "costly"
        if verdict != "valid":
            raise UpstreamDown(f"{provider} {_FAULTS[verdict]}.", code="upstream_bad_reply")

    def _refusal(self, reason: str, path: Sequence[Any]) -> InvalidRequest:
        place = param((*self._place, *path))
        message = f"{_REASONS[reason].format(**self._validator.bounds.model_dump())}; see {place}."
        return InvalidRequest(message, param=place, code="invalid_json_schema")


_HOLDS = "The gateway itself holds this model's answer to the schema, and takes schemas of at most"
_REASONS = {
    "bytes": f"{_HOLDS} {{bytes}} bytes",
    "nesting": f"{_HOLDS} {{nesting}} levels of nesting",
    "patterns": f"{_HOLDS} {{patterns}} patterns",
    "properties": f"{_HOLDS} {{properties}} properties",
    "pattern": "The pattern is no regular expression without look-around and back-references that takes at most "
    "{pattern_bytes} bytes when compiled",
    "cpu_seconds": f"{_HOLDS} {{cpu_seconds}} s of processor time to compile, and of 1 GiB of memory",
    "invalid": "The schema of the response format is no JSON Schema that an answer can be validated against",
}
_FAULTS = {
    "not_json": "answered with something that is not JSON, though the response format asks for it",
    "invalid": "answered with JSON that is not of the form that the response format asks for",
    "costly": "answered with JSON that takes too long to validate against the schema of the response format",
}
