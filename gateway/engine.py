"""Routes a request, runs it on an upstream, accounts it: the one path behind every surface."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Never

import structlog

from gateway.account import Account
from gateway.accounting.ledger import Ledger
from gateway.dialects.base import Dialect, Origin
from gateway.dialects.report import require_translatable
from gateway.errors import GatewayError, Header
from gateway.fitting import Fitted, Shown
from gateway.http import MANY, Body, Reply, Request, StreamReply
from gateway.neutral.end_user import split_end_user
from gateway.neutral.events import Failed, Usage
from gateway.neutral.generation import Generation
from gateway.neutral.items import EarlierReasoning
from gateway.neutral.json import JsonObject
from gateway.neutral.values import value
from gateway.reasoning import recover
from gateway.routing.attempts import Attempts, Conditions
from gateway.routing.plan import Lane, Planner, has_choice, prompt_for_order
from gateway.routing.router import Router
from gateway.routing.windows import Windows, require_room
from gateway.run import Batch, Held, Run, opening
from gateway.schemas.validator import AnswerSchema, SchemaValidator
from gateway.sealing import Sealer
from gateway.short_path import Memory, ShortPath, answer_headers, keep_answer
from gateway.surfaces.base import Author, Surface, Writer

NOTHING: Sequence[str] = ()

log = structlog.get_logger(__name__)


@value
class ClientRequest:
    """One request, as its client made it: what every attempt starts from. The surface has read its body."""

    generation: Generation
    surface: Surface[Never]
    key_id: str
    account: Account
    held: Held | None = None
    """What the first lane has answered already."""
    fitted: Fitted | None = None
    """What is sent in the place of the request, so that it fits its model."""


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
        tokens = self.account.estimate(self.lane, body)
        require_room(self.lane, tokens, is_counted=self.run.is_counted)


class Engine:
    """Answers generation requests."""

    def __init__(
        self,
        router: Router,
        ledger: Ledger,
        sealer: Sealer,
        conditions: Conditions,
        schemas: SchemaValidator,
        windows: Windows,
    ) -> None:
        self._router = router
        self._ledger = ledger
        self._sealer = sealer
        self._planner = Planner(sealer)
        self._conditions = conditions
        self._schemas = schemas
        self._windows = windows
        self.short_path: ShortPath | None = ShortPath(router, self._planner, conditions.health, ledger, sealer)
        """None: every request goes the long path."""

    async def answer(
        self, request: Request[Body], surface: Surface[Body], memory: Memory | None = None
    ) -> Reply | StreamReply:
        """Answer a validated request in the surface's own form.

        Raises `GatewayError` for whatever is refused before the answer has begun; a failure after that is part of
        the stream. Each call leaves one usage row.
        """
        held: Held | None = None
        if self.short_path is not None and surface.brief is not None and not request.is_large:
            answered = await self.short_path.answer(request, surface, surface.brief, memory)
            if isinstance(answered, Reply):
                return answered
            held = answered
        with Account(self._ledger, request, None if held is None else held.begun) as account:
            if held is None:
                generation, lanes = await self._planned(request, surface, memory, account)
                fitted = None if memory is None else await memory.fit(request, generation, lanes)
                if memory is not None and fitted is not None and fitted.is_answer:
                    return await _composed(surface, fitted, self._author(lanes[0], request.key_id), memory)
            else:
                generation, lanes, fitted = self._taken_over(request, surface, account, held), [held.lane], None
            client = ClientRequest(generation, surface, request.key_id, account, held, fitted)
            is_large = held is None and (request.is_large or _is_large(generation.body))
            attempts = Attempts(lanes, self._conditions, generation.body, is_large=is_large, is_asked=held is not None)
            try:
                exchange = await attempts.run(partial(self._exchange, client))
                exchange.memory = memory
                exchange.run.late = self._ledger.late
                dropped = [*exchange.omitted, *exchange.run.dropped] if exchange.omitted else exchange.run.dropped
                return await _reply(exchange, answer_headers(attempts.lane, attempts.count, dropped))
            except GatewayError as error:
                account.routed(attempts.lane)
                raise error.with_headers(*answer_headers(attempts.lane, attempts.count)) from error.__cause__
            finally:
                account.access.attempts = attempts.count
                account.access.waited += attempts.paused

    def _taken_over(self, request: Request[Body], surface: Surface[Body], account: Account, held: Held) -> Generation:
        """The request that the short path has sent already. Memory has been looked into for it."""
        account.routed(held.lane)
        generation = _for_end_user(surface.read(request.body), account)
        return held.generation or generation

    async def admit(self, request: Request[Body], surface: Surface[Body], memory: Memory) -> tuple[Generation, Lane]:
        """The request as it would be answered, and who would be called first: for one that is answered later.

        Raises `GatewayError` as `answer` does before it calls anybody; then, and only then, it leaves a usage row.
        """
        with Account(self._ledger, request) as account:
            generation, lanes = await self._planned(request, surface, memory, account)
            fitted = memory.admissible(generation)
            client = ClientRequest(generation, surface, request.key_id, account, fitted=fitted)
            accepting = partial(self._accepting, client, lanes)
            if request.is_large or _is_large(generation.body):
                async with self._conditions.turns:
                    lane = await asyncio.to_thread(accepting)
            else:
                lane = accepting()
            account.hand_over()
        return generation, lane

    def _accepting(self, client: ClientRequest, lanes: Sequence[Lane]) -> Lane:
        """The first candidate that can be sent the request. Raises the last one's `InvalidRequest`."""
        refusal: GatewayError | None = None
        for lane in lanes:
            try:
                self._exchange(client, lane)
            except GatewayError as error:
                refusal = error
            else:
                return lane
        assert refusal is not None
        raise refusal

    async def _planned(
        self, request: Request[Body], surface: Surface[Body], memory: Memory | None, account: Account
    ) -> tuple[Generation, Sequence[Lane]]:
        """The request as it is to be answered, and who may answer it, in order. Raises `GatewayError`."""
        generation = surface.read(request.body)
        account.row.is_stream = generation.is_stream
        steps = await self._router.steps(generation.model, generation.provider, generation.models)
        account.routed(steps[0].routes[0])
        generation = _for_end_user(generation, account)
        if memory is not None:
            generation = await memory.recall(generation)
        if has_choice(steps) and (request.is_large or _is_large(generation.body)):
            # The prompt is kept, so that the planner need not read it on the loop.
            await asyncio.to_thread(prompt_for_order, generation)
        return generation, self._planner.lanes(steps, generation, request.key_id)

    def _exchange(self, client: ClientRequest, lane: Lane) -> Exchange:
        """An attempt at the answer by one candidate. Raises `InvalidRequest` for what the provider cannot do."""
        upstream, surface, fitted = lane.upstream, client.surface, client.fitted
        generation, omitted = client.generation, NOTHING
        if fitted is not None:
            generation, omitted = fitted.of_lane(fitted.generation, lane)
        dialect, origin = lane.way(generation, surface.dialect)
        is_native = dialect.name == surface.dialect and dialect.can_pass_on(generation, origin)
        open_seal = partial(self._sealer.open_for, client.key_id, upstream.name, lane.model)
        if dialect.name == surface.dialect:
            generation = surface.restore(generation, open_seal)
        else:
            require_translatable(generation.prompt, origin.api or upstream.name)
            if any(type(item) is EarlierReasoning for item in generation.prompt.items):
                generation = recover(generation, open_seal)
        schema = None if is_native else self._schema(client.key_id, generation, dialect, origin)
        run = Run(generation, lane, dialect, origin, is_native=is_native, schema=schema)
        run.held = client.held
        if run.dropped:
            log.debug("fields_dropped", provider=upstream.name, model=lane.model, fields=list(run.dropped))
        author = Author(upstream.name, lane.model, partial(lane.seal, self._sealer, client.key_id))
        shown = None if fitted is None else Shown(fitted)
        is_stream = generation.is_stream
        writer = surface.writer(generation, author)
        return Exchange(lane, writer, run, client.account, is_stream, self._windows, omitted, shown)

    def _author(self, lane: Lane, key_id: str) -> Author:
        return Author(lane.upstream.name, lane.model, partial(lane.seal, self._sealer, key_id))

    def _schema(self, key_id: str, generation: Generation, dialect: Dialect, origin: Origin) -> AnswerSchema | None:
        """What the gateway itself holds the answer to."""
        output_format = dialect.validated_format(generation, origin)
        if output_format is None or output_format.schema is None:
            return None
        return AnswerSchema(self._schemas, key_id, output_format.schema, output_format.schema_path.split("."))


