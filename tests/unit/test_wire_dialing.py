"""Names with several addresses: which of them is tried, when, and which wins."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import cast

import pytest

from gateway.errors import UpstreamDown
from gateway.wire import dialing
from gateway.wire.client import HTTPTransport, Pools
from gateway.wire.clock import Clock
from gateway.wire.dialing import Address, Dialer, interleaved
from gateway.wire.request import Origin
from gateway.wire.transport import Call, Timeouts
from tests.servers.raw_http import Visit, raw_server, response

pytestmark = pytest.mark.anyio
V4, V6 = socket.AF_INET, socket.AF_INET6
SECONDS = 10


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": bool(request.param)}


class Unused(asyncio.Protocol):
    """A connection on which nothing is sent."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)


class Names:
    """A resolver that knows one name."""

    def __init__(self, *addresses: Address) -> None:
        self.addresses = addresses
        self.received: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.received.append(host)
        return self.addresses


async def answer(visit: Visit) -> None:
    if await visit.request():
        await visit.send(response(b"abc"))


def require_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=V6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")


async def connected(*addresses: Address) -> tuple[object, ...]:
    """The address that the connection is made to."""
    dialer = Dialer(resolve=Names(*addresses))
    async with asyncio.timeout(SECONDS):
        transport = (await dialer.open(Origin("http", "lab.test", 80), Unused)).transport
    host, port = transport.get_extra_info("peername")
    transport.abort()
    return host, port


def test_families_take_turns_and_the_resolvers_first_choice_is_first() -> None:
    a, b, c, d = ((V6, ("a",)), (V6, ("b",)), (V4, ("c",)), (V6, ("d",)))
    assert interleaved([a, b, c, d]) == [a, c, b, d]
    assert interleaved([c, a, b]) == [c, a, b]
    assert interleaved([c]) == [c]


async def test_a_name_with_both_kinds_of_address_is_reached_where_only_ipv6_listens() -> None:
    require_ipv6()
    async with raw_server(answer, host="::1") as server:
        for addresses in ([(V4, ("127.0.0.1", server.port)), (V6, ("::1", server.port))], [(V6, ("::1", server.port))]):
            pools = Pools(Clock(), Dialer(resolve=Names(*addresses)))
            transport = HTTPTransport(Timeouts(), pools)
            found = await transport.send(Call("lab", "GET", f"http://lab.test:{server.port}/", {}))
            assert found.body == b"abc"
            await transport.close()


async def test_an_address_that_does_not_answer_does_not_hold_up_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialing, "_HEAD_START_SECONDS", 0.01)
    async with mute() as where, raw_server(answer) as server:
        assert await connected((V4, where), (V4, ("127.0.0.1", server.port))) == ("127.0.0.1", server.port)


async def test_an_address_that_refuses_is_followed_by_the_next_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialing, "_HEAD_START_SECONDS", 1000.0)
    async with raw_server(answer) as server:
        refused = (V4, ("127.0.0.1", 1))
        assert await connected(refused, refused, (V4, ("127.0.0.1", server.port))) == ("127.0.0.1", server.port)


async def test_where_every_address_fails_the_error_is_that_of_one() -> None:
    with pytest.raises(ConnectionRefusedError):
        await connected((V4, ("127.0.0.1", 1)), (V4, ("127.0.0.1", 2)))


async def test_a_name_without_an_address_is_not_known() -> None:
    with pytest.raises(socket.gaierror):
        await connected()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_is_not_resolved(host: str) -> None:
    names = Names()
    with pytest.raises(OSError):
        await Dialer(resolve=names).open(Origin("http", host, 1), Unused)
    assert names.received == []


async def test_a_silent_connection_is_kept_by_probes() -> None:
    async with raw_server(answer) as server:
        transport = (await Dialer().open(Origin("http", "127.0.0.1", server.port), Unused)).transport
        connection = transport.get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        transport.abort()


async def test_localhost_is_what_the_system_says() -> None:
    async with raw_server(answer) as server:
        transport = HTTPTransport(Timeouts())
        assert (await transport.send(Call("lab", "GET", f"http://localhost:{server.port}/", {}))).body == b"abc"
        await transport.close()


async def test_a_call_that_gives_up_while_it_connects_is_unreachable() -> None:
    async with mute() as where:
        dialer = Dialer(resolve=Names((V4, where), (V4, where)))
        transport = HTTPTransport(Timeouts(connect=0.1), Pools(Clock(), dialer))
        with pytest.raises(UpstreamDown) as failed:
            await transport.send(Call("lab", "GET", "http://lab.test/", {}))
        assert failed.value.code == "upstream_unreachable"
        await transport.close()


@asynccontextmanager
async def mute() -> AsyncIterator[tuple[str, int]]:
    """An address that neither accepts nor refuses: its queue is full."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.2", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()
