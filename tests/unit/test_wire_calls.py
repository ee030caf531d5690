"""Calls over real sockets, by each transport: what an upstream may answer, and when a call is given up."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from gateway.errors import UpstreamDown
from gateway.wire.transport import Call, Timeouts
from tests.servers.raw_http import RawServer, Script, Visit, chunked, raw_server, response
from tests.unit.conftest import ClosableTransport, MakeTransport

pytestmark = pytest.mark.anyio
HEAD = b"HTTP/1.1 200 OK\r\n"
IN_CHUNKS = HEAD + b"transfer-encoding: chunked\r\n\r\n"
SECONDS = 10
LARGE = 20 * 1024 * 1024


@pytest.fixture
def anyio_backend(loop_of_combination: tuple[str, dict[str, bool]]) -> tuple[str, dict[str, bool]]:
    return loop_of_combination


@asynccontextmanager
async def closing(transport: ClosableTransport) -> AsyncIterator[ClosableTransport]:
    try:
        async with asyncio.timeout(SECONDS):
            yield transport
    finally:
        await transport.close()


def call(server: RawServer, body: bytes | None = b"{}", **headers: str) -> Call:
    return Call("lab", "POST", server.url, headers, body)


def answering(*pieces: bytes) -> Script:
    """Answer each request with these bytes, and keep the connection."""

    async def script(visit: Visit) -> None:
        while await visit.request():
            for piece in pieces:
                await visit.send(piece)

    return script


def once(*pieces: bytes) -> Script:
    """Answer one request with these bytes, and close the connection."""

    async def script(visit: Visit) -> None:
        await visit.request()
        for piece in pieces:
            await visit.send(piece)

    return script


@pytest.mark.parametrize(
    "data",
    [
        response(b"abc"),
        chunked(b"a", b"bc"),
        IN_CHUNKS + b"3;name=value\r\nabc\r\n0\r\nx-trailer: 1\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + response(b"abc"),
        b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc",
    ],
)
async def test_every_way_to_frame_a_body_is_read(make: MakeTransport, data: bytes) -> None:
    async with raw_server(answering(data[:9], data[9:-2], data[-2:])) as server, closing(make(Timeouts())) as transport:
        answer = await transport.send(call(server))
        assert (answer.status, answer.body) == (200, b"abc")
        assert "link" not in answer.headers
        async with transport.stream(call(server)) as stream:
            assert b"".join([chunk async for chunk in stream.chunks]) == b"abc"


async def test_a_body_may_end_with_its_connection(make: MakeTransport) -> None:
    async with raw_server(once(HEAD + b"\r\nab", b"c")) as server, closing(make(Timeouts())) as transport:
        assert (await transport.send(call(server))).body == b"abc"


async def test_a_redirect_is_an_answer_and_is_not_followed(make: MakeTransport) -> None:
    moved = response(b"", b"location: /elsewhere", status=b"307 Temporary Redirect")
    async with raw_server(answering(moved)) as server, closing(make(Timeouts())) as transport:
        assert (await transport.send(call(server))).status == 307
    assert len(server.visits) == 1


async def test_a_packed_body_is_unpacked_and_one_that_is_damaged_is_none(make: MakeTransport) -> None:
    packed = response(gzip.compress(b"packed"), b"content-encoding: gzip")
    async with raw_server(answering(packed)) as server, closing(make(Timeouts())) as transport:
        assert (await transport.send(call(server))).body == b"packed"
    damaged = response(b"\x1f\x8b packed", b"content-encoding: gzip")
    async with raw_server(answering(damaged)) as server, closing(make(Timeouts())) as transport:
        with pytest.raises(UpstreamDown, match="unpacked"):
            await transport.send(call(server))


async def test_what_is_sent_is_one_request(make: MakeTransport) -> None:
    received: list[bytes] = []

    async def script(visit: Visit) -> None:
        received.append(await visit.request())
        await visit.send(response())

    async with raw_server(script) as server, closing(make(Timeouts())) as transport:
        await transport.send(call(server, b'{"a": 1}', authorization="Bearer k"))
    head, _, body = received[0].partition(b"\r\n\r\n")
    start, *fields = head.split(b"\r\n")
    assert start == b"POST / HTTP/1.1"
    assert sorted(fields) == sorted(
        [b"accept: */*", b"host: 127.0.0.1:%d" % server.port, b"authorization: Bearer k", b"content-length: 8"]
    )
    assert body == b'{"a": 1}'


async def test_calls_at_once_get_each_its_own_answer(make: MakeTransport, combination: str) -> None:
    async def echo(visit: Visit) -> None:
        while request := await visit.request():
            await visit.send(response(request.partition(b"\r\n\r\n")[2]))

    async def run(transport: ClosableTransport, server: RawServer, number: int) -> None:
        for turn in range(5):
            body = b"%d of %d" % (turn, number)
            assert (await transport.send(call(server, body))).body == body

    async with raw_server(echo) as server, closing(make(Timeouts())) as transport:
        await asyncio.gather(*(run(transport, server, number) for number in range(20)))
    # Connections are used again; pyqwest may open one more while another comes free.
    assert len(server.visits) <= (99 if combination.startswith("pyqwest") else 20)


@pytest.mark.parametrize("data", [b"", IN_CHUNKS, HEAD + b"content-length: 9\r\n\r\nabc"])
@pytest.mark.parametrize("is_stream", [False, True])
async def test_cancelling_a_call_closes_its_connection_at_once(
    make: MakeTransport, data: bytes, is_stream: bool
) -> None:
    has_asked, is_left = asyncio.Event(), asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(data)
        has_asked.set()
        await visit.is_left()
        is_left.set()

    async def run(transport: ClosableTransport, server: RawServer) -> None:
        if not is_stream:
            await transport.send(call(server))
        async with transport.stream(call(server)) as stream:
            async for _ in stream.chunks:
                pass

    async with raw_server(script) as server, closing(make(Timeouts())) as transport:
        sending = asyncio.create_task(run(transport, server))
        await has_asked.wait()
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        await is_left.wait()


async def test_leaving_a_stream_before_its_end_closes_its_connection(make: MakeTransport) -> None:
    is_left = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(IN_CHUNKS + b"1\r\na\r\n")
        await visit.is_left()
        is_left.set()

    async with raw_server(script) as server, closing(make(Timeouts())) as transport:
        async with transport.stream(call(server)) as stream:
            assert await anext(stream.chunks) == b"a"
        await is_left.wait()


async def test_an_error_of_the_reader_is_its_own(make: MakeTransport) -> None:
    async with raw_server(answering(chunked(b"abc"))) as server, closing(make(Timeouts())) as transport:
        with pytest.raises(ValueError, match="mine"):
            async with transport.stream(call(server)):
                raise ValueError("mine")


async def test_an_upstream_whose_stream_is_not_read_is_held_up(make: MakeTransport) -> None:
    sent = 0
    is_held_up = asyncio.Event()

    async def script(visit: Visit) -> None:
        nonlocal sent
        await visit.request()
        await visit.send(IN_CHUNKS)
        piece = b"x" * 65536
        while sent < 64 * LARGE:
            visit.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            try:
                async with asyncio.timeout(0.5):
                    await visit.writer.drain()
            except (TimeoutError, ConnectionError):
                is_held_up.set()
                return
            sent += len(piece)

    async with (
        raw_server(script) as server,
        closing(make(Timeouts())) as transport,
        transport.stream(call(server)) as stream,
    ):
        assert await anext(stream.chunks)
        await is_held_up.wait()
    assert sent < 2 * LARGE


async def test_a_large_body_arrives_whole(make: MakeTransport) -> None:
    body = bytes(range(256)) * (LARGE // 256)

    async def script(visit: Visit) -> None:
        received = await visit.request()
        await visit.send(response(b"same" if received.endswith(b"\r\n\r\n" + body) else b"other"))

    async with raw_server(script) as server, closing(make(Timeouts())) as transport:
        assert (await transport.send(call(server, body))).body == b"same"


async def test_an_answer_before_the_body_has_been_read_is_an_answer(make: MakeTransport) -> None:
    async def script(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        await visit.send(response(b"too large", status=b"413 Content Too Large"))
        await visit.is_left()

    async with raw_server(script) as server, closing(make(Timeouts())) as transport:
        answer = await transport.send(call(server, b"x" * LARGE))
    assert (answer.status, answer.body) == (413, b"too large")


async def test_a_client_that_does_not_read_its_stream_holds_no_upstream_past_the_total(make: MakeTransport) -> None:
    is_left = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        with suppress(ConnectionError):
            visit.writer.write(IN_CHUNKS + b"1000000\r\n" + b"x" * 0x1000000)
            await visit.writer.drain()
        await visit.is_left()
        is_left.set()

    async with (
        raw_server(script) as server,
        closing(make(Timeouts(total=0.3))) as transport,
        transport.stream(call(server)) as stream,
    ):
        await is_left.wait()
        with pytest.raises(UpstreamDown) as failed:
            await stream.read("lab")
    assert failed.value.code == "upstream_timeout"


@pytest.mark.parametrize(
    "data",
    [b"SSH-2.0-OpenSSH\r\n\r\n", HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab", IN_CHUNKS + b"zz\r\n"],
)
async def test_what_is_no_response_is_an_error_of_the_upstream(make: MakeTransport, data: bytes) -> None:
    async with raw_server(once(data)) as server, closing(make(Timeouts())) as transport:
        with pytest.raises(UpstreamDown) as failed:
            await transport.send(call(server))
    assert failed.value.code in ("upstream_bad_reply", "upstream_cut_off")
    assert failed.value.status == 502
    assert str(server.port) not in failed.value.message


@pytest.mark.parametrize("name", ["a\r\nb", "", "ä"])
async def test_a_call_that_cannot_be_written_is_not_sent(make: MakeTransport, name: str) -> None:
    async with raw_server(answering(response())) as server, closing(make(Timeouts())) as transport:
        with pytest.raises(UpstreamDown) as failed:
            await transport.send(Call("lab", "POST", server.url, {name: "x"}, b"{}"))
    assert failed.value.code == "upstream_unreachable"
    assert server.visits == []


async def test_ipv6_is_spoken(make: MakeTransport) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with raw_server(answering(response(b"abc")), host="::1") as server, closing(make(Timeouts())) as transport:
        answer = await transport.send(Call("lab", "GET", f"http://[::1]:{server.port}/", {}))
    assert answer.body == b"abc"
