"""Routes a request, runs it on an upstream, accounts it: the one path behind every surface."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Never, TypeVar

import structlog

from gateway.account import Account
from gateway.accounting.ledger import Ledger
from gateway.dialects.base import Dialect, Origin
from gateway.dialects.report import require_translatable
from gateway.errors import GatewayError
from gateway.exchange import NOTHING, Exchange, composed_reply, reply_of
from gateway.fitting import Fitted, Shown
from gateway.http import MANY, Body, Reply, Request, StreamReply
from gateway.neutral.end_user import split_end_user
from gateway.neutral.generation import Generation
from gateway.neutral.items import EarlierReasoning
from gateway.neutral.json import JsonObject
from gateway.neutral.values import value
from gateway.reasoning import recover
from gateway.routing.attempts import Attempts, Conditions
from gateway.routing.plan import Lane, Planner, has_choice, prompt_for_order
from gateway.routing.router import Router
from gateway.routing.windows import Windows
from gateway.run import Held, Run
from gateway.schemas.validator import AnswerSchema, SchemaValidator
from gateway.sealing import Sealer
from gateway.short_path import Memory, ShortPath, answer_headers
from gateway.surfaces.base import Author, Surface
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
    fitted: Fitted | None = None
    """What is sent in the place of the request, so that it fits its model."""


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
                    author, headers = self._author(lanes[0], request.key_id), answer_headers(lanes[0], 0)
                    return await composed_reply(surface, fitted, author, memory, headers)
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
                return await reply_of(exchange, answer_headers(attempts.lane, attempts.count, dropped))
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
            client = ClientRequest(generation, surface, request.key_id, account, fitted=memory.admissible(generation))
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
            client = ClientRequest(generation, surface, request.key_id, account, fitted=memory.admissible(generation))
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
        surface, fitted = client.surface, client.fitted
        generation, omitted = client.generation, NOTHING
        if fitted is not None:
            generation, omitted = fitted.of_lane(fitted.generation, lane)
        generation, dialect, origin = self._prepared(client, lane, generation)
        is_native = dialect.name == surface.dialect and dialect.can_pass_on(generation, origin)
        schema = None if is_native else self._schema(client.key_id, generation, dialect, origin)
        run = Run(generation, lane, dialect, origin, is_native=is_native, schema=schema)
        run.held = client.held
        if run.dropped:
            log.debug("fields_dropped", provider=lane.upstream.name, model=lane.model, fields=list(run.dropped))
        author = self._author(lane, client.key_id)
        shown = None if fitted is None else Shown(fitted)
        is_stream = generation.is_stream
        # The answer repeats what the client sent.
        shown_of = generation if fitted is None else replace(generation, body=client.generation.body)
        writer = surface.writer(shown_of, author)
        return Exchange(lane, writer, run, client.account, is_stream, self._windows, omitted, shown)

    def _author(self, lane: Lane, key_id: str) -> Author:
        return Author(lane.upstream.name, lane.model, partial(lane.seal, self._sealer, key_id))

    def _countable(self, client: ClientRequest, lane: Lane) -> Countable:
        """What is counted of a request for a candidate. Raises `InvalidRequest`."""
        fitted = client.fitted
        asked = client.generation if fitted is None else fitted.of_lane(fitted.generation, lane)[0]
        generation, dialect, origin = self._prepared(client, lane, asked)
        has_input = dialect.name == client.surface.dialect or bool(generation.prompt.items)
        sent = dialect.encode(generation, origin) if has_input else None
        return Countable(generation, lane, dialect, origin, sent)

    def _prepared(
        self, client: ClientRequest, lane: Lane, generation: Generation
    ) -> tuple[Generation, Dialect, Origin]:
        """The request for a candidate, with the reasoning of its own; raises `InvalidRequest`. And how it is sent."""
        upstream, surface = lane.upstream, client.surface
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


def _is_large(body: JsonObject) -> bool:
    """Whether translating a body, and what came before it, would hold up the loop for longer than a moment."""
    items = body.get("messages") or body.get("input")
    return isinstance(items, list) and len(items) > MANY
