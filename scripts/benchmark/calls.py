"""Counts the Python function calls of one warm request: a figure that is the same on every machine and in every run.

The gateway runs in this process. All of it is the real one but the transport, which answers with constant bytes, so
that no HTTP client's calls are counted.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import orjson
import uvloop
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access_log import Access
from gateway.app import create_app
from gateway.contract.sending import CLIENT
from gateway.dialects import DIALECTS
from gateway.errors import Header
from gateway.settings import load
from gateway.wire.transport import Answer, Call, Stream
from gateway.wire.transports import Transports
from scripts.benchmark.processes import BenchmarkError
from scripts.benchmark.report import table
from scripts.benchmark.rows import RESPONSES, Row, chat, responses
from scripts.benchmark.servers import GATEWAY, KEY, provider
from scripts.benchmark.upstream import dialect_of, events
from scripts.benchmark.wires import REPLIES

REQUESTS = (
    Row(GATEWAY, chat(), note="plain"),
    Row(GATEWAY, chat(is_stream=True), note="stream"),
    Row(GATEWAY, responses(store=True), RESPONSES, "stored response"),
    Row(GATEWAY, chat("anthropic-messages/static"), note="translated"),
    Row(GATEWAY, chat("anthropic-messages/static", is_stream=True), note="translated stream"),
)
# The first ones find caches empty; and now and then a task of the background, such as the ledger, runs while a request
# waits, and is counted with it. The fewest calls are those of a warm request alone.
_REPEATED = 50


class ScriptedTransport:
    """Answers each dialect with constant bytes."""

    async def send(self, call: Call) -> Answer:
        return Answer(200, {"content-type": "application/json"}, REPLIES[dialect_of(call.url)])

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[Stream]:
        yield Stream(200, {"content-type": "text/event-stream"}, _chunks(dialect_of(call.url)))


def report() -> str:
    """The counts as Markdown."""
    rows = [[name, str(count)] for name, count in uvloop.run(_measure()).items()]
    return f"### Python function calls of one request on the event loop's thread\n\n{table(('request', 'calls'), rows)}"


async def _measure() -> dict[str, int]:
    async with application() as app:
        return {row.note: await count(app, row) for row in REQUESTS}


async def count(app: ASGIApp, row: Row) -> int:
    """The fewest function calls that a request took."""
    return min([await _count(app, row) for _ in range(_REPEATED)])


async def _count(app: ASGIApp, row: Row) -> int:
    calls = 0

    def on_event(_: FrameType, event: str, __: Any) -> None:
        nonlocal calls
        calls += event == "call"

    await observe(app, row, on_event)
    return calls


async def observe(app: ASGIApp, row: Row, on_event: Callable[[FrameType, str, Any], object]) -> None:
    """Send one request with `on_event` as the profile function. Raises `BenchmarkError` unless it is answered."""

    async def observed(scope: Scope, receive: Receive, send: Send) -> None:
        sys.setprofile(on_event)
        try:
            await app(scope, receive, send)
        finally:
            sys.setprofile(None)

    await _exchange(observed, row)


async def _exchange(app: ASGIApp, row: Row) -> None:
    """Send one request to the application as uvicorn does. Raises `BenchmarkError` unless the answer is complete."""
    body = orjson.dumps(row.body)
    client = _Client(body)

    async def receive() -> Message:
        return await asyncio.Future()

    async def send(message: Message) -> None:
        client.status = message.get("status", client.status)
        client.pieces.append(message.get("body", b""))

    scope = {**_scope(row.path, len(body)), "extensions": {CLIENT: client}}
    # In a task of its own: each time that a request resumes, the coroutines that await it are called again, too.
    await asyncio.ensure_future(app(scope, receive, send))
    answer = b"".join(client.pieces)
    if client.status != 200 or row.expected not in answer:
        raise BenchmarkError(f"{row.note} was answered with {client.status}: {answer[:500]!r}")


class _Client:
    """A client whose whole request has come, as most have, and who takes whatever is sent."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.access = Access("req_0")
        self.status = 0
        self.pieces: list[bytes] = []

    def call_on_disconnect(self, callback: Callable[[], object] | None) -> None:
        pass

    def add_headers(self, headers: Sequence[Header]) -> None:
        pass

    def take_body(self) -> bytes | None:
        return self._body

    def reply(self, status: int, headers: Sequence[Header], body: bytes) -> bool:
        self.status = status
        self.pieces.append(body)
        return True


def _scope(path: str, length: int) -> dict[str, Any]:
    headers = {"host": "127.0.0.1", "authorization": f"Bearer {KEY}", "content-type": "application/json"}
    fields = [(name.encode(), value.encode()) for name, value in {**headers, "content-length": str(length)}.items()]
    return {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": "POST"},
        **{"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "state": {}},
        "headers": fields,
    }


@asynccontextmanager
async def application() -> AsyncIterator[ASGIApp]:
    """The gateway with a new database, started and, when the context is left, stopped."""
    with tempfile.TemporaryDirectory(prefix="waystone-calls-") as folder:
        config = Path(folder) / "waystone.yaml"
        config.write_text(json.dumps({"providers": {name: provider(name, "http://upstream/v1") for name in DIALECTS}}))
        environment = {"WAYSTONE_DATA": folder, "WAYSTONE_API_KEY": KEY}
        with patch.object(Transports, "of", lambda *_: ScriptedTransport()):
            app = create_app(load(config, environment))
            received: asyncio.Queue[Message] = asyncio.Queue()
            sent: asyncio.Queue[Message] = asyncio.Queue()
            received.put_nowait({"type": "lifespan.startup"})
            running = asyncio.ensure_future(app({"type": "lifespan"}, received.get, sent.put))
            if (await sent.get())["type"] != "lifespan.startup.complete":
                await running
            yield app
            received.put_nowait({"type": "lifespan.shutdown"})
            await running


async def _chunks(dialect: str) -> AsyncIterator[bytes]:
    yield b"".join(events(dialect))
