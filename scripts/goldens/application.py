"""Runs the gateway's ASGI application in this process, and asks it as a server would."""

import asyncio
import hashlib
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from gateway.app import create_app
from gateway.settings import load

PORT = "{port}"
"""Stands in the configuration for the port of the upstreams."""
KEYS: Mapping[str, str] = {
    "first": "sk-gateway-golden-first-0123456789abcdefghijklmnop",
    "second": "sk-gateway-golden-second-0123456789abcdefghijklmno",
    "wrong": "sk-gateway-golden-wrong-0123456789abcdefghijklmnop",
}
_SILENT = 50
_DATABASE = "waystone.db"
_DEADLINE = 30.0


@dataclass(frozen=True)
class Answered:
    """What the client got."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Ledger:
    """What the gateway has stored when it has stopped: usage rows by request id, and the secret of its seals."""

    usage: Mapping[str, Mapping[str, Any]]
    secret: bytes


class Client:
    """Sends requests into the application, one at a time."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """The whole answer to one request."""
        parts = urlsplit(path)
        pairs = {"host": "gateway", "content-length": str(len(body)), **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
        }
        exchange = _Exchange(body)
        async with asyncio.timeout(_DEADLINE):
            await self._app(scope, exchange.receive, exchange.send)
        return Answered(exchange.status, exchange.headers, bytes(exchange.body))


class _Exchange:
    def __init__(self, body: bytes) -> None:
        self._pending = [{"type": "http.request", "body": body, "more_body": False}]
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()

    async def receive(self) -> Any:
        if self._pending:
            return self._pending.pop()
        # The client stays until it has the whole answer.
        return await asyncio.Event().wait()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]
            ]
        else:
            self.body += message.get("body", b"")


@asynccontextmanager
async def running(config: Mapping[str, Any], folder: Path, port: int) -> AsyncIterator[Client]:
    """A client of the application, which keeps its state in the folder and has stopped when the context is left."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_SILENT))
    file = folder / "waystone.yaml"
    file.write_text(json.dumps(config).replace(PORT, str(port)))
    environment = {"HOME": str(folder), "WAYSTONE_DATA": str(folder), "WAYSTONE_API_KEY": KEYS["first"]}
    app = create_app(load(file, environment))
    async with _started(app):
        _add_key(folder / _DATABASE)
        yield Client(app)


@asynccontextmanager
async def _started(app: Any) -> AsyncIterator[None]:
    orders: asyncio.Queue[Any] = asyncio.Queue()
    reports: asyncio.Queue[Any] = asyncio.Queue()
    lifespan = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, orders.get, reports.put))
    await orders.put({"type": "lifespan.startup"})
    report = await reports.get()
    if report["type"] != "lifespan.startup.complete":
        raise RuntimeError(f"the gateway does not start: {report}")
    yield
    await orders.put({"type": "lifespan.shutdown"})
    await reports.get()
    await lifespan


def _add_key(database: Path) -> None:
    row = ("key_second", "second", hashlib.sha256(KEYS["second"].encode()).digest(), "mno", time.time())
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO keys (id, name, digest, hint, created_at) VALUES (?, ?, ?, ?, ?)", row)
    connection.close()


def ledger(folder: Path) -> Ledger:
    """What stands in the database of a gateway that has stopped."""
    connection = sqlite3.connect(folder / _DATABASE)
    connection.row_factory = sqlite3.Row
    rows = [dict(row) for row in connection.execute("SELECT * FROM usage")]
    (secret,) = connection.execute("SELECT value FROM secrets WHERE name = 'sealing'").fetchone()
    connection.close()
    return Ledger({row["request_id"]: row for row in rows}, secret)
