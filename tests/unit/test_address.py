"""Taking an address to listen on."""

import socket
from contextlib import closing

import pytest

from gateway.cli import address
from gateway.cli.address import AddressError


def test_port_zero_takes_a_free_port_that_the_url_tells() -> None:
    with closing(address.listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert address.base_url(listener) == f"http://127.0.0.1:{port}"


def test_connections_wait_from_the_moment_the_port_is_taken() -> None:
    with closing(address.listen("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname(), timeout=5).close()


def test_a_second_listener_on_the_same_port_is_refused() -> None:
    with closing(address.listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressError, match=rf"port {port} on 127\.0\.0\.1 is taken"):
            address.listen("127.0.0.1", port)


def test_a_name_of_both_families_is_reached_over_the_older_one() -> None:
    with closing(address.listen("localhost", 0)) as listener:
        assert listener.family == socket.AF_INET


def test_every_address_is_shown_as_the_loopback_one() -> None:
    with closing(address.listen("0.0.0.0", 0)) as listener:
        assert address.base_url(listener).startswith("http://127.0.0.1:")


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(AddressError, match=r"192\.0\.2\.1 is not an address of this machine"):
        address.listen("192.0.2.1", 0)


@pytest.mark.parametrize("host", ["no such host", "a" * 300])
def test_a_name_that_nobody_knows_is_refused(host: str) -> None:
    with pytest.raises(AddressError, match="is unknown; choose another with --host or HOST"):
        address.listen(host, 0)
