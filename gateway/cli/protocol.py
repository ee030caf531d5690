"""uvicorn's HTTP protocol with less work for each request, and with bounds on what a client may send of one."""

import asyncio
import urllib.parse
from collections import deque
from functools import lru_cache
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.access_log import Access, AccessLog
from gateway.cli.connections import Connections
from gateway.cli.exchange import Exchange, Refusal, client_id
from gateway.cli.upgrades import plain_head
from gateway.contract.sending import CLIENT
from gateway.errors import InvalidRequest, Unavailable

_TOO_LARGE = Refusal(431, InvalidRequest("The request line and headers are too large.", code="headers_too_large"))
_TOO_SLOW = Refusal(408, InvalidRequest("The request came too slowly.", code="request_timeout"))
_TOO_MANY = Refusal(503, Unavailable("The gateway has too many connections. Try again later."))
_MALFORMED = Refusal(400, InvalidRequest("The request is not valid HTTP/1.1.", code="invalid_http"))
_NO_PROXY = Refusal(405, InvalidRequest("This is no proxy: there is no CONNECT.", code="method_not_allowed"))
# Requests that wait on one connection while another is answered. What comes behind them is not read, and the connection
# closed after them: a client sends the others again.
_MOST_PIPELINED = 64
# Longer ones are a caller's own: they would fill the cache and never come again.
_KNOWN_TARGET_BYTES = 100
# In which a server that stops answers one more request on a connection: a client that has sent one sees it reset
# otherwise.
_LAST_REQUEST_SECONDS = 0.5


