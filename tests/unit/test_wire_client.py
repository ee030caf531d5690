"""The client of our own: which connections it keeps, which it uses again, and how many there are."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.errors import UpstreamDown
from gateway.wire import pool, response
from gateway.wire.client import HTTPTransport, Pools
from gateway.wire.clock import Clock
from gateway.wire.dialing import Dialer
from gateway.wire.request import locate
from gateway.wire.transport import DEFAULT_TIMEOUTS, MAX_BODY_BYTES, Call, Timeouts
from tests.servers.raw_http import RawServer, Script, Visit, raw_server
from tests.servers.raw_http import response as answer

pytestmark = pytest.mark.anyio
HEAD = b"HTTP/1.1 200 OK\r\n"
SECONDS = 10

Answering = Callable[[bytes], Script]


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": bool(request.param)}


@asynccontextmanager
async def client(limit: int | None = None, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> AsyncIterator[HTTPTransport]:
    transport = HTTPTransport(timeouts, Pools(Clock(), Dialer(), limit))
    try:
        async with asyncio.timeout(SECONDS):
            yield transport
    finally:
        await transport.close()


def call(server: RawServer, method: str = "POST") -> Call:
    return Call("lab", method, server.url, {}, b"{}" if method == "POST" else None)


async def failing(transport: HTTPTransport, server: RawServer) -> tuple[int, str | None]:
    with pytest.raises(UpstreamDown) as failed:
        await transport.send(call(server))
    return failed.value.status, failed.value.code


@pytest.fixture
def closed() -> list[asyncio.Event]:
    """One for each connection to an `answering` server, set when the client has closed it."""
    return []


@pytest.fixture
def answering(closed: list[asyncio.Event]) -> Answering:
    def answering(data: bytes) -> Script:
        async def script(visit: Visit) -> None:
            is_closed = asyncio.Event()
            closed.append(is_closed)
            while await visit.request():
                await visit.send(data)
            is_closed.set()

        return script

    return answering


async def test_a_connection_is_used_again(answering: Answering) -> None:
    async with raw_server(answering(answer(b"abc"))) as server, client() as transport:
        for _ in range(3):
            assert (await transport.send(call(server))).body == b"abc"
            async with transport.stream(call(server)) as stream:
                assert await stream.read("lab") == b"abc"
    assert len(server.visits) == 1


@pytest.mark.parametrize(
    "data",
    [
        answer(b"", b"connection: close"),
        b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        answer() + b"HTTP/1.1 200 OK\r\n",
        answer() + answer(b"unsolicited"),
    ],
)
async def test_a_connection_that_cannot_be_trusted_is_not_used_again(answering: Answering, data: bytes) -> None:
    async with raw_server(answering(data)) as server, client() as transport:
        for _ in range(2):
            assert (await transport.send(call(server))).body == b""
    assert len(server.visits) == 2


async def test_bytes_that_come_while_a_connection_is_idle_close_it() -> None:
    is_closed = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer(b"first"))
        if visit.number == 1:
            await visit.send(answer(b"smuggled"))
            await visit.is_left()
            is_closed.set()

    async with raw_server(script) as server, client() as transport:
        assert (await transport.send(call(server))).body == b"first"
        await is_closed.wait()
        assert (await transport.send(call(server))).body == b"first"
    assert len(server.visits) == 2


async def test_a_connection_that_the_upstream_has_closed_is_not_used_again() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer(b"%d" % visit.number))

    async with raw_server(script) as server, client() as transport:
        for number in range(1, 4):
            assert (await transport.send(call(server))).body == b"%d" % number
            await server.visits[-1].writer.wait_closed()
            await turns()


async def test_a_connection_that_is_closing_is_not_used_again(answering: Answering) -> None:
    async with raw_server(answering(answer())) as server:
        pools = Pools(Clock(), Dialer())
        pool_of_server = pools.of(locate(server.url).origin)
        connection = await pool_of_server.connect(math.inf)
        over = connection.begin(b"GET / HTTP/1.1\r\n\r\n", b"", Timeouts(), math.inf, is_whole=True)
        await connection.progress(over)
        connection.abort()
        assert pool_of_server.idle() is None
        pools.close()


async def test_a_request_is_not_sent_again_once_it_was_written() -> None:
    requests = 0

    async def script(visit: Visit) -> None:
        nonlocal requests
        requests += bool(await visit.request())
        await visit.send(answer())
        requests += bool(await visit.request())

    async with raw_server(script) as server, client() as transport:
        await transport.send(call(server))
        assert await failing(transport, server) == (502, "upstream_cut_off")
        assert requests == 2
        await transport.send(call(server))
    assert len(server.visits) == 2


async def test_a_stream_that_is_over_frees_its_connection_before_it_is_read(answering: Answering) -> None:
    async with (
        raw_server(answering(answer(b"abc"))) as server,
        client(limit=1) as transport,
        transport.stream(call(server)) as stream,
    ):
        assert (await transport.send(call(server))).body == b"abc"
        assert await stream.read("lab") == b"abc"
    assert len(server.visits) == 1


async def test_a_response_to_head_has_no_body() -> None:
    async def script(visit: Visit) -> None:
        assert (await visit.request()).startswith(b"HEAD / HTTP/1.1\r\n")
        await visit.send(HEAD + b"content-length: 9\r\n\r\n")

    async with raw_server(script) as server, client() as transport:
        found = await transport.send(call(server, "HEAD"))
    assert (found.headers["content-length"], found.body) == ("9", b"")


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"x-a: " + b"a" * response.MAX_HEAD_BYTES,
        HEAD + b"x-a: a\r\n" * response.MAX_HEAD_BYTES,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 11,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        HEAD + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        HEAD + b"content-length: 1001\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n400\r\n" + b"x" * 1024,
        HEAD + b"\r\n" + b"x" * 1024,
    ],
)
async def test_what_is_too_large_or_no_response_is_refused_at_once(
    answering: Answering, closed: list[asyncio.Event], data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response, "MAX_BODY_BYTES", 1000)
    async with raw_server(answering(data)) as server, client() as transport:
        assert await failing(transport, server) == (502, "upstream_bad_reply")
        await closed[0].wait()


async def test_a_stream_has_no_limit_but_is_not_read_whole_over_one(answering: Answering) -> None:
    size = MAX_BODY_BYTES + 1
    data = HEAD + b"content-length: %d\r\n\r\n" % size + bytes(size)
    async with raw_server(answering(data)) as server, client() as transport:
        async with transport.stream(call(server)) as stream:
            assert sum([len(chunk) async for chunk in stream.chunks]) == size
        async with transport.stream(call(server)) as stream:
            with pytest.raises(UpstreamDown, match="without end"):
                await stream.read("lab")


async def test_connections_in_use_have_no_limit_unless_one_is_set() -> None:
    are_all_here = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        if visit.number == 100:
            are_all_here.set()
        await are_all_here.wait()
        await visit.send(answer())

    async with raw_server(script) as server, client() as transport:
        await asyncio.gather(*(transport.send(call(server)) for _ in range(100)))


async def test_calls_over_the_limit_wait_for_a_connection(answering: Answering) -> None:
    async with raw_server(answering(answer(b"abc"))) as server, client(limit=2) as transport:
        answers = await asyncio.gather(*(transport.send(call(server)) for _ in range(20)))
    assert {found.body for found in answers} == {b"abc"}
    assert len(server.visits) == 2


async def test_a_call_that_gets_no_connection_in_time_is_a_503() -> None:
    has_come = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        has_come.set()
        await visit.is_left()

    async with raw_server(script) as server, client(1, Timeouts(connect=0.1)) as transport:
        first = asyncio.create_task(transport.send(call(server)))
        await has_come.wait()
        assert await failing(transport, server) == (503, "upstream_busy")
        first.cancel()
        await asyncio.wait([first])


async def test_a_connection_that_closes_makes_room_for_a_new_one() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer(b"", b"connection: close"))

    async with raw_server(script) as server, client(limit=1) as transport:
        await asyncio.gather(*(transport.send(call(server)) for _ in range(5)))
    assert len(server.visits) == 5


async def test_a_call_that_is_cancelled_while_it_waits_leaves_its_turn_to_the_next(answering: Answering) -> None:
    async with raw_server(answering(answer())) as server, client(limit=1) as transport:
        async with transport.stream(call(server)) as stream:
            calls = [asyncio.create_task(transport.send(call(server))) for _ in range(3)]
            await turns()
            calls[0].cancel()
            await stream.read("lab")
            calls[1].cancel()
        assert (await calls[2]).status == 200
    assert len(server.visits) == 1


async def test_cancelling_a_call_that_connects_makes_room(tmp_path: Path) -> None:
    hangs = asyncio.Event()

    class Hanging(Dialer):
        async def open(self, origin: object, protocol: object) -> None:  # type: ignore[override]
            hangs.set()
            await asyncio.Event().wait()

    clock = Clock()
    transport = HTTPTransport(Timeouts(), Pools(clock, Hanging(), 1))
    first = asyncio.create_task(transport.send(Call("lab", "GET", "http://lab.test/", {})))
    await hangs.wait()
    hangs.clear()
    second = asyncio.create_task(transport.send(Call("lab", "GET", "http://lab.test/", {})))
    first.cancel()
    await asyncio.wait_for(hangs.wait(), SECONDS)
    second.cancel()
    await asyncio.wait([first, second])
    await transport.close()


async def test_no_more_than_so_many_connections_are_kept_idle(
    closed: list[asyncio.Event], answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_MAX_IDLE", 2)
    async with raw_server(answering(answer())) as server, client() as transport:
        await asyncio.gather(*(transport.send(call(server)) for _ in range(4)))
        done, _ = await asyncio.wait(
            [asyncio.create_task(one.wait()) for one in closed], return_when=asyncio.FIRST_COMPLETED
        )
        await turns()
        assert sum(one.is_set() for one in closed) == 2
        assert done


async def test_a_connection_is_not_kept_idle_for_ever(
    closed: list[asyncio.Event], answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_IDLE_SECONDS", 0.05)
    async with raw_server(answering(answer())) as server, client() as transport:
        await transport.send(call(server))
        await closed[0].wait()
        await transport.send(call(server))
    assert len(server.visits) == 2


async def test_closing_closes_what_is_idle_and_ends_new_calls(
    closed: list[asyncio.Event], answering: Answering
) -> None:
    async with raw_server(answering(answer())) as server, client() as transport:
        await transport.send(call(server))
        await transport.close()
        await closed[0].wait()
        assert await failing(transport, server) == (502, "upstream_unreachable")


async def test_closing_ends_the_wait_for_a_connection() -> None:
    has_come = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        has_come.set()
        await visit.is_left()

    async with raw_server(script) as server, client(limit=1) as transport:
        first = asyncio.create_task(transport.send(call(server)))
        await has_come.wait()
        second = asyncio.create_task(transport.send(call(server)))
        await turns()
        await transport.close()
        with pytest.raises(UpstreamDown, match="cannot be reached"):
            await second
        first.cancel()
        await asyncio.wait([first])


async def test_a_server_on_a_unix_socket_is_called(tmp_path: Path) -> None:
    requests: list[bytes] = []

    async def script(visit: Visit) -> None:
        requests.append(await visit.request())
        await visit.send(answer(b"abc"))

    path = tmp_path / "Server.sock"
    url = f"http+unix://{str(path).replace('/', '%2F')}/v1/models"
    async with raw_server(script, socket=path), client() as transport:
        assert (await transport.send(Call("lab", "GET", url, {}))).body == b"abc"
    assert requests[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"\r\nhost: localhost\r\n" in requests[0]


async def test_a_unix_socket_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    async with client() as transport:
        with pytest.raises(UpstreamDown) as failed:
            await transport.send(Call("lab", "GET", f"http+unix://{str(tmp_path).replace('/', '%2F')}%2Fno/", {}))
    assert failed.value.code == "upstream_unreachable"


async def turns() -> None:
    """Let the event loop look at its sockets."""
    for _ in range(5):
        await asyncio.sleep(0)
