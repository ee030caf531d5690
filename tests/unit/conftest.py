"""The transports that the tests of calls run over, each with an event loop."""

from collections.abc import Callable
from typing import Protocol

import pytest

from gateway.wire.client import HTTPTransport
from gateway.wire.proxied import ProxiedTransport
from gateway.wire.transport import Timeouts, Transport


class ClosableTransport(Transport, Protocol):
    """A transport that a test closes."""

    async def close(self) -> None: ...


MakeTransport = Callable[[Timeouts], ClosableTransport]

_TRANSPORTS: dict[str, MakeTransport] = {"own": HTTPTransport, "pyqwest": ProxiedTransport}


@pytest.fixture(params=["own on asyncio", "own on uvloop", "pyqwest on uvloop"])
def combination(request: pytest.FixtureRequest) -> str:
    """A transport and an event loop."""
    return str(request.param)


@pytest.fixture
def make(combination: str) -> MakeTransport:
    """Makes a transport of the kind that is tested."""
    return _TRANSPORTS[combination.partition(" ")[0]]


@pytest.fixture
def loop_of_combination(combination: str) -> tuple[str, dict[str, bool]]:
    """What anyio calls the event loop."""
    return "asyncio", {"use_uvloop": combination.endswith("uvloop")}
