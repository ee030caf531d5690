"""One connection, driven as the event loop drives it, with no socket."""

import asyncio
import math
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire.clock import Clock
from gateway.wire.connection import Connection
from gateway.wire.errors import BadReply, CutOff, TimedOut, WireError
from gateway.wire.response import ResponseParser
from gateway.wire.transport import DEFAULT_TIMEOUTS, Timeouts
from tests.servers.raw_http import chunked, response

pytestmark = pytest.mark.anyio
HEAD = b"HTTP/1.1 200 OK\r\n"
IN_CHUNKS = HEAD + b"transfer-encoding: chunked\r\n\r\n"
CLOSING = HEAD + b"\r\n"
HALF_MEBIBYTE = 1 << 19


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Socket(asyncio.Transport):
    """What the event loop gives a protocol, remembering what is done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.unsent = 0
        self.is_aborted = self.is_paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


class Opened:
    """A connection on a `Socket`, with its first request sent."""

    def __init__(
        self, *, is_whole: bool = True, timeouts: Timeouts = DEFAULT_TIMEOUTS, ends_at: float = math.inf
    ) -> None:
        self.clock = Clock()
        self.free: list[Connection] = []
        self.lost: list[Connection] = []
        self.connection = Connection(self.clock, self.free.append, self.lost.append)
        self.socket = Socket()
        self.connection.connection_made(self.socket)
        self.timeouts, self.ends_at, self.is_whole = timeouts, ends_at, is_whole
        self.response = self.begin()

    def begin(self) -> ResponseParser:
        begin = self.connection.begin
        return begin(b"GET / HTTP/1.1\r\n\r\n", b"", self.timeouts, self.ends_at, is_whole=self.is_whole)

    def receive(self, *chunks: bytes) -> None:
        for chunk in chunks:
            if not self.socket.is_aborted:
                self.connection.data_received(chunk)

    async def failure(self) -> WireError:
        with pytest.raises(WireError) as failed:
            await self.connection.progress(self.response)
        return failed.value


async def test_a_response_frees_its_connection_as_soon_as_it_is_over() -> None:
    opened = Opened()
    opened.receive(response(b"abc"))
    assert opened.free == [opened.connection]
    await opened.connection.progress(opened.response)
    assert opened.response.take() == b"abc"
    second = opened.begin()
    opened.receive(response(b"d"))
    assert (second.take(), opened.response.take()) == (b"d", b"")
    opened.clock.close()


@pytest.mark.parametrize("data", [b"\r\n", b"HTTP/1.1 408 Request Timeout\r\n\r\n", response(b"abc")])
async def test_bytes_on_an_idle_connection_close_it(data: bytes) -> None:
    opened = Opened()
    opened.receive(response(b"abc"))
    opened.receive(data)
    assert opened.socket.is_aborted
    assert not opened.connection.is_usable
    opened.clock.close()


@pytest.mark.parametrize(
    "data",
    [
        response(b"abc") + b"HTTP/1.1 200 OK",
        response(b"abc") + response(b"abc"),
        response(b"abc", b"connection: close"),
        b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    ],
)
async def test_a_connection_with_more_on_it_or_less_before_it_is_not_used_again(data: bytes) -> None:
    opened = Opened()
    opened.receive(data)
    await opened.connection.progress(opened.response)
    assert opened.free == []
    assert opened.socket.is_aborted
    opened.clock.close()


async def test_an_answer_before_the_request_is_written_counts_and_ends_the_connection() -> None:
    opened = Opened()
    opened.socket.unsent = 1
    opened.receive(response(b"too large", status=b"413 Content Too Large"))
    await opened.connection.progress(opened.response)
    assert (opened.response.status, opened.response.take()) == (413, b"too large")
    assert opened.free == []
    assert opened.socket.is_aborted
    opened.clock.close()


async def test_a_large_body_is_not_copied_to_its_head() -> None:
    opened = Opened()
    body = b"x" * HALF_MEBIBYTE
    opened.connection.begin(b"POST / HTTP/1.1\r\n\r\n", body, Timeouts(), math.inf, is_whole=True)
    assert opened.socket.written[1:] == [b"POST / HTTP/1.1\r\n\r\n", body]
    opened.clock.close()


async def test_a_stream_that_is_not_read_is_not_received_and_goes_on_when_it_is() -> None:
    opened = Opened(is_whole=False, timeouts=Timeouts(idle=1.0, first_byte=1.0))
    opened.receive(IN_CHUNKS, b"80000\r\n" + b"x" * HALF_MEBIBYTE)
    assert opened.socket.is_paused
    # Now the reader is late, not the upstream.
    held = opened.connection.deadline
    assert held == math.inf
    assert len(opened.connection.take(opened.response)) == HALF_MEBIBYTE
    assert opened.connection.deadline < math.inf
    opened.receive(b"\r\n0\r\n\r\n")
    assert opened.free == [opened.connection]
    opened.clock.close()


async def test_an_answer_that_is_needed_whole_is_never_held_up() -> None:
    opened = Opened()
    opened.receive(IN_CHUNKS, b"80000\r\n" + b"x" * HALF_MEBIBYTE)
    assert not opened.socket.is_paused
    opened.clock.close()


async def test_a_reader_that_does_not_read_loses_the_upstream_when_the_time_is_over() -> None:
    opened = Opened(is_whole=False, ends_at=asyncio.get_running_loop().time() + 0.01)
    opened.receive(IN_CHUNKS, b"80000\r\n" + b"x" * HALF_MEBIBYTE)
    closed = asyncio.get_running_loop().create_future()
    opened.socket.abort = lambda: closed.set_result(None)  # type: ignore[method-assign]
    await asyncio.wait_for(closed, 5)
    assert opened.response.size == 0
    assert isinstance(await opened.failure(), TimedOut)
    opened.clock.close()


async def test_what_came_before_the_connection_broke_can_still_be_read() -> None:
    opened = Opened(is_whole=False)
    opened.receive(IN_CHUNKS, b"3\r\nabc\r\n")
    opened.connection.connection_lost(None)
    assert opened.connection.take(opened.response) == b"abc"
    assert isinstance(await opened.failure(), CutOff)
    opened.clock.close()


async def test_a_body_that_the_connection_ends_is_cut_off_by_a_reset() -> None:
    for error, is_over in ((None, True), (ConnectionResetError(), False)):
        opened = Opened()
        opened.receive(CLOSING, b"abc")
        opened.connection.connection_lost(error)
        assert opened.response.is_over == is_over
        assert isinstance(opened.response.error, CutOff) != is_over
        opened.clock.close()


async def test_leaving_a_response_closes_the_connection_unless_it_is_over() -> None:
    left, over = Opened(), Opened()
    left.connection.leave(left.response)
    over.receive(response())
    over.connection.leave(over.response)
    assert (left.socket.is_aborted, over.socket.is_aborted) == (True, False)
    for opened in (left, over):
        opened.clock.close()


WHOLE = [response(b"abc"), chunked(b"a", b"bc"), CLOSING + b"abc", response(b"", status=b"204 No Content")]
PIECES = st.one_of(st.binary(max_size=30), st.sampled_from([*WHOLE, HEAD, IN_CHUNKS, b"\r\n", b"3\r\nabc\r\n"]))


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=6), st.lists(st.integers(0, 1 << 12), max_size=6), st.booleans(), st.booleans())
def test_whatever_comes_the_call_ends_with_an_answer_or_a_typed_error(
    pieces: list[bytes], places: list[int], is_whole: bool, is_reset: bool
) -> None:
    asyncio.run(_require_an_end(_cut(b"".join(pieces), places), is_whole=is_whole, is_reset=is_reset))


async def _require_an_end(chunks: Iterable[bytes], *, is_whole: bool, is_reset: bool) -> None:
    opened = Opened(is_whole=is_whole)
    for number, chunk in enumerate(chunks):
        opened.receive(chunk)
        if opened.free:
            # Nothing came beyond the response, or it would not be free; the next chunk belongs to no request.
            assert opened.connection.is_usable
            opened.receive(*list(chunks)[number + 1 :])
            break
    opened.connection.connection_lost(ConnectionResetError() if is_reset else None)
    assert opened.lost == [opened.connection]
    assert not opened.connection.is_usable
    async with asyncio.timeout(5):
        try:
            while not opened.response.is_over:
                await opened.connection.progress(opened.response)
        except (BadReply, CutOff):
            assert not opened.response.is_over
    assert opened.connection.deadline == math.inf
    opened.clock.close()


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, *(place % (len(data) + 1) for place in places), len(data)})
    return [data[start:end] for start, end in pairwise(edges)]
