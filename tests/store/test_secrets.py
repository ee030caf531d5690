"""Secrets of the gateway's own: made once, the same for all."""

import asyncio
from functools import partial

import pytest

from gateway.store import secrets
from gateway.store.database import Database
from tests.store import processes

pytestmark = pytest.mark.anyio


async def test_secret_is_made_once_and_then_found(database: Database) -> None:
    made = await database.write(partial(secrets.obtain, name="seal", make=lambda: b"\x00one"))
    again = await database.write(partial(secrets.obtain, name="seal", make=lambda: b"two"))
    other = await database.write(partial(secrets.obtain, name="other", make=lambda: b"three"))
    assert (made, again, other) == (b"\x00one", b"\x00one", b"three")


async def test_workers_that_start_at_once_get_the_same_secret(url: str) -> None:
    program = """
import os
from gateway.store import secrets
database = await Database.open(url)
await signal("ready")
print((await database.write(partial(secrets.obtain, name="seal", make=lambda: os.urandom(16)))).hex())
await database.close()
"""
    await (await Database.open(url)).close()
    workers = [await processes.start(program, url) for _ in range(4)]
    for worker in workers:
        assert await processes.hear(worker) == "ready"
    for worker in workers:
        processes.tell(worker)
    said = await asyncio.gather(*map(processes.finish, workers))
    assert len({tuple(lines) for lines in said}) == 1
