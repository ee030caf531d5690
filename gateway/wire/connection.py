"""One connection to an upstream, and the request and response that are on it."""

import asyncio
import math
from collections.abc import Callable
from typing import cast

from gateway.wire.clock import Clock
from gateway.wire.errors import BadReply, CutOff, TimedOut, WireError
from gateway.wire.response import ResponseParser, limit_body
from gateway.wire.transport import Timeouts

# A stream whose reader falls this far behind is not read on.
_HIGH_WATER_BYTES = 256 * 1024
# From here on, a head and a body are not copied together.
_LARGE_BODY_BYTES = 64 * 1024


class Connection(asyncio.Protocol):
    """Carries one request at a time. A response that is wrong, late or left before its end closes it.

    `on_free` is called when a response is over and another request may follow, `on_lost` when the connection is gone.
    """

    def __init__(
        self, clock: Clock, on_free: Callable[["Connection"], None], on_lost: Callable[["Connection"], None]
    ) -> None:
        self.deadline = math.inf
        self._clock = clock
        self._on_free = on_free
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._is_lost = False
        self._response: ResponseParser | None = None
        """The response that is awaited; None while the connection is idle."""
        self._waiter: asyncio.Future[None] | None = None
        self._is_whole = self._is_paused = False
        self._idle = self._ends_at = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether a request can be written."""
        return not (self._is_lost or self._transport.is_closing())

    def begin(self, head: bytes, body: bytes, timeouts: Timeouts, ends_at: float, *, is_whole: bool) -> ResponseParser:
        """Send a request, and read its response into what is returned.

        `is_whole`: the response is needed whole, so its reader is not woken before its end, and its size is limited.
        """
        self._response = response = ResponseParser(has_no_body=head.startswith(b"HEAD "))
        self._is_whole = is_whole
        self._is_paused = False
        self._idle = timeouts.idle
        self._ends_at = ends_at
        self.deadline = min(self._clock.now() + (timeouts.first_byte or timeouts.idle), ends_at)
        self._clock.watch(self)
        if len(body) > _LARGE_BODY_BYTES:
            self._transport.write(head)
            self._transport.write(body)
        else:
            self._transport.write(head + body)
        return response

    async def progress(self, response: ResponseParser) -> None:
        """Wait for more of the response. Raises `WireError` where no more will come."""
        if response.error is None and not response.is_over:
            self._waiter = self._loop.create_future()
            await self._waiter
        if response.error is not None:
            raise response.error

    def take(self, response: ResponseParser) -> bytes:
        """What has come of the body since the last time; there is room for more."""
        data = response.take()
        if self._is_paused and self._response is response:
            self._is_paused = False
            self._transport.resume_reading()
            self._wait_for_more()
        return data

    def leave(self, response: ResponseParser) -> None:
        """The response is of no more interest. If it is not over, the connection is closed."""
        if self._response is response:
            self._close()

    def abort(self) -> None:
        """Close an idle connection."""
        self._transport.abort()

    def expire(self) -> None:
        """The response is late."""
        if self._response is not None:
            if self.deadline == self._ends_at:
                # Its reader may not have read for all that time; what is waiting is no longer of use.
                self._response.take()
            self._fail(self._response, TimedOut())

    # The event loop calls what follows.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        response = self._response
        if response is None:
            # It answers no request, and must not be taken for the answer to the next one.
            self._transport.abort()
            return
        try:
            response.feed(data)
            if self._is_whole and response.has_head:
                limit_body(response)
        except BadReply as error:
            self._fail(response, error)
            return
        if response.is_over:
            self._complete(response)
        elif response.has_head:
            self._continue(response)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_lost = True
        response = self._response
        if response is not None:
            if error is None:
                response.end()
            if response.is_over:
                self._complete(response)
            else:
                self._fail(response, CutOff())
        self._on_lost(self)

    def _continue(self, response: ResponseParser) -> None:
        """There is a head, and perhaps some of the body."""
        if self._is_whole or response.has_body:
            self._wait_for_more()
        if self._is_whole:
            return
        self._wake()
        if response.size > _HIGH_WATER_BYTES and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
            # From here on the reader is waited for, not the upstream.
            self.deadline = self._ends_at

    def _complete(self, response: ResponseParser) -> None:
        # An upstream may answer before it has read the whole request, for example to refuse a large one.
        is_written = self._transport.get_write_buffer_size() == 0
        if response.is_reusable and is_written and not self._is_paused and self.is_usable:
            self._detach()
            self._on_free(self)
        else:
            self._close()

    def _fail(self, response: ResponseParser, error: WireError) -> None:
        response.error = error
        self._close()

    def _close(self) -> None:
        if self._response is not None:
            self._response.close()
        self._detach()
        self._transport.abort()

    def _detach(self) -> None:
        """The response is over, or no more of it will come."""
        self._response = None
        self.deadline = math.inf
        self._clock.forget(self)
        self._wake()

    def _wait_for_more(self) -> None:
        self.deadline = deadline = min(self._clock.now() + self._idle, self._ends_at)
        self._clock.notice(deadline)

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
