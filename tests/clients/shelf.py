"""Puts things straight into the store of a running gateway, which would take a thousand requests otherwise."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection, update

from gateway.auth import STATIC_KEY_ID
from gateway.store import responses
from gateway.store.database import Database
from gateway.store.responses import StoredResponse
from gateway.store.tables import conversations
from tests.servers.gateway import RunningGateway

_DAY = 86_400.0


def database_file(gateway: RunningGateway) -> str:
    """The path of the gateway's SQLite file."""
    return str(gateway.folder / "data" / "waystone.db")


def put_chain(gateway: RunningGateway, name: str, length: int, **last: Any) -> str:
    """Store a chain of so many responses for the gateway's own key; return the id of the last one."""
    rows = [_link(name, number) for number in range(1, length + 1)]
    for field, value in last.items():
        setattr(rows[-1], field, value)
    _write(gateway, partial(responses.add, rows=rows))
    return rows[-1].id


def fill_conversation(gateway: RunningGateway, conversation_id: str, size: int) -> None:
    """Make a conversation as large, as far as its own books say."""
    change = update(conversations).where(conversations.c.id == conversation_id).values(size=size)
    _write(gateway, lambda connection: connection.execute(change))


@contextmanager
def held(gateway: RunningGateway) -> Iterator[None]:
    """Nobody can commit to the gateway's SQLite file in here; on leaving, everybody can again."""
    connection = sqlite3.connect(database_file(gateway), isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    finally:
        connection.close()


def _write(gateway: RunningGateway, work: Callable[[Connection], Any]) -> None:
    async def write() -> None:
        database = await Database.open(f"sqlite:///{database_file(gateway)}")
        try:
            await database.write(work)
        finally:
            await database.close()

    asyncio.run(write())


def _link(name: str, number: int) -> StoredResponse:
    said = _json([{"id": f"msg_{name}_in_{number}", "type": "message", "role": "user", "content": f"Say {number}."}])
    part = {"type": "output_text", "text": f"{number}.", "annotations": [], "logprobs": []}
    head = {"id": f"msg_{name}_out_{number}", "type": "message", "status": "completed", "role": "assistant"}
    written = _json([{**head, "content": [part]}])
    size = len(said) + len(written)
    return StoredResponse(
        id=f"resp_{name}_{number}",
        key_id=STATIC_KEY_ID,
        previous_id=f"resp_{name}_{number - 1}" if number > 1 else None,
        conversation_id=None,
        created_at=time.time(),
        expires_at=time.time() + _DAY,
        status="completed",
        depth=number,
        size=size,
        chain_size=size * number,
        document=b'{"output":',
        input=said,
        output=written,
    )


def _json(items: Sequence[Any]) -> bytes:
    return orjson.dumps(items)
