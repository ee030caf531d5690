"""How long after the upstream sent it the first event of a stream arrives. Both ends share a clock."""

import re
import socket
import time
from statistics import median
from typing import Any

import orjson

from scripts.benchmark.bodies import CHAT, FLOOR, RESPONSES, UPSTREAM, chat, responses
from scripts.benchmark.errors import BenchmarkError
from scripts.benchmark.processes import on_core
from scripts.benchmark.servers import KEY, PROVIDER, Servers
from scripts.benchmark.upstream import STAMP

_STAMP = re.compile(STAMP.encode() + rb"(\d+);")
LAST_CHUNK = b"\r\n0\r\n\r\n"
_TIMEOUT_SECONDS = 10.0


def delays(servers: Servers, streams: int, core: int | None) -> dict[str, float]:
    """Median milliseconds from the upstream's sending of the first event to its arrival, by who is asked."""
    through = chat(f"{PROVIDER}/late", is_stream=True)
    asked = {
        UPSTREAM: (servers.upstream.port, CHAT, chat("late", is_stream=True)),
        FLOOR: (servers.floor.port, CHAT, through),
        CHAT: (servers.gateway.port, CHAT, through),
        RESPONSES: (servers.gateway.port, RESPONSES, responses(is_stream=True, model=f"{PROVIDER}/late")),
    }
    found: dict[str, list[float]] = {name: [] for name in asked}
    with on_core(core):
        for _ in range(streams):
            for name, (port, path, body) in asked.items():
                found[name].append(_delay(port, path, body))
    return {name: median(values) for name, values in found.items()}


def _delay(port: int, path: str, asked: dict[str, Any]) -> float:
    body = orjson.dumps(asked)
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS) as connection:
        connection.sendall(request_head(len(body), path) + body)
        received = b""
        first: float | None = None
        while not received.endswith(LAST_CHUNK):
            part = connection.recv(65_536)
            now = time.monotonic_ns()
            received += part
            if not part:
                raise BenchmarkError(f"a stream broke off: {received[-500:]!r}")
            stamp = _STAMP.search(received) if first is None else None
            if stamp:
                first = (now - int(stamp[1])) / 1e6
    if first is None:
        raise BenchmarkError(f"a stream had no first event: {received[:500]!r}")
    return first


def request_head(length: int, path: str = CHAT) -> bytes:
    """The head of a request whose body has `length` bytes."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {KEY}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
