"""SQLite's writing thread: every caller hears of its transaction, whatever becomes of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine

from gateway.store.writer import WritingThread

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[WritingThread]:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    thread = WritingThread(engine)
    yield thread
    await thread.close()
    engine.dispose()


async def settled(writer: WritingThread, work: Any) -> Any:
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    writer.submit(work, done.set_result, "NORMAL")
    async with asyncio.timeout(10):
        return await done


async def test_what_a_work_raises_is_its_callers_and_the_next_goes_on(writer: WritingThread) -> None:
    def leaves(_: Connection) -> None:
        raise SystemExit(3)

    failed = await settled(writer, leaves)
    assert isinstance(failed.exception(), SystemExit)
    assert (await settled(writer, lambda _: "done")).result() == "done"


async def test_nothing_waits_for_a_thread_that_is_closed(writer: WritingThread) -> None:
    await writer.close()
    with pytest.raises(RuntimeError, match="closed"):
        writer.submit(lambda _: None, print, "NORMAL")
