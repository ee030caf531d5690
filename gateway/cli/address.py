"""The address to listen on: taken before anything slow is loaded, and said as people write it."""

import errno
import socket

_BACKLOG = 2048


class AddressError(Exception):
    """The address cannot be listened on; the message says why, and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`; port 0 means any free one.

    It listens from here on, so a second server on the same port fails now and not after it has
    loaded; connections wait in the backlog until the application is ready.

    Raises `AddressError`.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise AddressError(f"host {host} is unknown; choose another with --host or HOST") from error
    # A name such as localhost has addresses of both families; clients reach the older one everywhere.
    family, kind, protocol, _, address = min(found, key=lambda candidate: candidate[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressError(_explain(error, host, port)) from error
    return listener


def base_url(listener: socket.socket) -> str:
    """The URL that reaches `listener` from this machine."""
    host, port = listener.getsockname()[:2]
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{loopback}]:{port}" if ":" in loopback else f"http://{loopback}:{port}"


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
