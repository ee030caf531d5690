"""Composes the gateway: the only place where the parts meet."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Protocol, TypeVar

import structlog
from starlette.routing import Router as StarletteRouter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.accounting.ledger import Ledger, open_ledger
from gateway.auth import KeyRing, OnDisconnect
from gateway.background.context import Context, own_lease
from gateway.background.service import Background
from gateway.catalogue import Catalogue
from gateway.contract.body import BodyLimits
from gateway.contract.bundle import Bundle
from gateway.contract.complexity import Complexity
from gateway.contract.handlers import find_handlers
from gateway.contract.in_flight import InFlight
from gateway.contract.pipeline import build_pipeline
from gateway.contract.stage import Dispatch
from gateway.detached import DetachedWork
from gateway.documentation import documentation_routes
from gateway.engine import Engine
from gateway.memory.conversations import Conversations
from gateway.memory.history import History
from gateway.memory.items import fingerprint, without_secrets_of
from gateway.memory.responses import Archive, Responses
from gateway.memory.retention import Sweep
from gateway.memory.stored import StoredResponses
from gateway.models import Models
from gateway.open_files import most_connections
from gateway.outliving.answer import OutlivingAnswers
from gateway.outliving.idempotency.attempts import Shelf
from gateway.outliving.idempotency.leases import LostAttempts, Upkeep
from gateway.outliving.idempotency.requests import IdempotentRequests
from gateway.outliving.requests import OutlivingRequests
from gateway.prices import Prices
from gateway.readiness import Readiness
from gateway.routing.attempts import Conditions
from gateway.routing.health import Health
from gateway.routing.router import Router
from gateway.routing.windows import Windows
from gateway.schemas.validator import SchemaValidator
from gateway.sealing import SECRET_BYTES, Sealer
from gateway.services import Gateway, State
from gateway.settings import Settings, load
from gateway.settings.prompts import prompt_templates
from gateway.store import secrets
from gateway.store.database import Database
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.tokens.counter import InputCounter
from gateway.tokens.tokenizer import Tokenizer
from gateway.upstreams import open_upstreams
from gateway.window.seals import CompactionSeals
from gateway.window.service import ContextWindow

log = structlog.get_logger(__name__)

_DAY = 86_400.0
_PART_SECONDS = 0.7
"""In which something that works in the background has to close."""
_YOUNGER_COLLECTIONS = 500
"""Of the two younger generations before one of all; Python's own number is 10."""


class Application:
    """The ASGI application. Everything is opened when the server starts and closed when it stops."""

    def __init__(self, settings: Settings, readiness: Readiness, detached: DetachedWork) -> None:
        self._settings = settings
        self._readiness = readiness
        self._detached = detached
        self._bundle = Bundle.load()
        # Looked for now, so that a missing one stops the start before anything is opened.
        self._handlers = find_handlers(self._bundle)
        self._prices = Prices()
        self._lifespan = StarletteRouter(lifespan=self._opened)
        self._pipeline: ASGIApp = self._lifespan

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return (self._lifespan if scope["type"] == "lifespan" else self._pipeline)(scope, receive, send)

    @asynccontextmanager
    async def _opened(self, _: object) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            settings = self._settings
            database = await Database.open(settings.database_url, settings.data_dir)
            stack.push_async_callback(database.close)
            keys = await stack.enter_async_context(_started(_key_ring(settings, database)))
            ledger = await stack.enter_async_context(open_ledger(database, settings.data_dir))
            upstreams = await stack.enter_async_context(open_upstreams(settings))
            catalogue = Catalogue(upstreams)
            stack.push_async_callback(catalogue.close)
            router, windows = Router(upstreams, catalogue, settings.models), Windows(catalogue, self._prices)
            schemas, tokenizer = await stack.enter_async_context(_companions(settings))
            sealer, conditions = await _sealer(database), _conditions(settings)
            engine = Engine(router, ledger, sealer, conditions, schemas, windows)
            stored, limits = StoredResponses(database), _body_limits(settings)
            window = _window(settings, engine, windows, ledger, sealer)
            retention = settings.retention_days * _DAY
            archive = Archive(History(database, stored, limits.complexity), ledger.journal, retention, window)
            await stack.enter_async_context(_started(Sweep(database, retention)))
            lease, options, held = own_lease(settings.lease_seconds), settings.background, limits.in_flight
            context = Context(engine, archive, database, ledger, sealer, self._detached, options, held, lease)
            background = await stack.enter_async_context(_started(Background(context)))
            upkeep = Upkeep(database, LostAttempts(router, ledger.ratios), lease.seconds)
            await stack.enter_async_context(_started(upkeep))
            gateway = Gateway(
                State(database, ledger.journal),
                self._readiness,
                engine,
                Models(router, catalogue, upstreams, settings.models, self._prices),
                Responses(engine, archive, stored, InputCounter(tokenizer, ledger.ratios, conditions.turns)),
                Conversations(database, ledger.journal, stored.items),
                background,
                _outliving(settings, Shelf(database, sealer, upkeep), background, self._detached, limits.turns),
                OpenAIResponsesSurface(prompt_templates(settings.prompts).render),
            )
            self._pipeline = self._pipeline_of(gateway, keys, limits)
            await _warm(self._pipeline)
            _settle_garbage()
            yield

    def _pipeline_of(self, gateway: Gateway, keys: KeyRing, limits: BodyLimits) -> ASGIApp:
        handlers = {id_: partial(handler, gateway=gateway) for id_, handler in self._handlers.items()}
        dispatch = Dispatch(self._bundle, keys, limits)
        fallback = StarletteRouter(routes=documentation_routes(self._bundle), redirect_slashes=False)
        return build_pipeline(handlers, dispatch, fallback, self._settings.cors.origins)


