"""Requests that would switch to another protocol are read as what they also are: HTTP/1.1."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from gateway.access_log import AccessLog
from tests.unit.server_wire import Client, hello, turns

pytestmark = pytest.mark.anyio

# What Java's HttpClient sends over http://, from version 11 on.
JAVA = (
    b"POST /v1/x HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: 5\r\nHost: here\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\n"
    b"User-Agent: Java-http-client/17\r\n\r\nhello"
)
CHUNKED = (
    b"POST /v1/x HTTP/1.1\r\nhost: here\r\nupgrade: h2c\r\nconnection: keep-alive, Upgrade\r\n"
    b"transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
)
TLS = b"POST /v1/x HTTP/1.1\r\nupgrade: TLS/1.0\r\nhost: here\r\ncontent-length: 5\r\nconnection: upgrade\r\n\r\nhello"
WEBSOCKET = (
    b"GET /v1/x HTTP/1.1\r\nhost: here\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nsec-websocket-key: a\r\n\r\n"
)
PLAIN = b"POST /v1/x HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\n\r\nhello"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Seen:
    """An application that notes what it is given."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.headers: list[dict[bytes, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
        self.requests.append((scope["method"], scope["path"], body))
        self.headers.append(dict(scope["headers"]))
        await hello(scope, receive, send)


@pytest.mark.parametrize("upgrading", [JAVA, CHUNKED, TLS], ids=["java", "chunked", "tls"])
async def test_request_keeps_its_body_and_its_connection(upgrading: bytes) -> None:
    app = Seen()
    client = Client(app)
    await client.send(upgrading, upgrading + PLAIN)
    assert app.requests == [("POST", "/v1/x", b"hello")] * 3
    assert all(b"upgrade" not in headers for headers in app.headers)
    assert not client.wire.is_closed


@given(cuts=st.lists(st.integers(0, len(JAVA + CHUNKED)), max_size=6), rest=st.sampled_from([PLAIN, WEBSOCKET, TLS]))
@settings(max_examples=60, deadline=None)
async def test_pieces_in_which_it_comes_make_no_difference(cuts: list[int], rest: bytes) -> None:
    data = JAVA + CHUNKED + rest
    places = [0, *sorted(cuts), len(data)]
    app = Seen()
    client = Client(app)
    await client.send(*(data[start:end] for start, end in pairwise(places) if start < end))
    assert app.requests[:2] == [("POST", "/v1/x", b"hello")] * 2
    assert len(app.requests) == 3


async def test_application_sees_that_a_websocket_is_wanted() -> None:
    app = Seen()
    client = Client(app)
    await client.send(WEBSOCKET)
    assert app.headers[0][b"upgrade"] == b"WebSocket"
    assert b"connection" not in app.headers[0]


@pytest.mark.parametrize("option", [b"proxy-connection", b"Proxy-Connection", b"connection"])
@pytest.mark.parametrize("wanted", [b"websocket", b"websocket, h2c", b"h2c"])
async def test_head_is_read_again_once_at_most(option: bytes, wanted: bytes) -> None:
    app = Seen()
    client = Client(app)
    await client.send(b"GET /v1/x HTTP/1.1\r\nhost: a\r\n%b: Upgrade\r\nupgrade: %b\r\n\r\n" % (option, wanted))
    assert app.requests == [("GET", "/v1/x", b"")]


async def test_many_at_once_are_bounded_like_all_pipelined_requests() -> None:
    app = Seen()
    client = Client(app)
    await client.send(TLS * 1000)
    for _ in range(200):
        await client.send(b"")
    assert 1 <= len(app.requests) <= 65


def noted() -> tuple[list[dict[str, Any]], AccessLog]:
    """The lines of an access log, and that."""
    lines: list[dict[str, Any]] = []

    def note(fields: dict[str, Any]) -> bytes:
        lines.append(fields)
        return b""

    return lines, AccessLog(note, len)


async def test_request_whose_body_does_not_come_has_one_line_under_the_id_of_its_answer() -> None:
    lines, access_log = noted()
    client = Client(Seen(), access_log)
    await client.send(PLAIN.replace(b"host: here", b"host: here\r\nx-request-id: slow-1")[:-2])
    client.protocol.time_out()
    await turns()
    (answer,) = client.wire.writes
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"x-request-id: slow-1\r\n" in answer
    client.protocol.connection_lost(None)
    await turns()
    assert [(line["request_id"], line["status"], line["code"]) for line in lines] == [
        ("slow-1", 408, "request_timeout")
    ]
    access_log.close()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n", b"405"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"GARBAGE\r\n\r\n", b"400"),
        (JAVA.replace(b"Content-Length: 5", b"Content-Length: 5\r\nContent-Length: 6"), b"400"),
        (JAVA.replace(b"Content-Length: 5", b"Content-Length: 5\r\nTransfer-Encoding: chunked"), b"400"),
    ],
    ids=["connect", "http2", "garbage", "two-lengths", "length-and-chunks"],
)
async def test_what_cannot_be_read_is_refused_in_the_envelope_with_an_id(data: bytes, status: bytes) -> None:
    lines, access_log = noted()
    client = Client(Seen(), access_log)
    await client.send(data)
    (answer,) = client.wire.writes
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b'{"error":{"message":' in answer
    assert client.wire.is_closed
    (line,) = lines
    assert line["status"] == int(status)
    access_log.close()
