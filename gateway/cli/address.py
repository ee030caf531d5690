"""The address to listen on: taken before anything slow is loaded, and said as people write it."""

import errno
import socket
import sys
from typing import Any

_BACKLOG = 2048


class AddressError(Exception):
    """The address cannot be listened on; the message says why, and what to do."""


def listen(host: str, port: int, workers: int = 1) -> list[socket.socket]:
    """Sockets that listen on `host` and `port`: on Linux one for each worker, elsewhere one for all.

    Port 0 means any free one. They listen from here on, so a second server on the same port fails now and not after it
    has loaded; connections wait in the backlog until the application is ready.

    Raises `AddressError`.
    """
    alone = _listening(*_resolved(host, port), named=(host, port))
    if workers == 1 or not sys.platform.startswith("linux"):
        return [alone]
    # It was a probe: sockets that share their port would join those of another server without a word.
    address, family = alone.getsockname(), alone.family
    alone.close()
    return [_listening(family, address, named=(host, port), is_shared=True) for _ in range(workers)]


def another(listener: socket.socket) -> socket.socket:
    """One more socket that listens where this one does, which shares its port. Raises `AddressError`."""
    address = listener.getsockname()
    return _listening(listener.family, address, named=address[:2], is_shared=True)


def base_url(listener: socket.socket) -> str:
    """The URL that reaches `listener` from this machine."""
    host, port = listener.getsockname()[:2]
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{loopback}]:{port}" if ":" in loopback else f"http://{loopback}:{port}"


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise AddressError(f"host {host} is unknown; choose another with --host or HOST") from error
    # A name such as localhost has addresses of both families; clients reach the older one everywhere.
    family, _, _, _, address = min(found, key=lambda candidate: candidate[0] != socket.AF_INET)
    return family, address


def _listening(
    family: socket.AddressFamily, address: Any, *, named: tuple[str, int], is_shared: bool = False
) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # So that a server can start again while connections of the last one are still in TIME_WAIT.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressError(_explain(error, *named)) from error
    return listener


def _explain(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} on {host} is taken; choose another with --port or PORT"
        case errno.EACCES:
            return f"port {port} needs privileges; choose one from 1024 on with --port or PORT"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine; choose another with --host or HOST"
        case _:
            return f"cannot listen on port {port} of {host}: {error.strerror}"
