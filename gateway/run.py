"""Runs one request on one upstream, and reads what it answers."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import structlog

from gateway import sse
from gateway.dialects.base import Decoder, Dialect, Origin
from gateway.errors import UpstreamDown, UpstreamError
from gateway.events import Event, Failed
from gateway.generation import Generation
from gateway.routing import Route
from gateway.transport import Stream

# How long a finished stream is read on, so that its connection can be used again.
DRAIN_SECONDS = 0.5

# What no event stream is sent as; some servers send one under a type that says nothing.
_WHOLE = ("application/json", "text/html")

log = structlog.get_logger(__name__)
Batch = Sequence[Event]


class Run:
    """One request on its way to one upstream, in one of its dialects. `is_native`: the surface speaks that, too."""

    def __init__(self, generation: Generation, route: Route, dialect: Dialect, *, is_native: bool) -> None:
        self._generation = generation
        self._upstream = route.upstream
        self._origin = Origin(route.upstream.name, route.model, route.upstream.facts)
        self._dialect = dialect
        self._is_native = is_native
        self._outbound = dialect.encode(generation, self._origin)

    @property
    def dropped(self) -> Sequence[str]:
        """What of the client's request the upstream does not get."""
        return self._outbound.dropped

    async def events(self) -> Batch:
        """The events of a plain answer. Raises `UpstreamError` for a refusal."""
        return self._decoded(await self._upstream.send(self._outbound, self._dialect), is_native=self._is_native)

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Yield the events of a streamed answer, those together that arrived together.

        The first batch comes when the upstream's first event has arrived, and is empty where that says nothing yet.
        The last ends with `Done` or `Failed`; an upstream that refuses or breaks off is a `Failed`, too.
        """
        try:
            async with self._upstream.stream(self._outbound, self._dialect) as stream:
                if stream.headers.get("content-type", "").startswith(_WHOLE):
                    yield [await self._no_stream(stream)]
                    return
                async for batch in self._read(stream.chunks):
                    yield batch
        except UpstreamError as error:
            yield [Failed(error)]
        except sse.EventTooLarge:
            yield [Failed(self._bad_reply("sent an event that is too large"))]

    async def _read(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[Batch, None]:
        decoder = self._dialect.decoder(self._generation, self._origin, is_native=self._is_native)
        reader = sse.Reader()
        async for chunk in chunks:
            payloads = reader.feed(chunk)
            if payloads:
                yield self._fed(decoder, payloads)
            if decoder.is_over:
                await _drain(chunks)
                return
        yield [*self._fed(decoder, reader.end()), *decoder.end()]

    def _fed(self, decoder: Decoder, payloads: Sequence[bytes]) -> Batch:
        return self._checked([event for payload in payloads for event in decoder.feed(payload)])

    async def _no_stream(self, stream: Stream) -> Failed:
        """A stream was asked for and a plain body came: an error with a status of success, or no answer to this."""
        events = self._decoded(await stream.read(), is_native=False)
        failed = next((event for event in events if isinstance(event, Failed)), None)
        return failed or Failed(self._bad_reply("answered a request for a stream with something else"))

    def _decoded(self, body: bytes, *, is_native: bool) -> Batch:
        return self._checked(self._dialect.decode_reply(body, self._generation, self._origin, is_native=is_native))

    def _checked(self, events: Batch) -> Batch:
        if events and isinstance(events[-1], Failed):
            self._upstream.redact(events[-1].error)
        return events

    def _bad_reply(self, what: str) -> UpstreamDown:
        return UpstreamDown(f"{self._upstream.name} {what}.", code="upstream_bad_reply")


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass
    except (TimeoutError, UpstreamError):
        log.debug("upstream_kept_its_stream_open")
