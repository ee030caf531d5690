"""Requests with an idempotency key, and what a gateway's database has of them."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count
from typing import Any

import httpx

from tests.clients.stops import asked
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway

_numbers = count()
KEY = "idempotency-key"
REPLAYED = "x-waystone-replayed"
NOT_KEPT = "x-waystone-idempotency"


def keyed(**headers: str) -> dict[str, str]:
    """A key that no other request has, and these headers."""
    return {KEY: f"key-{next(_numbers)}", **headers}


def post(
    client: httpx.Client, path: str, headers: Mapping[str, str], model: str = "test/echo", **more: Any
) -> httpx.Response:
    """Send a request and read the whole answer."""
    return client.post(path, json=asked(path, model, **more), headers=headers)


@contextmanager
def begun(
    gateway: RunningGateway, path: str, headers: Mapping[str, str], model: str = "test/pause"
) -> Iterator[Iterator[str]]:
    """The lines of a stream that has begun; its client leaves at the end of the context."""
    body = asked(path, model, stream=True)
    with gateway.client() as client, client.stream("POST", path, json=body, headers=headers) as reply:
        assert reply.status_code == 200
        yield reply.iter_lines()


def calls(upstream: ChatUpstream, text: str) -> int:
    """How many calls with this text the upstream has had."""
    return sum(text in str(body) for body in upstream.received)


def query(gateway: RunningGateway, statement: str) -> list[Any]:
    """Rows of the gateway's SQLite database."""
    with closing(sqlite3.connect(gateway.folder / "data" / "waystone.db")) as database:
        return database.execute(statement).fetchall()


def usage(gateway: RunningGateway) -> list[Any]:
    """Status, outcome and estimate of each usage row, oldest first."""
    return query(gateway, "select status, outcome, estimated from usage order by time")
