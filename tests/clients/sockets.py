"""Speaks HTTP over a bare socket: what no HTTP client would send."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.servers.gateway import KEY

DEADLINE = 10.0


@dataclass(frozen=True)
class RawReply:
    """An answer as it came. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@contextmanager
def connection(url: str) -> Iterator[socket.socket]:
    """An open connection to the server at `url`."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), DEADLINE) as opened:
        yield opened


def read_reply(opened: socket.socket, method: str = "GET") -> RawReply:
    """The next answer on a connection."""
    with HTTPResponse(opened, method=method) as response:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return RawReply(response.status, headers, response.read())


def exchange(url: str, data: bytes, method: str = "GET") -> RawReply:
    """Send bytes as they are, and read one answer."""
    with connection(url) as opened:
        opened.sendall(data)
        return read_reply(opened, method)


def head(method: str, target: str, *lines: str, key: str | None = KEY) -> bytes:
    """The head of a request, with further header lines."""
    said = [f"{method} {target} HTTP/1.1", "host: gateway", *lines]
    if key:
        said.append(f"authorization: Bearer {key}")
    return "\r\n".join([*said, "", ""]).encode("latin-1")


def post(target: str, body: bytes, *lines: str, key: str | None = KEY) -> bytes:
    """A whole request with a body of known length. Without `lines` it is said to be JSON."""
    return head("POST", target, f"content-length: {len(body)}", *(lines or [JSON]), key=key) + body


JSON = "content-type: application/json"
