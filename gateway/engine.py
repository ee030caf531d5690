"""Routes a request, runs it on an upstream, accounts it: the one path behind every surface."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Any
from urllib.parse import quote

from gateway.account import Account
from gateway.end_user import EndUser, take_end_user
from gateway.errors import Headers
from gateway.events import Failed
from gateway.generation import Generation
from gateway.http import Reply, Request, StreamReply
from gateway.ledger import Ledger
from gateway.routing import Route, Router
from gateway.run import Batch, Run
from gateway.surfaces.base import Surface, Writer

_HEADER_BYTES = 200


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
            events = await Run(generation, route, surface.dialect).events()
            account.observe(events)
            _raise_failure(events)
            return Reply(surface.reply(generation, events), headers=_headers(route))

    async def _stream(self, generation: Generation, route: Route, surface: Surface, account: Account) -> StreamReply:
        batches = Run(generation, route, surface.dialect).batches()
        async with AsyncExitStack() as refused:
            refused.push_async_callback(batches.aclose)
            first = await anext(batches)
            _raise_failure(first[:1])
            refused.pop_all()
        writer = surface.writer(generation)
        return StreamReply(_written(writer, first, batches, account.hand_over()), headers=_headers(route))


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


def _end_user(generation: Generation) -> EndUser | None:
    return take_end_user(generation.metadata) if generation.metadata else None


def _raise_failure(events: Batch) -> None:
    for event in events:
        if isinstance(event, Failed):
            raise event.error


def _headers(route: Route) -> Headers:
    return [
        (b"x-waystone-provider", route.upstream.name.encode()),
        (b"x-waystone-model", _header_value(route.model)),
    ]


def _header_value(model: str) -> bytes:
    # The name is the caller's: nothing of it may end the header and begin another.
    return (model if model.isascii() and model.isprintable() else quote(model)).encode()[:_HEADER_BYTES]
