"""Gives each provider its transport: direct, or through a proxy, or by HTTP/2."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from gateway.wire.client import HTTPTransport, Pools
from gateway.wire.clock import Clock
from gateway.wire.dialing import Dialer
from gateway.wire.errors import Unreachable
from gateway.wire.proxies import NO_PROXIES, Proxies
from gateway.wire.request import locate
from gateway.wire.tls import SYSTEM_TLS, TLS
from gateway.wire.transport import DEFAULT_TIMEOUTS, Answer, Call, Stream, Timeouts, Transport


@dataclass(frozen=True, slots=True)
class Options:
    """How a provider is called. `http2`: by HTTP/2 where it speaks that."""

    timeouts: Timeouts = DEFAULT_TIMEOUTS
    tls: TLS = SYSTEM_TLS
    max_connections: int | None = None
    http2: bool = False


class _Closable(Transport, Protocol):
    async def close(self) -> None: ...


class Transports:
    """The transports of one process. They share a timer; those with the same certificates share connections."""

    def __init__(self, proxies: Proxies = NO_PROXIES) -> None:
        self._proxies = proxies
        self._clock = Clock()
        self._dialers: dict[TLS, Dialer] = {}
        self._pools: dict[tuple[TLS, int | None], Pools] = {}
        self._proxied: dict[tuple[Options, str | None], _Closable] = {}

    def of(self, options: Options) -> Transport:
        """The transport for these options."""
        if options.http2:
            direct: Transport = self._over_pyqwest(options, None)
        else:
            direct = self._over_own(options)
        if not self._proxies:
            return direct
        return _ByOrigin(direct, self._proxies, lambda proxy: self._over_pyqwest(options, proxy))

    async def close(self) -> None:
        """Close all connections, and refuse new calls."""
        for pools in self._pools.values():
            pools.close()
        for transport in self._proxied.values():
            await transport.close()
        self._clock.close()

    def _over_own(self, options: Options) -> Transport:
        key = (options.tls, options.max_connections)
        if key not in self._pools:
            dialer = self._dialers.setdefault(options.tls, Dialer(options.tls))
            self._pools[key] = Pools(self._clock, dialer, options.max_connections)
        return HTTPTransport(options.timeouts, self._pools[key])

    def _over_pyqwest(self, options: Options, proxy: str | None) -> Transport:
        from gateway.wire.proxied import ProxiedTransport

        key = (options, proxy)
        if key not in self._proxied:
            self._proxied[key] = ProxiedTransport(options.timeouts, options.tls, proxy, options.max_connections)
        return self._proxied[key]


class _ByOrigin:
    """Sends each call directly or through a proxy, as its origin wants it."""

    def __init__(self, direct: Transport, proxies: Proxies, proxied: Callable[[str], Transport]) -> None:
        self._direct = direct
        self._proxies = proxies
        self._proxied = proxied

    async def send(self, call: Call) -> Answer:
        return await self._for(call).send(call)

    def stream(self, call: Call) -> AbstractAsyncContextManager[Stream]:
        return self._for(call).stream(call)

    def _for(self, call: Call) -> Transport:
        try:
            proxy = self._proxies.of(locate(call.url).origin)
            return self._direct if proxy is None else self._proxied(proxy)
        except ValueError:  # the URL, or that of the proxy
            raise Unreachable().down(call.provider) from None
