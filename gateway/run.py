"""Runs one request on one upstream, and reads what it answers."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog

from gateway.accounting.late_usage import LateUsage, Remainder
from gateway.dialects.base import Decoder, Dialect, Origin, Reader
from gateway.dialects.error_params import client_param
from gateway.errors import GatewayError, UpstreamDown, UpstreamError
from gateway.neutral.events import AnswerMetadata, Event, Failed, NativeChunk, Unvalidated, Usage
from gateway.neutral.generation import Generation
from gateway.neutral.lenient import Halves, readable
from gateway.routing.plan import Lane
from gateway.schemas.validator import AnswerSchema
from gateway.wire.sse import DamagedStream, begins_events
from gateway.wire.sse import Reader as EventReader
from gateway.wire.transport import Answer, Stream

# How long a finished stream is read on, so that its connection can be used again.
DRAIN_SECONDS = 0.5

# What no event stream begins with: an object, or a page. Some servers send one under the type of the other.
_WHOLE = (b"{", b"<")
# And the bytes of a byte order mark.
_BLANKS = b" \t\r\n\xef\xbb\xbf"
_MOST_BLANKS = 64 * 1024

log = structlog.get_logger(__name__)
Batch = Sequence[Event]


@dataclass(slots=True)
class Held:
    """What a lane was asked already and has answered, for the path that goes on with it.

    `begun` is when the request came, by `time.perf_counter`; `generation` the request as it was asked, where memory has
    been looked into for it.
    """

    lane: Lane
    outcome: Answer | GatewayError | None
    begun: float
    generation: Generation | None = None

    def take(self) -> Answer | None:
        """The answer, once. Raises what the call raised."""
        outcome, self.outcome = self.outcome, None
        if isinstance(outcome, GatewayError):
            raise outcome
        return outcome


class Run:
    """One request on its way to one upstream, in one of its dialects. `is_native`: the surface speaks that, too."""

    def __init__(
        self,
        generation: Generation,
        lane: Lane,
        dialect: Dialect,
        origin: Origin,
        *,
        is_native: bool,
        schema: AnswerSchema | None = None,
    ) -> None:
        self._generation = generation
        self._lane = lane
        self._upstream = lane.upstream
        self._credential = lane.credential
        self._origin = origin
        self._dialect = dialect
        self._schema = schema
        """What the answer is held to, because the upstream does not see to it."""
        self.held: Held | None = None
        """What was answered before this began, if it was."""
        self.waited = 0.0
        """Seconds in which it has waited for its upstream."""
        self._outbound = dialect.encode(generation, self._origin)
        self.dropped: Sequence[str] = self._outbound.dropped
        """What of the client's request the upstream does not get."""
        self.headers: Mapping[str, str] = {}
        """Those of the upstream's answer, once it has been accepted. Names are in lower case."""
        self.is_native = is_native
        self.is_accepted = False
        """Whether the upstream has accepted the request: its status was a success."""
        self.late: LateUsage | None = None
        """Where there is room for what comes when the client has left; None before anything may reach the client."""
        self.remainder: Remainder | None = None
        """What was left open for that."""
        self._reading: tuple[Decoder, Reader] | None = None
        self._next: asyncio.Future[bytes | None] | None = None

    @property
    def body(self) -> bytes:
        """What the upstream is sent."""
        return self._outbound.body

    @property
    def has_tokenizer(self) -> bool:
        """Whether the tokenizer of the model is known."""
        return self._lane.token_facts(self._origin).encoding is not None

    async def events(self) -> Batch:
        """The events of a plain answer.

        Raises `UpstreamError` for a refusal, and `InvalidRequest` for a schema that no answer can be held to.
        """
        if self._schema is not None:
            await self._schema.require_usable()
        held = None if self.held is None else self.held.take()
        try:
            if held is None:
                began = time.perf_counter()
                try:
                    answer = await self._upstream.send(self._outbound, self._dialect, self._credential)
                finally:
                    self.waited += time.perf_counter() - began
            else:
                answer = self._upstream.accepted(held, self._dialect)
        except UpstreamError as error:
            raise self._for_client(error) from error.__cause__
        self.headers, self.is_accepted = answer.headers, True
        events = self._decoded(answer.body, is_native=self.is_native)
        return events if self._schema is None else await self._validated(events, self._schema)

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Yield the events of a streamed answer, those together that arrived together.

        The first batch comes when the upstream's first event has arrived, and is empty where that says nothing yet.
        The last ends with `Done` or `Failed`; an upstream that refuses or breaks off is a `Failed`, too.
        """
        if self._schema is not None:
            await self._schema.require_usable()
        context = self._upstream.stream(self._outbound, self._credential)
        began, has_begun = time.perf_counter(), False
        try:
            stream = await context.__aenter__()
            try:
                await self._upstream.require_accepted(stream, self._dialect)
                self.headers, self.is_accepted = stream.headers, True
                first = await _beginning(stream.chunks)
                self.waited, has_begun = self.waited + time.perf_counter() - began, True
                begun = first.lstrip(_BLANKS)
                if begun.startswith(_WHOLE) or (begun.startswith(b"[") and not self._reads_arrays()):
                    yield await self._no_stream(first, stream)
                    return
                async for batch in self._read(first, stream):
                    yield batch
            except (asyncio.CancelledError, GeneratorExit):
                self.remainder = self._left_open(context, stream.chunks)
                raise
            finally:
                # Closed in one way whatever has happened: what is not over is cut.
                if self.remainder is None:
                    await context.__aexit__(None, None, None)
        except UpstreamError as error:
            if not has_begun:
                self.waited += time.perf_counter() - began
            yield [Failed(self._for_client(error))]

    @property
    def has_ended(self) -> bool:
        """Whether the upstream has reported the end of a streamed answer."""
        return self._reading is not None and self._reading[0].has_ended

    def known_usage(self) -> Usage | None:
        """The tokens of a streamed answer, as far as the upstream has counted them."""
        return None if self._reading is None else self._reading[0].known_usage()

    def _left_open(
        self, context: AbstractAsyncContextManager[Stream], chunks: AsyncIterator[bytes]
    ) -> Remainder | None:
        """What is to be read on although the client has left; None where the upstream is to be cut at once."""
        reading, self._next = self._next, None
        if self._reading is not None and self.late is not None:
            decoder, reader = self._reading
            if decoder.has_ended and not decoder.is_over and self.late.take_place(len(self.body)):
                remainder = Remainder(context, chunks, decoder, reader, reading)
                remainder.size = len(self.body)
                return remainder
        if reading is not None:
            reading.cancel()
        return None

    def _reads_arrays(self) -> bool:
        """Whether the dialect has a reader of its own, to which an array is a stream, too."""
        return not isinstance(self._dialect.reader(), EventReader)

    async def _read(self, first: bytes, stream: Stream) -> AsyncGenerator[Batch, None]:
        chunks = stream.chunks
        decoder = self._dialect.decoder(self._generation, self._origin, is_native=self.is_native)
        reader, halves = self._dialect.reader(), Halves()
        self._reading = decoder, reader
        chunk: bytes | None = first
        while chunk is not None:
            damage: DamagedStream | None = None
            try:
                payloads = reader.feed(chunk)
            except DamagedStream as damaged:
                damage, payloads = damaged, damaged.events
            if halves.may_change(chunk, payloads):
                payloads = halves.join(payloads)
            if payloads:
                batch = self._fed(decoder, payloads)
                if self._schema is not None:
                    batch = await self._validated(batch, self._schema)
                if batch and isinstance(batch[-1], Failed) and not decoder.is_over:
                    yield [*batch[:-1], *await _late_usage(decoder, reader, chunks), batch[-1]]
                    return
                yield batch
            if decoder.is_over:
                if not stream.is_over():
                    await _drain(chunks)
                return
            if damage is not None:
                raise self._damaged()
            chunk = await self._next_chunk(stream, decoder)
        try:
            payloads = reader.end()
        except DamagedStream:
            raise self._damaged() from None
        batch = [*self._fed(decoder, halves.end(payloads)), *decoder.end()]
        yield batch if self._schema is None else await self._validated(batch, self._schema)

    async def _next_chunk(self, stream: Stream, decoder: Decoder) -> bytes | None:
        """The next chunk; None at the end of the stream."""
        began = time.perf_counter()
        try:
            if not stream.is_resumable and decoder.has_ended:
                return await self._protected(stream.chunks)
            return await anext(stream.chunks, None)
        finally:
            self.waited += time.perf_counter() - began

    async def _protected(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        """The next chunk of a generator, which would be over if it were cancelled, though usage may still come."""
        self._next = asyncio.ensure_future(anext(chunks, None))
        chunk = await asyncio.shield(self._next)
        self._next = None
        return chunk

    def _damaged(self) -> UpstreamDown:
        return self._bad_reply("sent an event that is too large, or no event at all")

    def _fed(self, decoder: Decoder, payloads: Sequence[bytes]) -> Batch:
        events = decoder.feed_all(payloads)
        return self._checked(events) if events and type(events[-1]) is Failed else events

    async def _validated(self, batch: Batch, schema: AnswerSchema) -> Batch:
        """The batch without its `Unvalidated` texts; `Failed` stands in the place of the first that is not valid."""
        passed: list[Event] = []
        for number, event in enumerate(batch):
            if not isinstance(event, Unvalidated):
                passed.append(event)
                continue
            try:
                await schema.require(event.text, self._upstream.name)
            except GatewayError as error:
                # What it used was used all the same.
                return [*passed, *(later for later in batch[number:] if isinstance(later, Usage)), Failed(error)]
        return passed

    async def _no_stream(self, first: bytes, stream: Stream) -> Batch:
        """A stream was asked for and a plain body came: the whole answer, or an error with a status of success."""
        body = first + await stream.read(self._upstream.name)
        events = self._decoded(body, is_native=False)
        if body.lstrip(_BLANKS).startswith(b"<") and isinstance(events[-1], Failed):
            return [Failed(self._bad_reply("answered a request for a stream with something else"))]
        return events if self._schema is None else await self._validated(events, self._schema)

    def _decoded(self, body: bytes, *, is_native: bool) -> Batch:
        """The events of a plain body. Its first bytes say whether it is an event stream, whatever was requested."""
        if begins_events(body.lstrip(_BLANKS)):
            return self._folded(body)
        dialect, generation, origin = self._dialect, self._generation, self._origin
        events = dialect.decode_reply(body, generation, origin, is_native=is_native)
        if type(events[-1]) is Failed and (mended := readable(body)) is not body:
            events = dialect.decode_reply(mended, generation, origin, is_native=is_native)
        return self._checked(events)

    def _folded(self, body: bytes) -> Batch:
        """The events of a plain answer that came as a stream."""
        decoder = self._dialect.decoder(self._generation, self._origin, is_native=False)
        reader, halves = self._dialect.reader(), Halves()
        try:
            payloads = halves.end([*reader.feed(body), *reader.end()])
        except DamagedStream:
            raise self._damaged() from None
        return self._checked([*decoder.feed_all(payloads), *decoder.end()])

    def _checked(self, events: Batch) -> Batch:
        if events and isinstance(events[-1], Failed):
            return [*events[:-1], Failed(self._for_client(self._upstream.redacted(events[-1].error)))]
        return events

    def _for_client(self, error: GatewayError) -> GatewayError:
        """An upstream's error, its `param` where the client wrote what it is about."""
        if error.param is None or not isinstance(error, UpstreamError):
            return error
        sent, origin = self._outbound.body, self._origin
        return error.replaced(
            param=client_param(error.param, self._generation, self._dialect.name, origin.profile, sent)
        )

    def _bad_reply(self, what: str) -> UpstreamDown:
        return UpstreamDown(f"{self._upstream.name} {what}.", code="upstream_bad_reply")


