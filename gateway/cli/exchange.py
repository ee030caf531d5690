"""One request on a client's connection and the answer to it, as ASGI's `receive` and `send`."""

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.types import ASGIApp, Message
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.access_log import CLIENT_LEFT, Access, AccessLog
from gateway.errors import GatewayError, Header, InternalError
from gateway.logs import REQUEST_ID, redact

# What a client may call its request: what fits on a line of a log, and is found there.
_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:+/=@-]{0,127}")
_NO_BODY = (204, 304)
_DISCONNECT: Message = {"type": "http.disconnect"}

log = logging.getLogger("uvicorn.error")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A whole answer to something that is no request, or not yet one; it ends the connection."""

    status: int
    error: GatewayError
    """What is in its envelope."""

    def answer(self, request_id: str) -> bytes:
        """It as bytes, with the id by which its line in the log is found."""
        return _whole(self.status, self.error.body(), request_id)


def client_id(given: bytes) -> str | None:
    """A client's own id of its request, where it is one and looks like no secret."""
    return own if _ID.fullmatch(given) and redact(own := given.decode()) == own else None


def _whole(status: int, body: bytes, request_id: str) -> bytes:
    lines = (b"content-type: application/json", b"content-length: %d" % len(body), b"connection: close")
    head = (*lines, b"x-request-id: %b" % request_id.encode(), b"", body)
    return STATUS_LINE[status] + b"\r\n".join(head)


