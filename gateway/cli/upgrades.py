"""Reads a request that would switch to another protocol as what it also is: a request of HTTP/1.1.

Java's HttpClient sends `Upgrade: h2c` with every request, its body behind that. A server may ignore the wish (RFC 9110,
section 7.8); the parser cannot, and takes all that follows for the other protocol's.
"""

from collections.abc import Iterable

from gateway.contract.upgrades import is_websocket
from gateway.errors import Header

_UPGRADE = b"upgrade"
# The parser knows the second, which some clients send to proxies, as the first.
_CONNECTION = (b"connection", b"proxy-connection")
# Of the options of a connection, those that belong to an upgrade.
_OPTIONS = (b"upgrade", b"http2-settings")


def plain_head(method: bytes, target: bytes, version: str, headers: Iterable[Header]) -> bytes:
    """The head again, its connection without what belongs to an upgrade. `headers` have names in lower case.

    That a WebSocket is wanted stays, for it gets an answer of its own.
    """
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode())]
    for name, value in headers:
        if name in _CONNECTION:
            options = [option for option in value.split(b",") if option.strip().lower() not in _OPTIONS]
            if not options:
                continue
            value = b",".join(options)
        elif name == _UPGRADE and not is_websocket(value):
            continue
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join([*lines, b"", b""])
