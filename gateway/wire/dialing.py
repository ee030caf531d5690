"""Opens connections: names to addresses, IPv4 and IPv6 side by side, Unix sockets, TLS."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from itertools import chain, zip_longest
from typing import Any, TypeVar

from gateway.wire.request import UNIX, Origin
from gateway.wire.tls import SYSTEM_TLS, TLS, client_context

# RFC 8305, section 5: how long an address is given before the next one is tried beside it.
_HEAD_START_SECONDS = 0.25
_PROBE_SECONDS = 30

Address = tuple[socket.AddressFamily, tuple[Any, ...]]
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
P = TypeVar("P", bound=asyncio.Protocol)


async def system_addresses(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host, by the system's own resolver and in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(socket.AddressFamily(family), address) for family, _, _, _, address in found]


class Dialer:
    """Opens connections with one set of certificates."""

    def __init__(self, tls: TLS = SYSTEM_TLS, resolve: Resolve = system_addresses) -> None:
        self._tls = tls
        self._resolve = resolve
        self._loading: asyncio.Task[ssl.SSLContext] | None = None

    async def open(self, origin: Origin, protocol: Callable[[], P]) -> P:
        """A protocol on a new connection. Raises `OSError` (`gaierror` and `SSLError` are such) or `ValueError`."""
        loop = asyncio.get_running_loop()
        if origin.scheme == UNIX:
            return (await loop.create_unix_connection(protocol, origin.host))[1]
        connected = await self._connect(origin.host, origin.port)
        with ExitStack() as undo:
            undo.callback(connected.close)
            is_secure = origin.scheme == "https"
            context, name = (await self._context(), origin.host) if is_secure else (None, None)
            _, opened = await loop.create_connection(protocol, sock=connected, ssl=context, server_hostname=name)
            undo.pop_all()
        return opened

    async def _context(self) -> ssl.SSLContext:
        # One for all origins, made for the first of them and in a thread: reading the system's certificates takes
        # 25 ms, and they fill some 5 MB.
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(client_context, self._tls))
            self._loading.add_done_callback(self._loaded)
        return await asyncio.shield(self._loading)

    def _loaded(self, loading: asyncio.Task[ssl.SSLContext]) -> None:
        if loading.cancelled() or loading.exception() is not None:
            # The files may be there next time.
            self._loading = None

    async def _connect(self, host: str, port: int) -> socket.socket:
        if (address := _literal(host, port)) is not None:
            return await _attempt(address)
        addresses = await self._resolve(host, port)
        if len(addresses) == 1:
            return await _attempt(addresses[0])
        return await _race(interleaved(addresses))


def interleaved(addresses: Sequence[Address]) -> list[Address]:
    """The addresses, families by turns, that of the first one first (RFC 8305, section 4)."""
    first = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    return [address for address in chain.from_iterable(zip_longest(first, others)) if address is not None]


async def _race(addresses: Sequence[Address]) -> socket.socket:
    """The first connection that is made. Each attempt has a head start, unless the one before it has failed."""
    attempts: set[asyncio.Task[socket.socket]] = set()
    error: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    waiting = list(reversed(addresses))
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.create_task(_attempt(waiting.pop())))
            head_start = _HEAD_START_SECONDS if waiting else None
            done, attempts = await asyncio.wait(attempts, timeout=head_start, return_when=asyncio.FIRST_COMPLETED)
            for attempt in done:
                try:
                    winner = attempt.result()
                except OSError as failed:
                    error = failed
                else:
                    attempts |= done - {attempt}
                    return winner
        raise error
    finally:
        for attempt in attempts:
            attempt.add_done_callback(_discard)
            attempt.cancel()


def _discard(attempt: asyncio.Task[socket.socket]) -> None:
    """Close the connection of an attempt that came second."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


async def _attempt(address: Address) -> socket.socket:
    family, where = address
    with ExitStack() as undo:
        attempt = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
        attempt.setblocking(False)
        attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _probe_when_silent(attempt)
        await asyncio.get_running_loop().sock_connect(attempt, where)
        undo.pop_all()
    return attempt


def _probe_when_silent(connection: socket.socket) -> None:
    """Let the kernel probe the peer: models think for minutes, and routers forget connections that are silent."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), _PROBE_SECONDS)


def _literal(host: str, port: int) -> Address | None:
    """The address that a host already is, in which case there is nothing to resolve."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return family, (host, port)
    return None