def create_app(
    settings: Settings | None = None, readiness: Readiness | None = None, detached: DetachedWork | None = None
) -> Application:
    """The application for a server, which sets `readiness` and waits for `detached`.

    Raises `ConfigurationError` and `MissingHandler`.
    """
    return Application(settings or load(), readiness or Readiness(), detached or DetachedWork())


class _Part(Protocol):
    """What works in the background of the application while that is open."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...


Part = TypeVar("Part", bound=_Part)


@asynccontextmanager
async def _started(part: Part) -> AsyncIterator[Part]:
    await part.start()
    try:
        yield part
    finally:
        # It may wait for a database that does not answer. What the journal has must be kept in the time that is left.
        try:
            async with asyncio.timeout(_PART_SECONDS):
                await part.close()
        except TimeoutError:
            log.warning("part_not_closed", part=type(part).__name__)


@asynccontextmanager
async def _companions(settings: Settings) -> AsyncIterator[tuple[SchemaValidator, Tokenizer]]:
    """What has a process beside the server, from its first use on."""
    schemas, tokenizer = SchemaValidator(settings.bounds.answer_schema), Tokenizer()
    try:
        yield schemas, tokenizer
    finally:
        await schemas.close()
        await tokenizer.close()


def _window(settings: Settings, engine: Engine, windows: Windows, ledger: Ledger, sealer: Sealer) -> ContextWindow:
    seals = CompactionSeals(sealer, fingerprint, without_secrets_of)
    return ContextWindow(engine, windows, ledger.ratios, seals, settings.compaction)


def _key_ring(settings: Settings, database: Database) -> KeyRing:
    static_key = settings.api_key.get_secret_value() if settings.api_key else None
    return KeyRing(database, static_key, OnDisconnect(settings.on_disconnect, settings.may_choose_on_disconnect))


def _body_limits(settings: Settings) -> BodyLimits:
    bounds = settings.bounds.request
    in_flight = InFlight(max(bounds.bytes_in_flight, settings.max_body_bytes))
    return BodyLimits(settings.max_body_bytes, Complexity(bounds), in_flight)


def _outliving(
    settings: Settings, shelf: Shelf, background: Background, work: DetachedWork, turns: asyncio.Lock
) -> OutlivingRequests:
    # As many as there are connections: each answer has begun on one.
    answers = OutlivingAnswers(work, most_connections(settings.bounds.connections.most))
    idempotent = IdempotentRequests(shelf, answers, background, work, settings.idempotency, turns)
    return OutlivingRequests(answers, idempotent, background)


def _conditions(settings: Settings) -> Conditions:
    health = Health(settings.breaker.failures, settings.breaker.seconds)
    own = {name: provider.retries for name, provider in settings.providers.items() if provider.retries}
    return Conditions(health, settings.retries, own)


async def _sealer(database: Database) -> Sealer:
    make = partial(os.urandom, SECRET_BYTES)
    return Sealer(await database.write(partial(secrets.obtain, name="sealing", make=make), durable=True))


def _settle_garbage() -> None:
    """Tell the collector that what stands now will stand for good, and to look at everything else less often.

    A full collection looked at 180,000 objects of imports and schemas, and held every request for 200 ms. One was made
    for each large body, too, and looked at all the others: JSON has no cycles, and needs no collector.
    """
    gc.collect()
    gc.freeze()
    often, sometimes, _ = gc.get_threshold()
    gc.set_threshold(often, sometimes, _YOUNGER_COLLECTIONS)


async def _warm(pipeline: ASGIApp) -> None:
    """Let connexion compile its stack now; it would do so in the first client's time."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        await asyncio.sleep(0)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/health/live",
        "raw_path": b"/health/live",
        "query_string": b"",
        "root_path": "",
        "headers": [],
    }
    await pipeline(scope, receive, send)
