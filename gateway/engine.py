"""Routes a request, runs it on an upstream, accounts it: the one path behind every surface."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any
from urllib.parse import quote

import structlog

from gateway import sse
from gateway.account import Account
from gateway.dialects.base import Origin
from gateway.end_user import take_end_user
from gateway.errors import Headers, UpstreamDown, UpstreamError
from gateway.events import Event, Failed
from gateway.generation import Generation
from gateway.http import Reply, Request, StreamReply
from gateway.ledger import Ledger
from gateway.routing import Route, Router
from gateway.surfaces.base import Surface, Writer

# How long a finished stream is read on, so that its connection can be used again.
DRAIN_SECONDS = 0.5

# What model names hold; anything else is written as %XX in a header.
_PLAIN = "/:@+,= "

log = structlog.get_logger(__name__)
Batch = Sequence[Event]


class Engine:
    """Answers generation requests."""

    def __init__(self, router: Router, ledger: Ledger) -> None:
        self._router = router
        self._ledger = ledger

    async def answer(self, request: Request[Any], surface: Surface) -> Reply | StreamReply:
        """Answer a validated request in the surface's own form.

        Raises `GatewayError` for whatever is refused before the first event has arrived; a failure after that is
        part of the stream. Each call leaves one usage row.
        """
        with Account(self._ledger, request) as account:
            generation = surface.read(request.body)
            account.row.is_stream = generation.is_stream
            route = await self._router.resolve(generation.model)
            account.routed(route)
            account.end_user = _end_user(generation)
            if generation.is_stream:
                return await self._stream(generation, route, surface, account)
            events = await _run(generation, route, surface)
            account.observe(events)
            _raise_failure(events)
            return Reply(surface.reply(generation, events), headers=_headers(route))

    async def _stream(
        self, generation: Generation, route: Route, surface: Surface, account: Account
    ) -> StreamReply:
        batches = _run_stream(generation, route, surface)
        async with AsyncExitStack() as refused:
            refused.push_async_callback(batches.aclose)
            first = await anext(batches)
            _raise_failure(first[:1])
            refused.pop_all()
        writer = surface.writer(generation)
        return StreamReply(_written(writer, first, batches, account.hand_over()), headers=_headers(route))


async def _run(generation: Generation, route: Route, surface: Surface) -> Batch:
    """The events of a plain answer."""
    upstream = route.upstream
    outbound = upstream.dialect.encode(generation, route.model, upstream.facts)
    body = await upstream.send(outbound)
    is_native = upstream.dialect.name == surface.dialect
    return upstream.dialect.decode_reply(body, Origin(upstream.name, route.model), is_native=is_native)


async def _run_stream(generation: Generation, route: Route, surface: Surface) -> AsyncGenerator[Batch, None]:
    """Yield the events of a streamed answer, those together that arrived together.

    The first batch comes when the upstream's first event has arrived, and is empty where that says nothing yet. The
    last ends with `Done` or `Failed`; an upstream that refuses or breaks off is a `Failed`, too.
    """
    upstream = route.upstream
    outbound = upstream.dialect.encode(generation, route.model, upstream.facts)
    is_native = upstream.dialect.name == surface.dialect
    decoder = upstream.dialect.decoder(generation, Origin(upstream.name, route.model), is_native=is_native)
    reader = sse.Reader()
    try:
        async with upstream.stream(outbound) as chunks:
            async for chunk in chunks:
                payloads = reader.feed(chunk)
                if payloads:
                    yield [event for payload in payloads for event in decoder.feed(payload)]
                if decoder.is_over:
                    await _drain(chunks)
                    return
            payloads = reader.end()
            yield [*(event for payload in payloads for event in decoder.feed(payload)), *decoder.end()]
    except UpstreamError as error:
        yield [Failed(error)]
    except sse.EventTooLarge:
        yield [
            Failed(
                UpstreamDown(f"{upstream.name} sent an event that is too large.", code="upstream_bad_reply")
            )
        ]


async def _written(
    writer: Writer, first: Batch, batches: AsyncGenerator[Batch, None], account: Account
) -> AsyncGenerator[bytes, None]:
    """The bytes of a stream, each chunk whole events."""
    with account:
        async with aclosing(batches):
            account.observe(first)
            yield writer.write(first)
            async for batch in batches:
                account.observe(batch)
                if data := writer.write(batch):
                    yield data


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass
    except (TimeoutError, UpstreamError):
        log.debug("upstream_kept_its_stream_open")


def _end_user(generation: Generation) -> Any:
    return take_end_user(generation.metadata) if generation.metadata else None


def _raise_failure(events: Batch) -> None:
    for event in events:
        if isinstance(event, Failed):
            raise event.error


def _headers(route: Route) -> Headers:
    return [
        (b"x-waystone-provider", route.upstream.name.encode()),
        # The name is the caller's: nothing of it may end the header and begin another.
        (b"x-waystone-model", quote(route.model, safe=_PLAIN).encode()),
    ]