async def _beginning(chunks: AsyncIterator[bytes]) -> bytes:
    """The first chunks, up to one in which there is anything but blanks."""
    first = b""
    async for chunk in chunks:
        first += chunk
        if chunk.lstrip(_BLANKS) or len(first) > _MOST_BLANKS:
            break
    return first


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass
    except (TimeoutError, UpstreamError):
        log.debug("upstream_kept_its_stream_open")


async def _late_usage(decoder: Decoder, reader: Reader, chunks: AsyncIterator[bytes]) -> list[Event]:
    """The usage of an answer that has turned out to be wrong: it comes behind the answer's last word."""
    found: list[Event] = []
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for chunk in chunks:
                events = decoder.feed_all(reader.feed(chunk))
                found += [event for event in events if isinstance(event, Usage)]
                if decoder.is_over:
                    break
    except (TimeoutError, UpstreamError, DamagedStream):
        log.debug("usage_of_a_wrong_answer_incomplete")
    return found


async def opening(batches: AsyncGenerator[Batch, None], spend: Callable[[Usage], None]) -> Batch:
    """The first events of a stream, up to those that tell the client anything.

    Raises the error of an answer that failed before: nothing of it has reached the client. What it used is spent.
    """
    told: list[Event] = []
    async for batch in batches:
        told += batch
        for event in batch:
            if isinstance(event, Usage):
                spend(event)
            elif isinstance(event, Failed):
                raise event.error
            elif not (isinstance(event, AnswerMetadata) or (type(event) is NativeChunk and event.is_mute)):
                return told
    return told
