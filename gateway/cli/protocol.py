"""uvicorn's HTTP protocol with an end to what a client may send of a request, and to how long it may take."""

from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.cli.connections import Connections


def _refusal(status: str, type: str, code: str, message: str) -> bytes:
    body = orjson.dumps({"error": {"message": message, "type": type, "param": None, "code": code}})
    lines = [
        f"HTTP/1.1 {status}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


_TOO_LARGE = _refusal(
    "431 Request Header Fields Too Large",
    "invalid_request_error",
    "headers_too_large",
    "The request line and headers are too large.",
)
_TOO_SLOW = _refusal("408 Request Timeout", "invalid_request_error", "request_timeout", "The request came too slowly.")
_TOO_MANY = _refusal(
    "503 Service Unavailable", "server_error", "unavailable", "The gateway has too many connections. Try again later."
)


class BoundedProtocol(HttpToolsProtocol):
    """Reports to `Connections` how far a request has come, and refuses a head that does not end.

    uvicorn waits for a head and a body for as long as they take, and keeps a head in memory for as long as it comes,
    before any key is looked at.
    """

    def __init__(self, *args: Any, connections: Connections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._counted = connections
        self._head_bytes = 0
        self._is_surplus = self._in_head = self._in_body = False

    @property
    def is_paused(self) -> bool:
        return bool(self.flow.read_paused)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._is_surplus = not self._counted.opened(self, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self._counted.closed(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_surplus:
            self.refuse()
            return
        was_in_head, was_in_body = self._in_head, self._in_body
        super().data_received(data)
        if self._in_body:
            self._counted.took_body(self, len(data) if was_in_body else 0)
        elif self._in_head:
            self._head_bytes = self._head_bytes + len(data) if was_in_head else len(data)
            if self._head_bytes > self._counted.bounds.head_bytes and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        self._in_head = True
        if not self._is_answering:
            self._counted.began_head(self)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        self._counted.ended_head(self)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        self._counted.ended_body(self)
        super().on_message_complete()
        if not self._is_answering and not self.transport.is_closing():
            # It was answered before it was complete.
            self._counted.became_idle(self)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_answering or self._in_body or self.transport.is_closing():
            return
        if self._in_head:
            # It began to come while the request before it was being answered.
            self._counted.began_head(self)
        else:
            self._counted.became_idle(self)

    def time_out(self) -> None:
        is_answered = self._in_body and self.cycle.response_started
        if (self._in_head or self._in_body) and not is_answered:
            self.transport.write(_TOO_SLOW)
        self.transport.close()

    def refuse(self) -> None:
        self.transport.write(_TOO_MANY)
        self.transport.close()

    def close(self) -> None:
        self.transport.close()

    @property
    def _is_answering(self) -> bool:
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)