def _for_end_user(generation: Generation, account: Account) -> Generation:
    """The request without whom it is for, who is accounted. Raises `InvalidRequest`."""
    if not generation.metadata:
        return generation
    account.end_user, metadata = split_end_user(generation.metadata)
    return generation if metadata is generation.metadata else replace(generation, metadata=metadata)


async def _reply(exchange: Exchange, headers: list[Header]) -> Reply | StreamReply:
    """The answer that has begun, for the client."""
    account, memory = exchange.account, exchange.memory
    if exchange.rest is not None:
        return StreamReply(_written(exchange, exchange.rest, account.hand_over()), headers=headers)
    account.observe(exchange.first)
    body = exchange.writer.reply(exchange.first if exchange.shown is None else exchange.shown.events(exchange.first))
    if memory is not None and exchange.writer.ended is not None:
        await keep_answer(memory, exchange.writer.ended)
    return Reply(body, headers=headers)


async def _composed(surface: Surface[Body], fitted: Fitted, author: Author, memory: Memory) -> Reply | StreamReply:
    """An answer that no candidate was called for."""
    writer = surface.writer(fitted.generation, author)
    is_stream = fitted.generation.is_stream
    data = writer.write(fitted.before) if is_stream else writer.reply(fitted.before)
    assert writer.ended is not None
    await keep_answer(memory, writer.ended)
    return StreamReply(_whole(data + writer.end())) if is_stream else Reply(data)


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


def _is_large(body: JsonObject) -> bool:
    """Whether translating a body, and what came before it, would hold up the loop for longer than a moment."""
    items = body.get("messages") or body.get("input")
    return isinstance(items, list) and len(items) > MANY
