"""Connections of a server that stops when the time for answers is over."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from gateway.contract.sending import CLIENT
from tests.unit.server_wire import Client, hello, turns
from tests.unit.test_exchange import GET

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_cut_cancels_the_request_under_way_and_answers_none_behind_it() -> None:
    seen: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["query_string"])
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            assert scope["extensions"][CLIENT].is_cut
            await hello(scope, receive, send)

    client = Client(app)
    await client.send(b"".join(b"GET /?%d HTTP/1.1\r\nhost: here\r\n\r\n" % number for number in range(3)))
    assert client.protocol.cut()
    await turns()
    assert seen == [b"0"]
    (written,) = client.wire.writes
    assert written.endswith(b"hello")
    assert client.wire.is_closed
    client.protocol.connection_lost(None)
    await turns()
    assert client.state.tasks == set()


@pytest.mark.parametrize("pieces", [[], [GET], [GET, GET[:10]]], ids=["new", "idle", "in a head"])
async def test_cut_closes_a_connection_on_which_nothing_is_answered(pieces: list[bytes]) -> None:
    client = Client(hello)
    await client.send(*pieces)
    assert not client.protocol.cut()
    assert client.wire.is_closed
    await client.send(GET)
    assert len(client.wire.writes) == min(len(pieces), 1)


async def test_cut_does_not_wait_for_a_client_that_does_not_read() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        client.protocol.pause_writing()
        try:
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
        except asyncio.CancelledError:
            await send({"type": "http.response.body", "body": b"b"})

    client = Client(app)
    await client.send(GET)
    assert client.wire.writes == []
    client.protocol.cut()
    await turns()
    (written,) = client.wire.writes
    assert written.endswith(b"1\r\nb\r\n0\r\n\r\n")
    assert client.wire.is_closed
