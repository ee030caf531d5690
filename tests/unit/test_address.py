"""Taking an address to listen on."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from gateway.cli import address
from gateway.cli.address import AddressError


@contextmanager
def _all_listening(host: str, workers: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(listener) for listener in address.listen(host, 0, workers)]


@contextmanager
def _listening(host: str) -> Iterator[socket.socket]:
    with _all_listening(host, 1) as (listener,):
        yield listener


def test_port_zero_takes_a_free_port_that_the_url_tells() -> None:
    with _listening("127.0.0.1") as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert address.base_url(listener) == f"http://127.0.0.1:{port}"


def test_connections_wait_from_the_moment_the_port_is_taken() -> None:
    with _listening("127.0.0.1") as listener:
        socket.create_connection(listener.getsockname(), timeout=5).close()


def test_a_second_listener_on_the_same_port_is_refused() -> None:
    with _listening("127.0.0.1") as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressError, match=rf"port {port} on 127\.0\.0\.1 is taken"):
            address.listen("127.0.0.1", port)


def test_a_name_of_both_families_is_reached_over_the_older_one() -> None:
    with _listening("localhost") as listener:
        assert listener.family == socket.AF_INET


def test_every_address_is_shown_as_the_loopback_one() -> None:
    with _listening("0.0.0.0") as listener:
        assert address.base_url(listener).startswith("http://127.0.0.1:")


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(AddressError, match=r"192\.0\.2\.1 is not an address of this machine"):
        address.listen("192.0.2.1", 0)


@pytest.mark.parametrize("host", ["no such host", "a" * 300])
def test_a_name_that_nobody_knows_is_refused(host: str) -> None:
    with pytest.raises(AddressError, match="is unknown; choose another with --host or HOST"):
        address.listen(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_workers_have_sockets_of_their_own_on_one_port_that_no_other_server_joins(host: str) -> None:
    with _all_listening(host, 3) as listeners:
        assert len(listeners) == (3 if sys.platform.startswith("linux") else 1)
        assert len({listener.getsockname() for listener in listeners}) == 1
        for workers in (1, 3):
            with pytest.raises(AddressError, match="is taken"):
                address.listen(host, listeners[0].getsockname()[1], workers)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere workers share one socket")
def test_one_more_worker_listens_on_the_same_port() -> None:
    with _all_listening("127.0.0.1", 2) as listeners, address.another(listeners[0]) as third:
        assert third.getsockname() == listeners[0].getsockname()
