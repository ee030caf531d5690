"""How long an upstream is waited for, and what is told of one that does not answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from gateway.errors import UpstreamDown
from gateway.wire.transport import Answer, Call, Timeouts
from tests.unit.conftest import MakeTransport

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nX-Request-ID: R1\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
SHORT = 0.15
LONG = 20.0

Script = Callable[[asyncio.StreamWriter, asyncio.Event], Awaitable[None]]

pytestmark = pytest.mark.anyio


Send = Callable[[MakeTransport, Timeouts, Script], Awaitable[Any]]


@pytest.fixture
def anyio_backend(loop_of_combination: tuple[str, dict[str, bool]]) -> tuple[str, dict[str, bool]]:
    return loop_of_combination


def piece(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[str]:
    """A server that answers each request by the script, which may wait for an event that comes at the end only."""
    over = asyncio.Event()
    answering: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            await script(writer, over)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        over.set()
        await asyncio.gather(*(task for task in answering if task))
        server.close()
        await server.wait_closed()


async def sent(make: MakeTransport, timeouts: Timeouts, script: Script) -> Answer:
    transport = make(timeouts)
    async with scripted(script) as url, asyncio.timeout(LONG / 2):
        try:
            return await transport.send(Call("lab", "GET", url, {}))
        finally:
            await transport.close()


async def streamed(make: MakeTransport, timeouts: Timeouts, script: Script) -> list[bytes]:
    transport = make(timeouts)
    async with scripted(script) as url, asyncio.timeout(LONG / 2):
        try:
            async with transport.stream(Call("lab", "GET", url, {})) as stream:
                return [chunk async for chunk in stream.chunks]
        finally:
            await transport.close()


async def whole(writer: asyncio.StreamWriter, over: asyncio.Event) -> None:
    writer.write(HEAD + piece(b"a") + piece(b"b") + END)


async def nothing(writer: asyncio.StreamWriter, over: asyncio.Event) -> None:
    await over.wait()


async def head_only(writer: asyncio.StreamWriter, over: asyncio.Event) -> None:
    writer.write(HEAD)
    await over.wait()


async def one_piece(writer: asyncio.StreamWriter, over: asyncio.Event) -> None:
    writer.write(HEAD + piece(b"a"))
    await over.wait()


async def cut(writer: asyncio.StreamWriter, over: asyncio.Event) -> None:
    writer.write(HEAD + piece(b"a"))


async def late_head(writer: asyncio.StreamWriter, over: asyncio.Event) -> None:
    await pause(over, SHORT * 2)
    await whole(writer, over)


async def late_piece(writer: asyncio.StreamWriter, over: asyncio.Event) -> None:
    writer.write(HEAD + piece(b"a"))
    await writer.drain()
    await pause(over, SHORT * 2)
    writer.write(piece(b"b") + END)


async def pause(over: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()


async def slow_pieces(writer: asyncio.StreamWriter, over: asyncio.Event) -> None:
    """Longer in all than each of the waits between."""
    writer.write(HEAD)
    for _ in range(4):
        writer.write(piece(b"a"))
        await writer.drain()
        await pause(over, SHORT * 0.6)
    writer.write(END)


def waits(**seconds: float) -> Timeouts:
    return Timeouts(**{"connect": LONG, "first_byte": LONG, "idle": LONG, "total": LONG, **seconds})


@pytest.mark.parametrize("timeouts", [waits(), waits(first_byte=LONG - 1), waits(idle=LONG - 1)])
async def test_a_whole_answer_is_read_with_its_headers(make: MakeTransport, timeouts: Timeouts) -> None:
    answer = await sent(make, timeouts, whole)
    assert (answer.status, answer.body) == (200, b"ab")
    assert answer.headers["x-request-id"] == answer.headers.get("x-request-id") == "R1"
    assert "retry-after" not in answer.headers
    assert set(answer.headers) == {"content-type", "x-request-id", "transfer-encoding"}
    assert b"".join(await streamed(make, timeouts, whole)) == b"ab"


@pytest.mark.parametrize("way", [sent, streamed])
@pytest.mark.parametrize(
    ("timeouts", "script"),
    [
        (waits(first_byte=SHORT), nothing),
        (waits(idle=SHORT, first_byte=SHORT), nothing),
        (Timeouts(idle=SHORT), nothing),
        (waits(total=SHORT), nothing),
        (waits(idle=SHORT), one_piece),
        (waits(idle=SHORT, first_byte=SHORT), one_piece),
        (waits(total=SHORT), one_piece),
        (waits(total=SHORT), slow_pieces),
        (waits(total=SHORT, first_byte=LONG - 1), slow_pieces),
    ],
)
async def test_who_takes_too_long_is_told_as_that(
    make: MakeTransport, way: Send, timeouts: Timeouts, script: Script
) -> None:
    with pytest.raises(UpstreamDown) as failed:
        await way(make, timeouts, script)
    assert (failed.value.status, failed.value.code) == (504, "upstream_timeout")
    assert "127.0.0.1" not in str(failed.value)


async def test_the_first_byte_of_a_stream_is_that_of_its_first_chunk(make: MakeTransport) -> None:
    with pytest.raises(UpstreamDown, match="in time"):
        await streamed(make, waits(first_byte=SHORT), head_only)


@pytest.mark.parametrize("way", [sent, streamed])
@pytest.mark.parametrize("timeouts", [waits(first_byte=SHORT), waits(idle=SHORT), waits(idle=SHORT, first_byte=SHORT)])
async def test_what_goes_on_coming_is_waited_for(make: MakeTransport, way: Send, timeouts: Timeouts) -> None:
    assert await way(make, timeouts, slow_pieces)


@pytest.mark.parametrize("way", [sent, streamed])
@pytest.mark.parametrize(
    ("timeouts", "script"), [(waits(idle=SHORT), late_head), (waits(first_byte=SHORT), late_piece)]
)
async def test_each_wait_has_its_own_limit(make: MakeTransport, way: Send, timeouts: Timeouts, script: Script) -> None:
    assert await way(make, timeouts, script)


@pytest.mark.parametrize("way", [sent, streamed])
@pytest.mark.parametrize("timeouts", [waits(), waits(first_byte=LONG - 1)])
async def test_an_answer_that_is_cut_off_is_told_as_that(make: MakeTransport, way: Send, timeouts: Timeouts) -> None:
    with pytest.raises(UpstreamDown) as failed:
        await way(make, timeouts, cut)
    assert (failed.value.status, failed.value.code) == (502, "upstream_cut_off")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://no-such-host.invalid/", "http://127.0.0.1:1e9/"])
async def test_who_cannot_be_reached_is_told_as_that(make: MakeTransport, url: str) -> None:
    transport = make(waits())
    with pytest.raises(UpstreamDown) as failed:
        await transport.send(Call("lab", "GET", url, {}))
    assert (failed.value.status, failed.value.code) == (502, "upstream_unreachable")
    await transport.close()


async def test_a_connection_that_does_not_come_about_in_time_is_one_that_cannot_be_reached(make: MakeTransport) -> None:
    # A port whose queue is full accepts nobody, and refuses nobody.
    async with full() as url:
        transport = make(waits(connect=SHORT))
        with pytest.raises(UpstreamDown) as failed:
            await transport.send(Call("lab", "GET", url, {}))
        assert failed.value.code == "upstream_unreachable"
        await transport.close()


@asynccontextmanager
async def full() -> AsyncIterator[str]:
    """A server that takes no more connections: its queue holds one, and more are never looked at."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    try:
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        for one in (*waiting, listener):
            one.close()
