"""Gateways with responses in the background: started on one state, killed, started again, polled; and their tables."""

import asyncio
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.clients.asking import RESPONSES
from tests.clients.stops import workers_of
from tests.servers.gateway import KEY, NO_CERTIFICATES, RunningGateway, running_gateway
from tests.servers.paced_upstream import PacedUpstream, wanted
from tests.servers.thread import serving
from tests.store import postgres

TERMINAL = ("completed", "failed", "incomplete", "cancelled")
_PATIENCE_SECONDS = 40.0
_PAUSE_SECONDS = 0.05

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Answer:
    """How the upstream is to answer: so many pieces, each after so many seconds."""

    pieces: int
    pause: float


@dataclass(frozen=True)
class Made:
    """A response that was accepted."""

    name: str
    id: str
    request_id: str


@dataclass
class Site:
    """Gateways on one state, behind one upstream. `urls` are those that may be used at the moment."""

    folder: Path
    upstream: PacedUpstream
    config: Mapping[str, Any]
    environment: Mapping[str, str]
    stack: ExitStack
    gateways: list[RunningGateway] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        """Where gateways listen."""
        return [gateway.url for gateway in self.gateways]

    def start(self, port: int = 0) -> RunningGateway:
        """Start another gateway. On SQLite all of them share a folder, on PostgreSQL only the database."""
        folder = self.folder if not self.gateways else self.folder / f"replica-{len(self.gateways)}"
        starting = running_gateway(folder, self.config, self.environment, port=port)
        gateway = self.stack.enter_context(starting)
        self.gateways.append(gateway)
        return gateway

    def kill(self, gateway: RunningGateway) -> None:
        """Kill every process of a gateway at once, so that none can put anything in order."""
        for process in (gateway.process.pid, *workers_of(gateway)):
            os.kill(process, signal.SIGKILL)
        gateway.process.wait()
        self.gateways.remove(gateway)

    def restart(self, number: signal.Signals) -> None:
        """End the only gateway by a signal, and start it again on its port and its state."""
        gateway = self.gateways[0]
        port = int(gateway.url.rpartition(":")[2])
        if number == signal.SIGKILL:
            self.kill(gateway)
        else:
            gateway.process.send_signal(number)
            gateway.process.wait()
            self.gateways.remove(gateway)
        self.start(port)

    def rows(self, statement: str) -> list[Row]:
        """What a query of the database returns."""
        if url := self.environment.get("DATABASE_URL"):
            return asyncio.run(_fetched(url, statement))
        with closing(sqlite3.connect(self.folder / "data" / "waystone.db", timeout=30)) as database:
            return [tuple(row) for row in database.execute(statement)]


async def _fetched(url: str, statement: str) -> list[Row]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


@contextmanager
def storages() -> Iterator[dict[str, dict[str, str]]]:
    """The databases that a gateway may use, by name, each as its environment; PostgreSQL where it is installed."""
    installed = postgres.wheel()
    if installed is None:
        yield {"SQLite": {}}
        return
    with postgres.running(installed) as server:
        yield {"SQLite": {}, "PostgreSQL": {"DATABASE_URL": server.url}}


@contextmanager
def site(environment: Mapping[str, str], workers: int = 2, **settings: Any) -> Iterator[Site]:
    """A place for gateways; none runs yet. A PostgreSQL database is emptied before and after."""
    upstream = PacedUpstream()
    with serving(upstream) as url, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if database := environment.get("DATABASE_URL"):
            asyncio.run(_emptied(database))
        config = {**_config(f"{url}/v1"), **settings}
        full = {"WORKERS": str(workers), **environment}
        yield Site(Path(folder), upstream, config, full, stack)


def _config(url: str) -> dict[str, Any]:
    paced = {"dialect": "openai-chat", "base_url": url, "api_key": "sk-paced", "models": ["paced"]}
    return {
        "retries": {"attempts": 1},
        "breaker": {"failures": 10_000},
        "embedded": {"enabled": False},
        "providers": {"paced": paced},
    }


async def _emptied(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    finally:
        await connection.close()


class Clients:
    """Several clients of a site, each with connections of its own; while a gateway is away they try again."""

    def __init__(self, site: Site, count: int = 2) -> None:
        limits = httpx.Limits(max_connections=500, max_keepalive_connections=20)
        headers = {"authorization": f"Bearer {KEY}"}
        self._site = site
        self._clients = [
            httpx.AsyncClient(headers=headers, limits=limits, timeout=_PATIENCE_SECONDS, verify=NO_CERTIFICATES)
            for _ in range(count)
        ]

    async def __aenter__(self) -> "Clients":
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.aclose()

    @property
    def any(self) -> httpx.AsyncClient:
        """One of the clients, by chance."""
        return random.choice(self._clients)

    def url(self, path: str) -> str:
        """The path at one of the gateways, by chance; a place where nobody listens while there is none."""
        return random.choice(self._site.urls or ["http://127.0.0.1:9"]) + path

    async def create(self, name: str, answer: Answer, **more: Any) -> Made:
        """Have a response made. A call whose connection breaks is made again, under another name."""
        for attempt in range(1000):
            full = f"{name}.{attempt}" if attempt else name
            text = wanted(full, answer.pieces, answer.pause)
            body = {"model": "paced/paced", "input": text, "background": True, **more}
            try:
                reply = await self.any.post(self.url(RESPONSES), json=body)
            except httpx.TransportError:
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            assert reply.status_code == 200, reply.text
            return Made(full, reply.json()["id"], reply.headers["x-request-id"])
        raise AssertionError("no gateway came back")

    async def request(self, method: str, path: str) -> httpx.Response:
        """Make a call that changes nothing when it is repeated, until it is answered by other than a 503."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                reply = await self.any.request(method, self.url(path))
                if reply.status_code != 503 or time.monotonic() > until:
                    return reply
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)
