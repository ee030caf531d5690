"""Answers in tasks of their own: they come to their end though the client leaves, and are cut by a stop alone."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.access_log import Access
from gateway.detached import DetachedWork
from gateway.errors import Header, InvalidRequest, Overloaded, Stopped
from gateway.http import Reply, Request, StreamReply
from gateway.outliving import answer as module
from gateway.outliving.answer import OutlivingAnswers

pytestmark = pytest.mark.anyio
CHUNKS = [b"one", b"two", b"three"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Connection:
    """The client's."""

    is_cut = False


class Hold:
    """Of the body's bytes."""

    is_released = False

    def take_over(self) -> Any:
        return self._release

    def _release(self) -> None:
        self.is_released = True


class Recorded:
    """A recorder that keeps what it is given."""

    headers: Sequence[Header] = ((b"x-more", b"1"),)

    def __init__(self, most_bytes: int = 100) -> None:
        self.most_bytes = most_bytes
        self.data: bytes | None = None
        self.is_closed = False

    async def record(self, reply: Reply) -> Reply:
        self.data = reply.body
        return reply

    async def record_stream(self, headers: Sequence[Header], data: bytes) -> None:
        self.data = data

    def leave(self) -> None:
        self.has_left = True

    async def close(self) -> None:
        self.is_closed = True


