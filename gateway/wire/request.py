"""Writes the head of an HTTP/1.1 request, and finds the origin that its URL names."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from gateway.wire.transport import Call, FixedHeaders

UNIX = "http+unix"
"""The scheme of a server on a Unix socket; its URLs have the quoted path of the socket in the place of the host."""

_PORTS = {"http": 80, "https": 443}
_MOST_KEPT = 100
# A longer URL has a name in it that a client made up.
_LONGEST_KEPT = 1000
_METHODS = frozenset({"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"})
_WITHOUT_BODY = frozenset({"GET", "HEAD"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What a target cannot hold, and what the URL standard quotes in it.
_TO_QUOTE = re.compile(r"""[^\x21-\x7e]|["<>`{}]""")
# The framing of a request and the life of its connection are decided here; two such headers would contradict.
_OWN_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class Origin(NamedTuple):
    """Where connections lead. `host` is a name, an IP address, or the path of a Unix socket, whose port is 0."""

    scheme: str
    host: str
    port: int


class Target(NamedTuple):
    """What is known of a URL: its origin, the start line of a request to it without the method, its Host header."""

    origin: Origin
    start: str
    host: str


def locate(url: str) -> Target:
    """Read a URL. Raises `ValueError` for one that no request can be sent to."""
    return _kept_target(url) if len(url) <= _LONGEST_KEPT else _read(url)


def _read(url: str) -> Target:
    parts = urlsplit(url)
    path = _TO_QUOTE.sub(lambda match: quote(match[0]), parts.path or "/")
    query = _TO_QUOTE.sub(lambda match: quote(match[0]), parts.query)
    start = f" {path}{'?' if query else ''}{query} HTTP/1.1\r\n"
    if parts.scheme == UNIX:
        socket_path = unquote(parts.netloc)
        if not socket_path.startswith("/") or "\0" in socket_path:
            raise ValueError("not the path of a socket")
        return Target(Origin(UNIX, socket_path, 0), start, "localhost")
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or parts.port == 0:
        raise ValueError("not a URL that can be called")
    name = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    if not name.isprintable() or " " in name:
        raise ValueError("not the name of a host")
    port = parts.port or _PORTS[parts.scheme]
    host = f"[{name}]" if ":" in name else name
    return Target(Origin(parts.scheme, name, port), start, host if port == _PORTS[parts.scheme] else f"{host}:{port}")


_kept_target = lru_cache(1024)(_read)


def request_head(call: Call) -> tuple[Origin, bytes]:
    """Where a call goes, and the head of its request. Raises `ValueError` for what cannot be written as one.

    A caller's `Host` is sent in the place of the URL's; headers of framing and of the connection are not sent.
    """
    target, headers = locate(call.url), call.headers
    if type(headers) is not FixedHeaders or call.method != "POST" or len(call.url) > _LONGEST_KEPT:
        beginning = _beginning(call, target)
    elif (kept := headers.written.get(call.url)) is not None:
        beginning = kept
    else:
        if len(headers.written) == _MOST_KEPT:
            # Some providers have the model in their URLs, and clients can name models without end.
            headers.written.clear()
        beginning = headers.written[call.url] = _beginning(call, target)
    if call.body or call.method not in _WITHOUT_BODY:
        return target.origin, b"%bcontent-length: %d\r\n\r\n" % (beginning, len(call.body or b""))
    return target.origin, beginning + b"\r\n"


def _beginning(call: Call, target: Target) -> bytes:
    """The head but for what depends on the body."""
    if call.method not in _METHODS:
        raise ValueError("not a method")
    fields = _fields(call.headers)
    if not (fields.startswith("host: ") or "\nhost: " in fields):
        fields = f"host: {target.host}\r\n{fields}"
    return f"{call.method}{target.start}accept: */*\r\n{fields}".encode("latin-1")


def _fields(headers: Mapping[str, str]) -> str:
    """The lines of the headers. Raises `ValueError`."""
    lines = [f"{prefix}{value}\r\n" for name, value in headers.items() if (prefix := _prefix(name))]
    fields = "".join(lines)
    if not fields.count("\r") == fields.count("\n") == len(lines) or "\0" in fields:
        raise ValueError("a line break or NUL in a header")
    return fields


@lru_cache(1024)
def _prefix(name: str) -> str:
    """The line of a header up to its value; "" for a header that is not sent."""
    if not _TOKEN.fullmatch(name):
        raise ValueError("not the name of a header")
    name = name.lower()
    return "" if name in _OWN_HEADERS else f"{name}: "
