"""The server's protocol over a transport that notes what is written, and when; and what a client's leaving does."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from gateway.contract.sending import CLIENT
from tests.unit.server_wire import Client, hello, turns

pytestmark = pytest.mark.anyio
GET = b"GET /a%20b?c=d HTTP/1.1\r\nhost: here\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\n\r\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_head_and_body_are_one_write_and_the_task_is_the_connections() -> None:
    client = Client(hello)
    await client.send(GET)
    tasks = set(client.state.tasks)
    await client.send(GET, GET)
    assert client.wire.writes == [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"] * 3
    assert set(client.state.tasks) == tasks
    assert len(tasks) == 1
    client.protocol.connection_lost(None)
    await turns()
    assert client.state.tasks == set()


async def test_request_is_handed_on_as_it_came() -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append({name: scope[name] for name in ("method", "path", "raw_path", "query_string", "http_version")})
        while (message := await receive()).get("more_body"):
            seen.append(message["body"])
        seen.append(message["body"])
        await hello(scope, receive, send)

    client = Client(app)
    await client.send(GET, POST + b"he", b"llo")
    about = {"http_version": "1.1", "query_string": b"c=d", "path": "/a b", "raw_path": b"/a%20b", "method": "GET"}
    assert seen[:2] == [about, b""]
    assert seen[2]["method"] == "POST"
    assert b"".join(seen[3:]) == b"hello"


async def test_stream_is_chunked_and_its_head_goes_with_the_first_piece() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (b"a", b"bc"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    client = Client(app)
    await client.send(GET)
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert client.wire.writes == [head + b"1\r\na\r\n", b"2\r\nbc\r\n", b"0\r\n\r\n"]


@pytest.mark.parametrize(
    ("request_line", "closes"),
    [(b"GET / HTTP/1.1", False), (b"GET / HTTP/1.0", True), (b"HEAD / HTTP/1.1", False)],
)
async def test_versions_and_heads(request_line: bytes, closes: bool) -> None:
    client = Client(hello)
    await client.send(request_line + b"\r\nhost: here\r\n\r\n")
    (written,) = client.wire.writes
    assert written.endswith(b"hello") is not request_line.startswith(b"HEAD")
    assert (b"connection: close" in written, client.wire.is_closed) == (closes, closes)


async def test_pipelined_requests_are_answered_in_their_order_one_at_a_time() -> None:
    running = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        await send({"type": "http.response.body", "body": scope["query_string"]})
        running -= 1

    client = Client(app)
    await client.send(b"".join(b"GET /?%d HTTP/1.1\r\nhost: here\r\n\r\n" % number for number in range(5)))
    await turns()
    await turns()
    assert [written[-1:] for written in client.wire.writes] == [b"0", b"1", b"2", b"3", b"4"]


async def test_client_that_leaves_is_reported_at_once_and_only_then() -> None:
    left: list[str] = []
    waits = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"][CLIENT].call_on_disconnect(lambda: left.append(scope["query_string"].decode()))
        if scope["query_string"] == b"waits":
            await waits.wait()
        await hello(scope, receive, send)

    client = Client(app)
    await client.send(GET, b"GET /?waits HTTP/1.1\r\nhost: here\r\n\r\n")
    assert left == []
    client.protocol.connection_lost(ConnectionResetError())
    assert left == ["waits"]
    waits.set()
    await turns()
    assert len(client.wire.writes) == 1


async def test_after_the_body_only_the_clients_leaving_is_received() -> None:
    received: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(2):
            received.append((await receive())["type"])

    client = Client(app)
    await client.send(GET)
    assert received == ["http.request"]
    client.protocol.connection_lost(None)
    await turns()
    assert received == ["http.request", "http.disconnect"]


async def test_large_body_is_read_no_faster_than_it_is_taken() -> None:
    go_on = asyncio.Event()
    sizes: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        while (message := await receive())["more_body"]:
            sizes.append(len(message["body"]))
        await hello(scope, receive, send)

    client = Client(app)
    await client.send(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 200000\r\n\r\n" + b"x" * 100_000)
    has_read = [client.wire.reads]
    go_on.set()
    await turns()
    assert [*has_read, client.wire.reads] == [False, True]
    assert sizes == [100_000]
    await client.send(b"x" * 100_000)
    assert client.wire.writes[0].endswith(b"hello")


async def test_continue_is_sent_when_the_body_is_asked_for() -> None:
    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await hello(scope, receive, send)

    client = Client(reads)
    expecting = POST.replace(b"\r\n\r\n", b"\r\nexpect: 100-continue\r\n\r\n")
    await client.send(expecting)
    assert client.wire.writes == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    refusing = Client(hello)
    await refusing.send(expecting)
    assert refusing.wire.writes[0].startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\r\nb: c")]}],
        [
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]},
            {"type": "http.response.body", "body": b"four"},
        ],
    ],
)
async def test_application_that_breaks_the_rules_ends_the_connection(messages: list[dict[str, Any]]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    client = Client(app)
    await client.send(GET)
    assert client.wire.is_closed
    assert not any(written.startswith(b"HTTP/1.1 200") for written in client.wire.writes)


async def test_application_that_fails_is_a_500_in_the_envelope() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise LookupError("a defect")

    client = Client(app)
    await client.send(GET)
    (written,) = client.wire.writes
    assert written.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b'"code":"internal_error"' in written
    assert client.wire.is_closed


async def test_application_that_fails_before_its_first_byte_is_a_500_too() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError("a defect")

    client = Client(app)
    await client.send(GET)
    assert [written[:12] for written in client.wire.writes] == [b"HTTP/1.1 500"]


async def test_nothing_is_written_after_the_end_of_an_answer() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await hello(scope, receive, send)
        with pytest.raises(ValueError, match="after the end"):
            await send({"type": "http.response.body", "body": b"late"})

    client = Client(app)
    await client.send(GET)
    assert len(client.wire.writes) == 1


async def test_answer_before_an_expected_body_ends_the_connection() -> None:
    client = Client(hello)
    await client.send(POST.replace(b"\r\n\r\n", b"\r\nexpect: 100-continue\r\n\r\n"))
    assert b"connection: close" in client.wire.writes[0]
    assert client.wire.is_closed


async def test_application_may_end_the_connection() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    client = Client(app)
    await client.send(GET)
    assert client.wire.writes[0].count(b"connection: close") == 1
    assert client.wire.is_closed


async def test_old_client_gets_a_stream_that_ends_with_the_connection() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.body", "body": b"b"})

    client = Client(app)
    await client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert b"".join(client.wire.writes) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nab"
    assert client.wire.is_closed


async def test_trailers_are_no_headers_and_have_an_end() -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        seen.append(scope["headers"])
        await hello(scope, receive, send)

    chunked = b"POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    client = Client(app)
    await client.send(chunked, b"x-trailer: 1\r\n\r\n")
    assert seen == [[(b"host", b"here"), (b"transfer-encoding", b"chunked")]]
    endless = Client(app)
    await endless.send(chunked, *[b"a:b\r\n" * 10_000] * 5)
    assert endless.wire.writes[0].startswith(b"HTTP/1.1 431 ")
    assert endless.wire.is_closed


async def test_pipelined_requests_have_an_end_and_the_first_are_answered() -> None:
    client = Client(hello)
    await client.send(GET * 1000)
    for _ in range(100):
        await turns()
    assert b"".join(client.wire.writes).count(b"hello") == 64
    assert b"connection: close" in client.wire.writes[-1]
    assert client.wire.is_closed


async def test_pipelined_requests_do_not_keep_others_waiting() -> None:
    client = Client(hello)
    client.protocol.data_received(GET * 50)
    await asyncio.sleep(0)
    assert len(client.wire.writes) < 3


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01", b"GET / HTTP/9.9\r\n\r\n", b"nonsense\r\n\r\n"])
async def test_what_is_no_http_is_refused_in_the_envelope_and_not_in_the_middle_of_an_answer(garbage: bytes) -> None:
    idle = Client(hello)
    await idle.send(garbage)
    assert idle.wire.writes[0].startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b'"code":"invalid_http"' in idle.wire.writes[0]

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await asyncio.Future()

    busy = Client(streams)
    await busy.send(GET, garbage)
    assert len(busy.wire.writes) == 1
    assert busy.wire.is_closed


async def test_whole_requests_before_the_head_that_has_begun_are_no_part_of_it() -> None:
    client = Client(hello)
    large = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 200000\r\n\r\n" + b"x" * 200_000
    await client.send(large + b"GET / HT", b"TP/1.1\r\nhost: here\r\n\r\n")
    assert b"".join(client.wire.writes).count(b"hello") == 2


async def test_connection_that_closes_has_an_end_though_requests_are_queued_behind_it() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    client = Client(app)
    await client.send(GET + GET)
    assert client.wire.is_closed
    assert len(client.wire.writes) == 1
    assert client.protocol in client.connections._idle
