"""A request's head that does not end is refused, and an ordinary one is not noticed."""

import socket

from gateway.settings.bounds import ConnectionBounds
from tests.servers.gateway import RunningGateway


def _connection(gateway: RunningGateway) -> socket.socket:
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def _answer(connection: socket.socket) -> bytes:
    """What comes until the server closes, or resets what it has not read."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def test_a_head_that_does_not_end_is_refused(gateway: RunningGateway) -> None:
    with _connection(gateway) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: here\r\n")
        line = b"x-filler: " + b"a" * 1000 + b"\r\n"
        try:
            for _ in range(0, 4 * ConnectionBounds().head_bytes, len(line)):
                connection.sendall(line)
        except OSError:
            pass  # the server has closed, which is the point
        answer = _answer(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


def test_a_large_head_and_a_second_request_on_the_same_connection_are_served(gateway: RunningGateway) -> None:
    head = b"GET /health/live HTTP/1.1\r\nhost: here\r\nx-filler: " + b"a" * 30_000 + b"\r\n"
    with _connection(gateway) as connection:
        connection.sendall(head + b"\r\n" + head + b"connection: close\r\n\r\n")
        assert _answer(connection).count(b"HTTP/1.1 200 OK") == 2