class Connection(Protocol):
    """What an exchange needs of its connection."""

    transport: asyncio.Transport
    flow: FlowControl
    loop: asyncio.AbstractEventLoop

    access_lines: AccessLog | None

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers of every answer."""

    def on_response_complete(self) -> None:
        """The answer has been written."""


class Exchange:
    """uvicorn's cycle of a request and its response with less for each of them.

    The head of the answer is written with the first piece of its body. A client that disconnects is reported at once,
    to whoever has registered with `call_on_disconnect`.
    """

    __slots__ = (
        "_added",
        "_chunked",
        "_connection",
        "_head",
        "_is_head",
        "_is_read",
        "_left",
        "_on_disconnect",
        "_pieces",
        "_size",
        "_status",
        "_waiter",
        "access",
        "disconnected",
        "expects_continue",
        "is_cut",
        "keep_alive",
        "more_body",
        "response_complete",
        "response_started",
        "scope",
    )

    def __init__(
        self, connection: Connection, scope: dict[str, Any], access: Access, *, keep_alive: bool, expects: bool
    ) -> None:
        self.scope = scope
        self.access = access
        self.keep_alive = keep_alive
        self.expects_continue = expects
        self.more_body = True
        self.disconnected = self.response_started = self.response_complete = self.is_cut = False
        self._connection = connection
        self._is_read = False
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._on_disconnect: Callable[[], object] | None = None
        self._head: list[bytes] = []
        self._is_head = scope["method"] == "HEAD"
        self._added: list[Header] = []
        self._chunked = False
        self._status = 0
        self._left: int | None = None
        """Bytes of the body that are still to come, where its length was given."""

    def call_on_disconnect(self, callback: Callable[[], object] | None) -> None:
        """Have `callback` called when the client leaves before its answer is complete; None: no longer."""
        self._on_disconnect = callback
        if callback is not None and self.disconnected:
            callback()

    def cut(self) -> None:
        """What is sent from now on is the last, and not held back for a client that does not read."""
        self.is_cut, self.keep_alive = True, False

    def refused(self, status: int) -> None:
        """Its connection has answered it, before the body was complete."""
        self._status = status
        self.response_started = self.response_complete = True
        self._wake()

    async def run(self, app: ASGIApp) -> None:
        """Have the application answer. Without a whole answer, the connection is closed."""
        REQUEST_ID.set(self.access.request_id)
        try:
            await app(self.scope, self.receive, self.send)
        except Exception as error:
            log.error("Exception in ASGI application", exc_info=error)
            has_written = self.response_started and not self._head
            if not has_written and not self.disconnected:
                body = InternalError().body()
                self._connection.transport.write(_whole(500, body, self.access.request_id))
                self._status = 500
        finally:
            if not self.response_complete and not self.disconnected:
                self._connection.transport.close()
            if (lines := self._connection.access_lines) is not None:
                has_left = self.disconnected and not self.response_complete
                status = CLIENT_LEFT if has_left else self._status
                lines.add(self.access, self.scope["method"], self.scope["path"], status)

    def feed(self, piece: bytes) -> None:
        """A piece of the request's body has come."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > HIGH_WATER_LIMIT:
            self._connection.flow.pause_reading()
        self._wake()

    def end(self) -> None:
        """The request's body is complete."""
        self.more_body = False
        self._wake()

    def disconnect(self) -> None:
        """The client has left."""
        self._wake()
        if self.response_complete:
            return
        self.disconnected = True
        if self._on_disconnect is not None:
            self._on_disconnect()

    def add_headers(self, headers: Sequence[Header]) -> None:
        """Send these with the answer, whatever that is."""
        self._added += headers

    def take_body(self) -> bytes | None:
        """The whole body of the request, if it has come and nothing of it was received."""
        if self.more_body or self._is_read or self.disconnected:
            return None
        self._is_read = True
        return self._taken()

    def reply(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
        """Send a whole answer at once. False where the client has to be waited for."""
        if self.disconnected:
            return True
        if self._connection.flow.write_paused or self.response_started:
            return False
        self._send_head(status, headers)
        self._send_body(body, is_last=True)
        return True

    async def receive(self) -> Message:
        """ASGI's: what has come of the body, once there is something; after its end, that the client has left."""
        while not (self._pieces or self.disconnected or self.response_complete or self._has_ended()):
            self._ask_for_body()
            self._waiter = self._connection.loop.create_future()
            began = time.perf_counter()
            await self._waiter
            self.access.waited += time.perf_counter() - began
        if self.disconnected or self.response_complete:
            return _DISCONNECT
        self._is_read = not self.more_body
        return {"type": "http.request", "body": self._taken(), "more_body": self.more_body}

    async def send(self, message: Message) -> None:
        """ASGI's: the head of the answer, then its body."""
        if self._connection.flow.write_paused and not (self.disconnected or self.is_cut):
            began = time.perf_counter()
            await self._connection.flow.drain()
            self.access.waited += time.perf_counter() - began
        if self.disconnected:
            return
        if self.response_complete:
            raise ValueError("a message after the end of the answer")
        if self.response_started:
            self._send_body(message.get("body", b""), is_last=not message.get("more_body", False))
        else:
            self._send_head(message["status"], message.get("headers", ()))

    def _send_head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        if self.expects_continue:
            # Whether the body that was not asked for comes all the same, nothing tells.
            self.keep_alive = self.expects_continue = False
        lines = [STATUS_LINE[status]]
        lines += [b"%b: %b\r\n" % header for header in self._connection.default_headers]
        lines.append(b"x-request-id: %b\r\n" % self.access.request_id.encode())
        for name, value in (*headers, *self._added) if self._added else headers:
            if name == b"content-length":
                self._left = int(value)
            elif name == b"connection" and value != b"upgrade":
                self.keep_alive = self.keep_alive and value != b"close"
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        head = b"".join(lines)
        if not head.count(b"\n") == head.count(b"\r") == len(lines) or b"\0" in head:
            raise ValueError("a line break or NUL in a header")
        self.response_started, self._status = True, status
        if not self.keep_alive:
            head += b"connection: close\r\n"
        has_body = not self._is_head and status not in _NO_BODY
        # Without either, an answer ends with the connection: HTTP/1.0 knows no chunks.
        self._chunked = has_body and self._left is None and self.scope["http_version"] != "1.0"
        self._head = [head, b"transfer-encoding: chunked\r\n\r\n" if self._chunked else b"\r\n"]

    def _send_body(self, body: bytes, *, is_last: bool) -> None:
        parts, self._head = self._head, []
        if self._chunked:
            if body:
                parts += (b"%x\r\n" % len(body), body, b"\r\n")
            if is_last:
                parts.append(b"0\r\n\r\n")
        elif not self._is_head:
            if self._left is not None:
                self._left -= len(body)
                if self._left < 0 or (is_last and self._left):
                    self._head = parts
                    raise ValueError("a body that has not the length that was given")
            parts.append(body)
        if parts:
            self._connection.transport.write(b"".join(parts))
        if is_last:
            self.response_complete = True
            self._wake()
            if not self.keep_alive:
                self._connection.transport.close()
            self._connection.on_response_complete()

    def _taken(self) -> bytes:
        """What has come of the body since the last time."""
        if self._size > HIGH_WATER_LIMIT:
            # Else nobody would notice that the client has left.
            self._connection.flow.resume_reading()
        body = self._pieces.popleft() if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return body

    def _has_ended(self) -> bool:
        """Whether the body is complete, and the application does not know yet."""
        return not (self.more_body or self._is_read)

    def _ask_for_body(self) -> None:
        if self.expects_continue:
            self.expects_continue = False
            self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._connection.flow.resume_reading()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
