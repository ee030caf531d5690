"""The feed between the task that makes a stream and the one that sends it: in order, bounded, and cut."""

import asyncio

import pytest

from gateway.errors import Stopped
from gateway.outliving.feed import Feed

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Cut:
    """The connection of a request that the server has cut."""

    is_cut = True


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_chunks_come_in_order_and_end() -> None:
    feed = Feed(100)
    for chunk in (b"a", b"", b"b"):
        await feed.put(chunk)
    feed.end()
    assert [chunk async for chunk in feed.chunks(None)] == [b"a", b"b"]


async def test_failure_comes_behind_the_last_chunk() -> None:
    feed = Feed(100)
    await feed.put(b"a")
    feed.end(Stopped())
    chunks = feed.chunks(None)
    assert await anext(chunks) == b"a"
    with pytest.raises(Stopped):
        await anext(chunks)


async def test_writer_waits_for_a_reader_that_is_slow() -> None:
    feed = Feed(2)
    chunks = feed.chunks(None)
    await feed.put(b"ab")
    writing = asyncio.create_task(feed.put(b"c"))
    await turns()
    assert not writing.done()
    assert await anext(chunks) == b"ab"
    await writing
    feed.end()
    await chunks.aclose()


@pytest.mark.parametrize("has_begun", [True, False])
async def test_writer_does_not_wait_for_a_reader_that_has_left(has_begun: bool) -> None:
    feed = Feed(2)
    chunks = feed.chunks(None)
    if has_begun:
        await feed.put(b"a")
        await anext(chunks)
    writing = asyncio.create_task(feed.put(b"abc"))
    await turns()
    assert not writing.done()
    if has_begun:
        await chunks.aclose()
    else:
        feed.leave()
    await writing
    await feed.put(b"as much as there is")


async def test_reader_that_is_cut_while_it_waits_gets_the_end() -> None:
    feed = Feed(100)
    await feed.put(b"a")
    read: list[bytes] = []

    async def read_all() -> None:
        async for chunk in feed.chunks(Cut()):
            read.append(chunk)

    reading = asyncio.create_task(read_all())
    await turns()
    reading.cancel()
    await turns()
    for chunk in (b"b", b"c"):
        feed.put_at_once(chunk)
    feed.end()
    await reading
    assert read == [b"a", b"bc"]


async def test_reader_that_is_cut_while_its_client_is_slow_gets_the_end() -> None:
    feed = Feed(100)
    for chunk in (b"a", b"b", b"c"):
        await feed.put(chunk)
    feed.end()
    chunks = feed.chunks(Cut())
    assert await anext(chunks) == b"a"
    assert await chunks.athrow(asyncio.CancelledError()) == b"bc"
    assert [chunk async for chunk in chunks] == []
