"""One attempt at an answer: it is begun, and what comes of it is written, accounted and kept."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from gateway.account import Account
from gateway.errors import GatewayError, Header
from gateway.fitting import Fitted, Shown
from gateway.http import Body, Reply, StreamReply
from gateway.neutral.events import Failed, Usage
from gateway.routing.plan import Lane
from gateway.routing.windows import Windows, require_room
from gateway.run import Batch, Run, opening
from gateway.short_path import Memory, keep_answer
from gateway.surfaces.base import Author, Surface, Writer

NOTHING: Sequence[str] = ()
CHARACTERS = 4
"""Of a token: fewer than in most languages, so that an estimate by it is rather too high."""


@dataclass(slots=True)
class Exchange:
    """One attempt at an answer: who is to give it, what writes it, what runs it, and what remembers it."""

    lane: Lane
    writer: Writer
    run: Run
    account: Account
    is_stream: bool
    windows: Windows
    omitted: Sequence[str] = NOTHING
    """What of the request was left out so that it fits the model."""
    shown: Shown | None = None
    memory: Memory | None = None
    first: Batch = ()
    """The whole of a plain answer; of a streamed one, the batches up to the first with any content."""
    rest: AsyncGenerator[Batch, None] | None = None
    is_over: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of the upstream's answer."""
        return self.run.headers

    async def begin(self) -> None:
        """Call the upstream, and wait for the first content of the answer. Raises `GatewayError`."""
        body = self.run.body
        if len(body) > self.lane.near_bytes and self.run.held is None:
            await self._require_room(body)
        self.account.begin_attempt(self.lane, body)
        try:
            if self.is_stream:
                rest = self.run.batches()
                try:
                    self.first = await opening(rest, self.account.spend)
                    self.rest = rest
                finally:
                    if self.rest is None:
                        self.account.access.waited += self.run.waited
                        await rest.aclose()
                return
            try:
                events = await self.run.events()
            finally:
                self.account.access.waited += self.run.waited
            for event in events:
                if isinstance(event, Usage):
                    # It was made and paid for, though it may have failed.
                    self.account.spend(event)
                elif isinstance(event, Failed):
                    raise event.error
            self.first = events
        except GatewayError as error:
            self.account.attempt_failed(error, is_accepted=self.run.is_accepted)
            raise

    async def _require_room(self, body: bytes) -> None:
        """Raise `InvalidRequest` for a request that is far beyond its model's window."""
        await self.windows.learn([self.lane])
        learnt = self.account.estimate(self.lane, body)
        # By characters where the model has not shown its own ratio, or one that requests with images have spoilt: a
        # request that would fit is not to be refused.
        tokens = min(len(body.decode("utf-8", "replace")) // CHARACTERS, learnt or sys.maxsize)
        require_room(self.lane, tokens, is_counted=learnt is not None and self.run.has_tokenizer)


async def reply_of(exchange: Exchange, headers: list[Header]) -> Reply | StreamReply:
    """The answer that has begun, for the client."""
    account, memory = exchange.account, exchange.memory
    if exchange.rest is not None:
        return StreamReply(_written(exchange, exchange.rest, account.hand_over()), headers=headers)
    account.observe(exchange.first)
    body = exchange.writer.reply(exchange.first if exchange.shown is None else exchange.shown.events(exchange.first))
    if memory is not None and exchange.writer.ended is not None:
        await keep_answer(memory, exchange.writer.ended)
    return Reply(body, headers=headers)


async def composed_reply(
    surface: Surface[Body], fitted: Fitted, author: Author, memory: Memory, headers: list[Header]
) -> Reply | StreamReply:
    """An answer that no candidate was called for."""
    writer = surface.writer(fitted.generation, author)
    is_stream = fitted.generation.is_stream
    data = writer.write(fitted.before) if is_stream else writer.reply(fitted.before)
    assert writer.ended is not None
    await keep_answer(memory, writer.ended)
    return StreamReply(_whole(data + writer.end()), headers=headers) if is_stream else Reply(data, headers=headers)


async def _whole(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


async def _written(
    exchange: Exchange, batches: AsyncGenerator[Batch, None], account: Account
) -> AsyncGenerator[bytes, None]:
    """The bytes of a stream, each chunk whole events."""
    run = exchange.run
    with account:
        try:
            async with aclosing(batches):
                try:
                    account.observe(exchange.first)
                    yield await _encoded(exchange, exchange.first, account)
                    async for batch in batches:
                        account.observe(batch)
                        if data := await _encoded(exchange, batch, account):
                            yield data
                except asyncio.CancelledError as cancellation:
                    failed = [Failed(account.stopped(cancellation))]
                    if not account.is_over:
                        account.observe(failed)
                        yield await _encoded(exchange, failed, account)
        except (asyncio.CancelledError, GeneratorExit):
            _leave(run, account)
            raise
        finally:
            account.access.waited += run.waited
        if account.has_failed:
            _leave(run, account)


def _leave(run: Run, account: Account) -> None:
    """The stream is cut. Where its answer had ended, what the upstream reports of its usage is waited for."""
    if run.late is not None and run.remainder is not None:
        # A stream that is passed on had its end with the last chunk; another's client has yet to be sent it.
        account.leave_open(is_answered=run.is_native)
        run.late.read(run.remainder, account.settle)
    else:
        account.cut(run.known_usage(), is_complete=run.has_ended)


async def _encoded(exchange: Exchange, batch: Batch, account: Account) -> bytes:
    """The events for a batch. The last ones are sent when the answer has been stored."""
    writer, memory = exchange.writer, exchange.memory
    if exchange.is_over:
        return b""
    data = writer.write(batch if exchange.shown is None else exchange.shown.events(batch))
    if writer.ended is None:
        return data
    exchange.is_over = True
    if memory is not None:
        try:
            await memory.keep(writer.ended)
        except GatewayError as error:
            account.fail(error)
            writer.fail(error)
        except asyncio.CancelledError as cancellation:
            stopped = account.stopped(cancellation)
            account.fail(stopped)
            writer.fail(stopped)
    return data + writer.end()
