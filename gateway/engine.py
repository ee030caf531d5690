"""Routes a request, runs it on an upstream, accounts it: the one path behind every surface."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

import structlog

from gateway.account import Account
from gateway.end_user import EndUser, take_end_user
from gateway.errors import GatewayError, Headers
from gateway.events import Failed
from gateway.generation import Generation
from gateway.http import Reply, Request, StreamReply
from gateway.ledger import Ledger
from gateway.reasoning import Recovery
from gateway.routing import Route, Router
from gateway.run import Batch, Run
from gateway.sealing import Sealed, Sealer
from gateway.surfaces.base import Author, Ended, Surface, Writer

_HEADER_BYTES = 200
_DROPPED_BYTES = 2000

log = structlog.get_logger(__name__)


class Memory(Protocol):
    """What a stateful surface remembers around one answer."""

    async def recall(self, generation: Generation) -> None:
        """Put what came before in front of the request's own items. Raises `GatewayError` where it is not there."""

    async def keep(self, ended: Ended) -> None:
        """Keep an answer, before its client learns of its end. Raises `GatewayError` if that cannot be done."""


@dataclass(slots=True)
class Exchange:
    """One request under way: what writes its answer, what runs it, and what remembers it."""

    writer: Writer
    run: Run
    headers: Headers
    memory: Memory | None = None
    is_over: bool = False


class Engine:
    """Answers generation requests."""

    def __init__(self, router: Router, ledger: Ledger, sealer: Sealer) -> None:
        self._router = router
        self._ledger = ledger
        self._sealer = sealer

    async def answer(
        self, request: Request[Any], surface: Surface, memory: Memory | None = None
    ) -> Reply | StreamReply:
        """Answer a validated request in the surface's own form.

        Raises `GatewayError` for whatever is refused before the first event has arrived; a failure after that is
        part of the stream. Each call leaves one usage row.
        """
        with Account(self._ledger, request) as account:
            generation = surface.read(request.body)
            account.row.is_stream = generation.is_stream
            route = await self._router.resolve(generation.model, generation.provider)
            account.routed(route)
            account.end_user = _end_user(generation)
            if memory is not None:
                await memory.recall(generation)
            exchange = self._exchange(generation, route, surface, request.key.key_id)
            exchange.memory = memory
            if generation.is_stream:
                return await self._stream(exchange, account)
            events = await exchange.run.events()
            account.observe(events)
            _raise_failure(events)
            body = exchange.writer.reply(events)
            if memory is not None and exchange.writer.ended is not None:
                await _keep(memory, exchange.writer.ended)
            return Reply(body, headers=exchange.headers)

    def _exchange(self, generation: Generation, route: Route, surface: Surface, key_id: str) -> Exchange:
        upstream = route.upstream
        dialect = upstream.dialect(surface.dialect)
        is_native = dialect.name == surface.dialect
        if generation.items:
            recovery = Recovery(self._sealer, key_id, upstream.name, route.model)
            generation = recovery.recover(generation, is_native=is_native)
        if not is_native:
            surface.translate(generation, upstream.name)
        run = Run(generation, route, dialect, is_native=is_native)
        if run.dropped:
            log.debug("fields_dropped", provider=upstream.name, model=route.model, fields=list(run.dropped))
        author = Author(upstream.name, route.model, partial(self._seal, key_id, route))
        return Exchange(surface.writer(generation, author), run, _headers(route, run.dropped))

    async def _stream(self, exchange: Exchange, account: Account) -> StreamReply:
        batches = exchange.run.batches()
        async with AsyncExitStack() as refused:
            refused.push_async_callback(batches.aclose)
            first = await anext(batches)
            _raise_failure(first[:1])
            refused.pop_all()
        return StreamReply(_written(exchange, first, batches, account.hand_over()), headers=exchange.headers)

    def _seal(self, key_id: str, route: Route, state: dict[str, Any]) -> str:
        return self._sealer.seal(key_id, Sealed(route.upstream.name, route.model, state))


async def _written(
    exchange: Exchange, first: Batch, batches: AsyncGenerator[Batch, None], account: Account
) -> AsyncGenerator[bytes, None]:
    """The bytes of a stream, each chunk whole events."""
    with account:
        async with aclosing(batches):
            account.observe(first)
            yield await _told(exchange, first, account)
            async for batch in batches:
                account.observe(batch)
                if data := await _told(exchange, batch, account):
                    yield data


async def _keep(memory: Memory, ended: Ended) -> None:
    try:
        await memory.keep(ended)
    except GatewayError as error:
        # The answer was made and paid for; asked again, the provider would make and charge another one.
        error.headers.append((b"x-should-retry", b"false"))
        raise


async def _told(exchange: Exchange, batch: Batch, account: Account) -> bytes:
    """The events for a batch. The end of the answer is told when the answer has been kept."""
    writer, memory = exchange.writer, exchange.memory
    if exchange.is_over:
        return b""
    data = writer.write(batch)
    if writer.ended is None:
        return data
    exchange.is_over = True
    if memory is not None:
        try:
            await memory.keep(writer.ended)
        except GatewayError as error:
            account.row.status = error.status
            writer.fail(error)
    return data + writer.end()


def _end_user(generation: Generation) -> EndUser | None:
    return take_end_user(generation.metadata) if generation.metadata else None


def _raise_failure(events: Batch) -> None:
    for event in events:
        if isinstance(event, Failed):
            raise event.error


def _headers(route: Route, dropped: Sequence[str]) -> Headers:
    headers = [
        (b"x-waystone-provider", route.upstream.name.encode()),
        (b"x-waystone-model", _header_value(route.model)),
    ]
    if dropped:
        named = ",".join(_header_value(name).decode() for name in dropped)
        headers.append((b"x-waystone-dropped", named[:_DROPPED_BYTES].encode()))
    return headers


def _header_value(text: str) -> bytes:
    # It is the caller's: nothing of it may end the header and begin another.
    return (text if text.isascii() and text.isprintable() else quote(text)).encode()[:_HEADER_BYTES]
