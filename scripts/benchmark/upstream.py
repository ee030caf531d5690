"""The upstream of the benchmark: constant answers in every dialect, on bare sockets, so that the load's core has room.

Run as `python -m scripts.benchmark.upstream TLS_PORT CERTIFICATE KEY PORT`. The path selects the dialect, the model's
name how the answer is sent: a key of `PACES`, or one of `FAILURES`.
"""

import asyncio
import re
import ssl
import sys
import time
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, cast

import orjson
import uvloop

from scripts.benchmark.wires import REPLIES, WIRES

WORDS = 50
"""Pieces of text in a stream, by default."""
EXTRA_EVENTS = 4
"""What the chat dialect sends beside them: the role, the finish reason, usage and the end."""
STAMP = "stamp="
"""Written before the time of the first text of a paced stream, in nanoseconds of the clock that all processes share."""


class Pace(NamedTuple):
    """Pieces of text in a stream, and the seconds before each event; 0 sends everything at once."""

    words: int
    pause: float


PACES = {
    "static": Pace(WORDS, 0.0),
    "paced": Pace(WORDS, 0.002),
    "slow": Pace(WORDS, 0.2),
    "brief": Pace(5, 0.05),
    "late": Pace(1, 0.01),
}
FAILURES = ("refuse", "throttle", "overloaded", "garbage", "cut", "stall")

_STALL_SECONDS = 2.0
_ERROR = b'{"error":{"message":"no","type":"server_error","code":null}}'
_STATUSES = {"refuse": 500, "throttle": 429, "overloaded": 529}
# What each dialect's path contains; the chat dialect has the rest.
_PATHS = {
    "enerateContent": "gemini",
    "/converse": "bedrock-converse",
    "/messages": "anthropic-messages",
    "/v2/chat": "cohere",
    "/responses": "openai-responses",
}
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"


@cache
def dialect_of(path: str) -> str:
    """The dialect that is spoken on a path."""
    return next((name for part, name in _PATHS.items() if part in path), "openai-chat")


class Exchange(asyncio.Protocol):
    """One connection: requests with a content-length, one after the other."""

    def __init__(self) -> None:
        self._received = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while request := self._next_request():
            self._answer(*request)

    def _next_request(self) -> tuple[str, bytes] | None:
        head, end, rest = self._received.partition(_HEAD_END)
        if not end:
            return None
        if _CHUNKED.search(head):
            self._transport.write(_plain(411, b"{}"))
            self._transport.close()
            return None
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return None
        self._received = rest[size:]
        return head.split(b" ", 2)[1].decode(), rest[:size]

    def _answer(self, path: str, body: bytes) -> None:
        request = orjson.loads(body) if body else {}
        # Gemini and Bedrock have the model in the path, and there, too, whether they stream.
        model, dialect = request.get("model", path), dialect_of(path)
        is_stream = request.get("stream", "tream" in path)
        failure = next((name for name in FAILURES if name in model), None)
        pace = next((pace for name, pace in PACES.items() if name in model), PACES["static"])
        if failure:
            self._fail(failure, dialect, is_stream=is_stream)
        elif not is_stream:
            self._transport.write(_plain(200, REPLIES[dialect]))
        elif pace.pause:
            self._transport.write(_stream_head(dialect))
            self._loop.call_later(pace.pause, self._send_next, iter(events(dialect, pace.words)), pace.pause)
        else:
            self._transport.write(_stream(dialect, pace.words))

    def _send_next(self, rest: Iterator[bytes], pause: float) -> None:
        if event := next(rest, None):
            self._transport.write(_chunk(event.replace(b" word00", f" {STAMP}{time.monotonic_ns()};".encode())))
            if not self._transport.is_closing():
                self._loop.call_later(pause, self._send_next, rest, pause)
        else:
            self._transport.write(_LAST_CHUNK)

    def _fail(self, failure: str, dialect: str, *, is_stream: bool) -> None:
        if failure == "stall":
            self._loop.call_later(_STALL_SECONDS, self._transport.write, _plain(500, b"{}"))
        elif failure == "garbage":
            self._transport.write(_plain(200, b'data: {"choices": 7\n\n' if is_stream else b"<html>no</html>"))
        elif failure == "cut":
            whole = _stream(dialect, WORDS) if is_stream else _plain(200, REPLIES[dialect])
            self._transport.write(whole[: len(whole) // 2])
            self._transport.close()
        else:
            self._transport.write(_plain(_STATUSES[failure], _ERROR))


@cache
def _plain(status: int, body: bytes) -> bytes:
    wait = "retry-after: 0\r\n" if status == 429 else ""
    head = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n{wait}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@cache
def _stream(dialect: str, words: int) -> bytes:
    return _stream_head(dialect) + _chunk(b"".join(events(dialect, words))) + _LAST_CHUNK


@cache
def _stream_head(dialect: str) -> bytes:
    media_type = "application/vnd.amazon.eventstream" if dialect == "bedrock-converse" else "text/event-stream"
    return f"HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ntransfer-encoding: chunked\r\n\r\n".encode()


@cache
def events(dialect: str, words: int = WORDS) -> list[bytes]:
    """The events of a stream of so many pieces of text."""
    return list(WIRES[dialect](words))


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def serve(tls_port: int, certificate: str, key: str, port: int) -> None:
    """Answer for ever, on one port in the clear and on another by TLS."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    await loop.create_server(Exchange, "127.0.0.1", tls_port, ssl=context)
    await loop.create_server(Exchange, "127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