class GatewayProtocol(HttpToolsProtocol):
    """One connection of a client.

    Its requests are answered one after the other by one task, which lives as long as the connection (so does what a
    request puts into a context variable); `Connections` has one timer for all connections. uvicorn makes a task, an
    event and a timer for each request, writes the head of an answer before its body, waits for a head and a body for as
    long as they take, and keeps a head in memory for as long as it comes, before any key is looked at.
    """

    cycle: Exchange | None  # type: ignore[assignment]  # uvicorn's own class is replaced by ours

    def __init__(
        self, *args: Any, connections: Connections, access_log: AccessLog | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._counted = connections
        self.access_lines = access_log
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._serving: asyncio.Task[None] | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._head_bytes = 0
        self._body_gap = 0
        """Bytes of a body that came since the last piece of it: sizes and extensions of chunks, trailers."""
        self._is_surplus = self._in_head = self._in_body = self._is_lost = self._is_stopping = self._is_deaf = False
        self._is_upgrade = False
        """The head that has come would switch to another protocol: it is read again without that, and only once."""
        self._is_read_again = False
        self._given_id: bytes | None = None
        """The client's own id of the request whose head is being read."""

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        return self.server_state.default_headers

    # What the event loop calls.

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._is_surplus = not self._counted.opened(self, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._counted.closed(self)
        self.connections.discard(self)
        self.flow.resume_writing()
        for exchange in (*self._queue, self._current):
            if exchange is not None:
                exchange.disconnect()
        self._wake()
        if exc is None:
            self.transport.close()
        self.parser = None  # type: ignore[assignment]  # as uvicorn does: it holds this object

    def data_received(self, data: bytes) -> None:
        if self._is_surplus:
            self.refuse()
            return
        if self._is_deaf:
            return
        was_in_head, was_in_body = self._in_head, self._in_body
        self._body_gap += len(data)
        self._feed(data)
        if self._in_body:
            self._counted.took_body(self, len(data) if was_in_body else 0)
            if self._body_gap > self._counted.bounds.head_bytes:
                self._refuse(_TOO_LARGE)
        elif self._in_head:
            # Of a piece in which a head begins, nobody knows how much is the head's.
            self._head_bytes = self._head_bytes + len(data) if was_in_head else 0
            if self._head_bytes > self._counted.bounds.head_bytes:
                self._refuse(_TOO_LARGE)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._counted.paused(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._counted.resumed(self)

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:
            # Trailers are not passed on: they would count as headers.
            return
        name = name.lower()
        if name == b"x-request-id":
            self._given_id = value
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_message_begin(self) -> None:
        self._in_head, self._given_id = True, None
        if not self._is_answering:
            self._counted.began_head(self)
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body, self._body_gap = False, True, 0
        if self._is_deaf:
            return
        if len(self._queue) == _MOST_PIPELINED:
            self._queue[-1].keep_alive = False
            self._is_deaf = True
            self.flow.pause_reading()
            return
        if self.parser.should_upgrade():
            self._is_upgrade = True
            return
        self._is_read_again = False
        self._counted.ended_head(self)
        version = self.parser.get_http_version()
        keep_alive = version != "1.0" and not self._is_stopping and self.parser.should_keep_alive()
        scope = self._scope(version)
        was_answering = self._is_answering
        access = Access(None if self._given_id is None else client_id(self._given_id))
        self.cycle = exchange = Exchange(self, scope, access, keep_alive=keep_alive, expects=self.expect_100_continue)
        scope["extensions"][CLIENT] = exchange
        self._queue.append(exchange)
        if was_answering:
            # Pipelined: it waits, and so does what comes behind it.
            self.flow.pause_reading()
        elif self._serving is None:
            self._serving = self.loop.create_task(self._serve())
            self.tasks.add(self._serving)
            self._serving.add_done_callback(self.tasks.discard)
        else:
            self._wake()

    def on_body(self, body: bytes) -> None:
        self._body_gap = 0
        if self.cycle is not None and not self.cycle.response_complete and not self._is_deaf:
            self.cycle.feed(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        if self._is_deaf or self._is_upgrade:
            return
        self._counted.ended_body(self)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.end()
        elif not self.transport.is_closing():
            # It was answered before it was complete.
            self._counted.became_idle(self)

    # What an exchange calls.

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            # Until its client has read the answer; what is in the queue is not answered any more.
            self._counted.became_idle(self)
            return
        if self._queue:
            # Reading goes on when they have been answered.
            return
        self.flow.resume_reading()
        if self._in_body:
            self._counted.lingers(self)
        elif self._in_head:
            # It began to come while the request before it was being answered.
            self._counted.began_head(self)
        else:
            self._counted.became_idle(self)

    # What uvicorn's server calls.

    def shutdown(self) -> None:
        """Close when the answer under way is complete, or the one to a request that is about to come."""
        self._is_stopping = True
        if self._is_answering and self.cycle is not None:
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(_LAST_REQUEST_SECONDS, self._close_unless_answering)

    def cut(self) -> bool:
        """End at once: what is being answered, if anything is, as a request that failed. Returns whether that is so."""
        self._is_deaf = True
        current, serving = self._current, self._serving
        if current is None or current.response_complete or serving is None:
            self.transport.close()
            return False
        current.cut()
        serving.cancel()
        return True

    def _close_unless_answering(self) -> None:
        if not self._is_answering:
            self.transport.close()

    # What `Connections` calls.

    @property
    def is_paused(self) -> bool:
        return bool(self.flow.read_paused)

    def time_out(self) -> None:
        if self._in_head or self._in_body:
            self._refuse(_TOO_SLOW)
        else:
            self.close()

    def refuse(self) -> None:
        self._refuse(_TOO_MANY)

    def close(self) -> None:
        self.transport.abort()

    def unwritten(self) -> int:
        return self.transport.get_write_buffer_size()

    def _feed(self, data: bytes) -> None:
        """Have the parser read on. What would switch to another protocol is read again as HTTP/1.1."""
        while True:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                if self._is_deaf or self.transport.is_closing():
                    return
                self._is_upgrade = False
                method, version = self.parser.get_method(), self.parser.get_http_version()
                if method == b"CONNECT" or self._is_read_again:
                    self._refuse(_NO_PROXY if method == b"CONNECT" else _MALFORMED)
                    return
                self._is_read_again = True
                data = plain_head(method, self.url, version, self.headers) + data[upgrade.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            except httptools.HttpParserError:
                self._refuse(_MALFORMED)
                return

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what has come of a request, unless an answer is on its way already, and close."""
        is_answered = self._in_body and self.cycle is not None and self.cycle.response_started
        if is_answered or self.unwritten() or (self._is_answering and not self._in_body):
            self.close()
        elif not self.transport.is_closing():
            # Of a request whose body is still to come, the application has begun to read it.
            begun = self.cycle if self._is_answering else None
            access = Access() if begun is None else begun.access
            access.code = refusal.error.code
            self.transport.write(refusal.answer(access.request_id))
            self.transport.close()
            if begun is not None:
                begun.refused(refusal.status)
            elif self.access_lines is not None and not self._is_surplus:
                self.access_lines.add(access, "-", "-", refusal.status)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _scope(self, version: str) -> dict[str, Any]:
        """ASGI's description of the request whose head is complete."""
        path, raw_path, query = (_target if len(self.url) <= _KNOWN_TARGET_BYTES else _read_target)(self.url)
        return {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            "method": self.parser.get_method().decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self.headers,
            "state": self.app_state.copy(),
            "extensions": {},
        }

    async def _serve(self) -> None:
        while not (self._is_lost or self.transport.is_closing()):
            if self._queue:
                self._current = self._queue.popleft()
                await self._current.run(self.app)
                if self._queue:
                    # An application that need not wait for anything would keep everybody else waiting.
                    await asyncio.sleep(0)
            else:
                self._waiting = self.loop.create_future()
                await self._waiting

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


def _read_target(target: bytes) -> tuple[str, bytes, bytes]:
    """The path, as it is meant and as it was written, and the query of a request's target."""
    url = httptools.parse_url(target)
    path = url.path.decode("ascii")
    return urllib.parse.unquote(path) if "%" in path else path, url.path, url.query or b""


_target = lru_cache(256)(_read_target)
