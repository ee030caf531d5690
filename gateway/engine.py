"""Routes a request, runs it on an upstream, accounts it: the one path behind every surface."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Never, TypeVar

import structlog

from gateway.account import Account
from gateway.accounting.ledger import Ledger
from gateway.dialects.base import Dialect, Origin
from gateway.dialects.report import require_translatable
from gateway.errors import GatewayError, Header
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
from gateway.run import Batch, Held, Run, opening
from gateway.schemas.validator import AnswerSchema, SchemaValidator
from gateway.sealing import Sealer
from gateway.short_path import Memory, ShortPath, answer_headers, keep_answer
from gateway.surfaces.base import Author, Surface, Writer
from gateway.tokens.counter import Countable, InputCounter, InputTokens

log = structlog.get_logger(__name__)
Made = TypeVar("Made")


@value
class ClientRequest:
    """One request, as its client made it: what every attempt starts from. The surface has read its body."""

    generation: Generation
    surface: Surface[Never]
    key_id: str
    account: Account
    held: Held | None = None
    """What the first lane has answered already."""


@dataclass(slots=True)
class Exchange:
    """One attempt at an answer: who is to give it, what writes it, what runs it, and what remembers it."""

    lane: Lane
    writer: Writer
    run: Run
    account: Account
    is_stream: bool
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
        self.account.begin_attempt(self.lane, self.run.body)
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


class Engine:
    """Answers generation requests."""

    def __init__(
        self, router: Router, ledger: Ledger, sealer: Sealer, conditions: Conditions, schemas: SchemaValidator
    ) -> None:
        self._router = router
        self._ledger = ledger
        self._sealer = sealer
        self._planner = Planner(sealer)
        self._conditions = conditions
        self._schemas = schemas
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
            else:
                account.routed(held.lane)
                generation, lanes = _for_end_user(surface.read(request.body), account), [held.lane]
                # Memory has been looked into for it.
                generation = held.generation or generation
            client = ClientRequest(generation, surface, request.key_id, account, held)
            is_large = held is None and (request.is_large or _is_large(generation.body))
            attempts = Attempts(lanes, self._conditions, generation.body, is_large=is_large, is_asked=held is not None)
            try:
                exchange = await attempts.run(partial(self._exchange, client))
                exchange.memory = memory
                exchange.run.late = self._ledger.late
                return await _reply(exchange, answer_headers(attempts.lane, attempts.count, exchange.run.dropped))
            except GatewayError as error:
                account.routed(attempts.lane)
                raise error.with_headers(*answer_headers(attempts.lane, attempts.count)) from error.__cause__
            finally:
                account.access.attempts = attempts.count
                account.access.waited += attempts.paused

    async def admit(self, request: Request[Body], surface: Surface[Body], memory: Memory) -> tuple[Generation, Lane]:
        """The request as it would be answered, and who would be called first: for one that is answered later.

        Raises `GatewayError` as `answer` does before it calls anybody; then, and only then, it leaves a usage row.
        """
        with Account(self._ledger, request) as account:
            generation, lanes = await self._planned(request, surface, memory, account)
            client = ClientRequest(generation, surface, request.key_id, account)
            is_large = request.is_large or _is_large(generation.body)
            exchange = await self._accepted(lanes, partial(self._exchange, client), is_large=is_large)
            account.hand_over()
        return generation, exchange.lane

    async def count(
        self, request: Request[Body], surface: Surface[Body], memory: Memory, counter: InputCounter
    ) -> tuple[InputTokens, Lane]:
        """The tokens of the request's input, and the candidate that would be called first. It leaves no usage row.

        Raises `GatewayError` as `answer` does.
        """
        # Never entered, so that nothing is written but the line of the access log.
        account = Account(self._ledger, request)
        try:
            generation, lanes = await self._planned(request, surface, memory, account)
            is_large = request.is_large or _is_large(generation.body)
            client = ClientRequest(generation, surface, request.key_id, account)
            countable = await self._accepted(lanes, partial(self._countable, client), is_large=is_large)
            account.routed(countable.lane)
            return await counter.count(request, countable, is_large=is_large), countable.lane
        except GatewayError as error:
            account.fail(error)
            raise

    async def _accepted(self, lanes: Sequence[Lane], prepare: Callable[[Lane], Made], *, is_large: bool) -> Made:
        """What is prepared for the first candidate that can be sent the request. Raises the last one's error."""
        if not is_large:
            return _first(lanes, prepare)
        async with self._conditions.turns:
            return await asyncio.to_thread(_first, lanes, prepare)

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
        upstream, surface = lane.upstream, client.surface
        generation, dialect, origin = self._prepared(client, lane)
        is_native = dialect.name == surface.dialect and dialect.can_pass_on(generation, origin)
        schema = None if is_native else self._schema(client.key_id, generation, dialect, origin)
        run = Run(generation, lane, dialect, origin, is_native=is_native, schema=schema)
        run.held = client.held
        if run.dropped:
            log.debug("fields_dropped", provider=upstream.name, model=lane.model, fields=list(run.dropped))
        author = Author(upstream.name, lane.model, partial(lane.seal, self._sealer, client.key_id))
        return Exchange(lane, surface.writer(generation, author), run, client.account, generation.is_stream)

    def _countable(self, client: ClientRequest, lane: Lane) -> Countable:
        """What is counted of a request for a candidate. Raises `InvalidRequest`."""
        generation, dialect, origin = self._prepared(client, lane)
        has_input = dialect.name == client.surface.dialect or bool(generation.prompt.items)
        sent = dialect.encode(generation, origin) if has_input else None
        return Countable(generation, lane, dialect, origin, sent)

    def _prepared(self, client: ClientRequest, lane: Lane) -> tuple[Generation, Dialect, Origin]:
        """The request for a candidate, with the reasoning of its own; raises `InvalidRequest`. And how it is sent."""
        upstream, surface, generation = lane.upstream, client.surface, client.generation
        dialect, origin = lane.way(generation, surface.dialect)
        open_seal = partial(self._sealer.open_for, client.key_id, upstream.name, lane.model)
        if dialect.name == surface.dialect:
            return surface.restore(generation, open_seal), dialect, origin
        require_translatable(generation.prompt, origin.api or upstream.name)
        if any(type(item) is EarlierReasoning for item in generation.prompt.items):
            generation = recover(generation, open_seal)
        return generation, dialect, origin

    def _schema(self, key_id: str, generation: Generation, dialect: Dialect, origin: Origin) -> AnswerSchema | None:
        """What the gateway itself holds the answer to."""
        output_format = dialect.validated_format(generation, origin)
        if output_format is None or output_format.schema is None:
            return None
        return AnswerSchema(self._schemas, key_id, output_format.schema, output_format.schema_path.split("."))


def _first(lanes: Sequence[Lane], prepare: Callable[[Lane], Made]) -> Made:
    """What is prepared for the first candidate that can be sent the request. Raises the last one's error."""
    refusal: GatewayError | None = None
    for lane in lanes:
        try:
            return prepare(lane)
        except GatewayError as error:
            refusal = error
    assert refusal is not None
    raise refusal


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
    body = exchange.writer.reply(exchange.first)
    if memory is not None and exchange.writer.ended is not None:
        await keep_answer(memory, exchange.writer.ended)
    return Reply(body, headers=headers)


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
    data = writer.write(batch)
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
