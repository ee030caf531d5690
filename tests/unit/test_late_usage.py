"""Usage that comes when the client has left: read on within bounds, settled once, cut at the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.accounting.late_usage import MOST_HELD, LateUsage, Remainder
from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.native import NativeDecoder
from gateway.errors import UpstreamDown
from gateway.neutral.events import Usage
from gateway.wire.sse import Reader
from gateway.wire.transport import Stream
from tests.servers.fleet import DONE, piece, usage

pytestmark = pytest.mark.anyio
DEADLINE = 5.0
COUNTED = (9, 4)
Chunks = Callable[[], AsyncIterator[bytes]]


class Open:
    """A stream whose answer has ended: how it goes on, and what has become of it."""

    def __init__(self, chunks: Chunks) -> None:
        self.is_cut = asyncio.Event()
        self.is_settled = asyncio.Event()
        self.settled: list[Usage | None] = []
        self.taken = 0
        self._context = self._opened(chunks)

    @asynccontextmanager
    async def _opened(self, chunks: Chunks) -> AsyncIterator[Stream]:
        yield Stream(200, {}, self._counted(chunks()))
        self.is_cut.set()

    async def _counted(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self.taken += len(chunk)
            yield chunk

    def settle(self, usage: Usage | None) -> None:
        self.settled.append(usage)
        self.is_settled.set()

    @property
    def counts(self) -> list[tuple[int, int] | None]:
        return [(found.prompt, found.completion) if found else None for found in self.settled]

    async def remainder(self) -> Remainder:
        stream = await self._context.__aenter__()
        decoder, reader = NativeDecoder(Origin("lab", "m"), include_usage=False), Reader()
        decoder.feed_all(reader.feed(piece("Hello.") + piece(finish="stop")))
        assert decoder.has_ended
        return Remainder(self._context, stream.chunks, decoder, reader, None)


async def after(late: LateUsage, chunks: Chunks) -> Open:
    """A stream that is read on, settled and cut."""
    opened = Open(chunks)
    assert late.take_place()
    late.read(await opened.remainder(), opened.settle)
    async with asyncio.timeout(DEADLINE):
        await opened.is_cut.wait()
    return opened


async def comes() -> AsyncIterator[bytes]:
    yield usage()
    yield DONE


async def comes_in_pieces() -> AsyncIterator[bytes]:
    for byte in usage() + DONE:
        await asyncio.sleep(0)
        yield bytes([byte])


async def ends() -> AsyncIterator[bytes]:
    yield DONE


async def closes() -> AsyncIterator[bytes]:
    for nothing in list[bytes]():
        yield nothing


async def breaks() -> AsyncIterator[bytes]:
    yield usage()
    raise UpstreamDown("The connection to lab broke.")


async def never_ends() -> AsyncIterator[bytes]:
    yield usage()
    await asyncio.Event().wait()


async def never_says_anything() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


async def says_too_much() -> AsyncIterator[bytes]:
    while True:
        yield b": " + b"x" * 998


@pytest.mark.parametrize(
    ("chunks", "counts"),
    [
        (comes, COUNTED),
        (comes_in_pieces, COUNTED),
        (ends, None),
        (closes, None),
        (breaks, COUNTED),
        (never_ends, COUNTED),
        (never_says_anything, None),
        (says_too_much, None),
    ],
)
async def test_usage_is_what_comes_in_time(chunks: Chunks, counts: tuple[int, int] | None) -> None:
    opened = await after(LateUsage(seconds=0.05), chunks)
    assert opened.counts == [counts]


async def test_no_more_is_read_than_the_bound() -> None:
    opened = await after(LateUsage(seconds=DEADLINE, most_bytes=10_000), says_too_much)
    assert (opened.taken, opened.counts) == (10_000, [None])


async def test_so_many_are_read_on_at_once_and_no_more() -> None:
    late = LateUsage(most_at_once=2)
    opened = [Open(never_says_anything) for _ in range(2)]
    for one in opened:
        assert late.take_place()
        late.read(await one.remainder(), one.settle)
    assert not late.take_place()
    await late.close()
    assert [one.counts for one in opened] == [[None], [None]]


async def test_requests_that_are_held_meanwhile_are_bounded_by_their_bytes() -> None:
    late = LateUsage()
    large = MOST_HELD - 10
    opened = Open(never_says_anything)
    assert late.take_place(large)
    remainder = await opened.remainder()
    remainder.size = large
    late.read(remainder, opened.settle)
    assert [late.take_place(size) for size in (11, 10)] == [False, True]
    await late.close()
    assert LateUsage().take_place(2 * MOST_HELD), "one alone is read on whatever its size"


async def test_place_is_free_again_when_a_stream_is_over() -> None:
    late = LateUsage(most_at_once=1)
    for _ in range(3):
        assert (await after(late, comes)).counts == [COUNTED]
        # The task gives its place back in the iteration of the loop that follows its end.
        await asyncio.sleep(0)


async def test_stop_cuts_what_is_read_on_and_settles_it_with_what_is_known() -> None:
    late = LateUsage(seconds=DEADLINE)
    has_come = asyncio.Event()

    async def comes_and_goes_on() -> AsyncIterator[bytes]:
        yield usage()
        has_come.set()
        await asyncio.Event().wait()

    opened = Open(comes_and_goes_on)
    assert late.take_place()
    late.read(await opened.remainder(), opened.settle)
    await has_come.wait()
    await late.close()
    assert (opened.counts, opened.is_cut.is_set(), late.take_place()) == ([COUNTED], True, False)


async def test_stop_settles_what_has_just_begun() -> None:
    late = LateUsage()
    opened = Open(never_says_anything)
    assert late.take_place()
    late.read(await opened.remainder(), opened.settle)
    await late.close()
    assert (opened.counts, opened.is_cut.is_set()) == ([None], True)


async def test_task_of_the_client_that_is_cancelled_again_does_not_stop_the_reading() -> None:
    late, go = LateUsage(seconds=DEADLINE), asyncio.Event()

    async def waits() -> AsyncIterator[bytes]:
        await go.wait()
        yield usage()

    opened = Open(waits)

    async def client() -> None:
        assert late.take_place()
        late.read(await opened.remainder(), opened.settle)
        await asyncio.Event().wait()

    task = asyncio.create_task(client())
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.wait([task])
    go.set()
    async with asyncio.timeout(DEADLINE):
        await opened.is_settled.wait()
    assert opened.counts == [COUNTED]
