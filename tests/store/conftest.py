"""Every test that takes `url` or `database` runs twice: on SQLite and on PostgreSQL."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path

import pytest

from gateway.store.database import Database
from gateway.store.journal import Journal
from tests.store import postgres


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> str:
    postgres_server.empty()
    return postgres_server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/waystone.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = await Database.open(url)
    yield opened
    await opened.close()


@pytest.fixture
def journal(database: Database, tmp_path: Path) -> Journal:
    """A journal that is not started: usage rows stay in memory until it is closed."""
    return Journal(database, tmp_path)


Outage = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
def outage(url: str, request: pytest.FixtureRequest) -> Outage:
    """A context in which nothing can be written: another process holds SQLite's lock, PostgreSQL is stopped."""

    @asynccontextmanager
    async def locked() -> AsyncIterator[None]:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    @asynccontextmanager
    async def stopped() -> AsyncIterator[None]:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        await asyncio.to_thread(server.stop)
        try:
            yield
        finally:
            await asyncio.to_thread(server.start)

    return locked if url.startswith("sqlite") else stopped