class Upstream:
    """What produces an answer, and waits before its last chunk."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go_on = asyncio.Event()
        self.end = ""
        self._error = error

    async def plain(self, request: Request[Any]) -> Reply:
        await self.go_on.wait()
        if self._error is not None:
            raise self._error
        self.end = "whole"
        return Reply(b"whole")

    async def stream(self, request: Request[Any]) -> StreamReply:
        return StreamReply(self._chunks(request), headers=[(b"x-own", b"1")])

    async def _chunks(self, request: Request[Any]) -> AsyncGenerator[bytes, None]:
        try:
            for chunk in CHUNKS[:2]:
                yield chunk
            await self.go_on.wait()
            if self._error is not None:
                raise self._error
            yield CHUNKS[2]
        except asyncio.CancelledError:
            assert request.connection is not None
            assert request.connection.is_cut
            self.end = "cut"
            yield b"failed"
            return
        self.end = "whole"


def request() -> Request[Any]:
    return Request(Access("req_1"), "chat", "key_1", {}, {}, {}, connection=Connection(), hold=Hold())


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def work() -> DetachedWork:
    return DetachedWork()


@pytest.mark.parametrize("most_bytes", [100, 4])
async def test_stream_is_handed_on_as_it_comes_and_recorded_if_it_is_not_too_large(
    work: DetachedWork, most_bytes: int
) -> None:
    upstream, recorded, asked = Upstream(), Recorded(most_bytes), request()
    reply = await OutlivingAnswers(work, 9).answer(asked, upstream.stream, recorded)
    assert isinstance(reply, StreamReply)
    assert reply.headers == [(b"x-own", b"1"), (b"x-more", b"1")]
    assert [await anext(reply.chunks) for _ in range(2)] == CHUNKS[:2]
    upstream.go_on.set()
    assert [chunk async for chunk in reply.chunks] == CHUNKS[2:]
    assert recorded.data == (b"".join(CHUNKS) if most_bytes == 100 else None)
    assert recorded.is_closed
    assert asked.hold.is_released  # type: ignore[union-attr]


@pytest.mark.parametrize("is_stream", [False, True])
async def test_client_that_leaves_ends_nothing(work: DetachedWork, is_stream: bool) -> None:
    upstream, recorded = Upstream(), Recorded()
    produce: Any = upstream.stream if is_stream else upstream.plain
    waiting = asyncio.create_task(OutlivingAnswers(work, 9).answer(request(), produce, recorded))
    await turns()
    if is_stream:
        await (await waiting).chunks.aclose()  # type: ignore[union-attr]
    else:
        waiting.cancel()
    await turns()
    upstream.go_on.set()
    await work.wait()
    assert (upstream.end, recorded.data) == ("whole", b"".join(CHUNKS) if is_stream else b"whole")


async def test_defect_is_logged_where_no_client_is_left_to_learn_of_it(work: DetachedWork) -> None:
    for error, events in ((InvalidRequest("no"), []), (ZeroDivisionError(), ["unhandled_error"])):
        upstream = Upstream(error)
        waiting = asyncio.create_task(OutlivingAnswers(work, 9).answer(request(), upstream.plain))
        await turns()
        waiting.cancel()
        await turns()
        with capture_logs() as logs:
            upstream.go_on.set()
            await work.wait()
            await turns()
        assert [line["event"] for line in logs] == events


@pytest.mark.parametrize("error", [InvalidRequest("no"), ZeroDivisionError()])
@pytest.mark.parametrize("is_stream", [False, True])
async def test_client_gets_the_error(work: DetachedWork, error: Exception, is_stream: bool) -> None:
    upstream, recorded = Upstream(error), Recorded()
    upstream.go_on.set()
    produce: Any = upstream.stream if is_stream else upstream.plain

    async def read() -> None:
        reply = await OutlivingAnswers(work, 9).answer(request(), produce, recorded)
        assert isinstance(reply, StreamReply)
        assert [await anext(reply.chunks) for _ in range(2)] == CHUNKS[:2]
        await anext(reply.chunks)

    with pytest.raises(type(error)):
        await read()
    assert (recorded.data, recorded.is_closed) == (None, True)


async def test_stop_cuts_a_stream_and_its_failure_is_its_end(work: DetachedWork) -> None:
    upstream = Upstream()
    reply = await OutlivingAnswers(work, 9).answer(request(), upstream.stream)
    assert isinstance(reply, StreamReply)
    await turns()
    assert work.cut() == 1
    assert [chunk async for chunk in reply.chunks] == [*CHUNKS[:2], b"failed"]
    assert upstream.end == "cut"


async def test_stop_cuts_a_stream_whose_client_does_not_read(
    work: DetachedWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FEED_BYTES", 1)
    upstream, recorded = Upstream(), Recorded(0)
    reply = await OutlivingAnswers(work, 9).answer(request(), upstream.stream, recorded)
    assert isinstance(reply, StreamReply)
    await turns()
    work.cut()
    await work.wait()
    assert [chunk async for chunk in reply.chunks] == [CHUNKS[0], b"failed"]
    assert (upstream.end, recorded.is_closed) == ("cut", True)


async def test_stop_cuts_a_plain_answer(work: DetachedWork) -> None:
    upstream, recorded = Upstream(), Recorded()
    waiting = asyncio.create_task(OutlivingAnswers(work, 9).answer(request(), upstream.plain, recorded))
    await turns()
    work.cut()
    with pytest.raises(Stopped):
        await waiting
    assert (recorded.data, recorded.is_closed) == (None, True)


async def test_there_are_no_more_than_so_many(work: DetachedWork) -> None:
    answers, upstream, refused = OutlivingAnswers(work, 1), Upstream(), Recorded()
    waiting = asyncio.create_task(answers.answer(request(), upstream.plain))
    await turns()
    with pytest.raises(Overloaded):
        await answers.answer(request(), upstream.plain, refused)
    upstream.go_on.set()
    await waiting
    await turns()
    assert refused.is_closed
    assert await answers.answer(request(), upstream.plain)


async def test_streams_are_collected_up_to_so_many_bytes_of_all(
    work: DetachedWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COLLECTED_BYTES", 2 * len(CHUNKS[0] + CHUNKS[1]) - 1)
    answers = OutlivingAnswers(work, 9)
    upstream, recorded = Upstream(), [Recorded() for _ in range(3)]
    replies = [await answers.answer(request(), upstream.stream, one) for one in recorded[:2]]
    await turns()
    upstream.go_on.set()
    for reply in replies:
        assert isinstance(reply, StreamReply)
        assert [chunk async for chunk in reply.chunks] == CHUNKS
    assert sum(one.data == b"".join(CHUNKS) for one in recorded) == 1
    # What is over counts no longer.
    last = await answers.answer(request(), upstream.stream, recorded[2])
    assert isinstance(last, StreamReply)
    assert [chunk async for chunk in last.chunks] == CHUNKS
    await turns()
    assert recorded[2].data == b"".join(CHUNKS)
