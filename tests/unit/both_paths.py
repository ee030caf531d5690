"""One request, sent through the short path and through the long one: what was sent, answered and accounted."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from typing import Any, cast
from unittest.mock import patch

from gateway.access_log import Access
from gateway.accounting.late_usage import LateUsage
from gateway.accounting.ledger import Ledger
from gateway.accounting.token_ratios import TokenRatios
from gateway.catalogue import Catalogue
from gateway.dialects import DIALECTS
from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.engine import Engine
from gateway.errors import GatewayError, UpstreamDown
from gateway.http import Reply, Request
from gateway.memory.items import fingerprint, without_secrets_of
from gateway.memory.responses import Archive, Turn
from gateway.neutral import identifiers
from gateway.prices import Prices
from gateway.routing.attempts import Conditions
from gateway.routing.health import Health
from gateway.routing.plan import Lane, Planner
from gateway.routing.router import Router
from gateway.routing.windows import Windows
from gateway.sealing import Sealer
from gateway.settings.compaction import CompactionSettings
from gateway.store.errors import Unreachable
from gateway.surfaces.base import Surface
from gateway.upstream import Address, Upstream
from gateway.window.seals import CompactionSeals
from gateway.window.service import ContextWindow
from gateway.wire.transport import Answer, Call
from tests.unit.lanes import Nowhere

ADDRESS = Address("http://127.0.0.1:9/v1", {"content-type": "application/json"})
Outcome = Answer | UpstreamDown | type[asyncio.CancelledError]


@dataclass
class Scripted(Nowhere):
    """A transport that answers with the outcomes in turn, the last one again and again, and remembers what was sent."""

    outcomes: Sequence[Outcome]
    meanwhile: Callable[[], object]
    """What happens while a call is under way."""
    sent: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def send(self, call: Call) -> Answer:
        self.sent.append((call.url, dict(call.headers), call.body or b""))
        outcome = self.outcomes[min(len(self.sent), len(self.outcomes)) - 1]
        self.meanwhile()
        if isinstance(outcome, Answer):
            return outcome
        raise outcome


@dataclass
class Journal:
    """Keeps what is recorded and stored. Nothing can be stored where it is `away`."""

    away: bool = False
    rows: list[tuple[Any, Any]] = field(default_factory=list)
    stored: list[Any] = field(default_factory=list)

    def record(self, row: Any, end_user: Any) -> None:
        times = ("time", "first_event_ms", "duration_ms")
        told = {one.name: getattr(row, one.name) for one in fields(row)}
        shown = {name: (value is not None if name in times else value) for name, value in told.items()}
        self.rows.append((shown, end_user and (vars_of(end_user.user), vars_of(end_user.group))))

    def raise_if_away(self) -> None:
        if self.away:
            raise Unreachable("the database is away")

    async def add(self, response: Any, append: Any) -> None:
        if self.away:
            raise Unreachable("the database is away")
        self.stored.append({one.name: getattr(response, one.name) for one in fields(response)})


@dataclass
class _Retries:
    attempts: int = 2
    longest_wait: float = 0.0


@dataclass(frozen=True)
class Way:
    """How a request went: all that may be compared."""

    status: Any
    headers: Any
    body: bytes
    sent: Any
    rows: Any
    stored: Any
    took_short_path: bool


def ledger_of(journal: Any) -> Ledger:
    """A ledger over a journal that writes nothing."""
    return Ledger(journal, TokenRatios(), LateUsage())


def vars_of(entity: Any) -> Any:
    return entity and (entity.id, entity.metadata)


@dataclass
class Parts:
    """What may change while a call is under way."""

    router: Router
    health: Health
    journal: Journal
    lane: Lane


Meanwhile = Callable[[Parts], object]


async def _pause(seconds: float) -> None:
    await asyncio.sleep(0)


class World:
    """A gateway with one provider, whose profile and answers are given."""

    def __init__(self, profile: Profile | None = None, meanwhile: Meanwhile = lambda parts: None) -> None:
        self.profile = profile or ChatProfile()
        self.dialect = DIALECTS[self.profile.dialect]
        self.meanwhile = meanwhile

    async def go(self, surface: Surface[Any], body: Any, outcomes: Sequence[Outcome], *, short: bool) -> Way:
        """Send one request the short way, if it may go there, or the long one."""
        transport, journal = Scripted(outcomes, lambda: self.meanwhile(parts)), Journal()
        upstream = Upstream(
            "lab", [self.dialect], {self.dialect.name: self.profile}, transport, _locate, address=ADDRESS
        )
        conditions = Conditions(Health(9, 9.0, lambda: 0.0), _Retries(), {}, _pause, lambda: 0.0)
        catalogue, sealer = Catalogue({"lab": upstream}), Sealer(bytes(32))
        router, windows = Router({"lab": upstream}, catalogue, {}), Windows(catalogue, Prices())
        engine = Engine(router, ledger_of(journal), sealer, conditions, cast(Any, None), windows)
        steps = await router.steps("lab/m")
        lane = Planner(Sealer(bytes(32))).only(steps)
        assert lane is not None
        parts = Parts(router, conditions.health, journal, lane)
        memory = None
        if surface.dialect == "openai-responses":
            seals = CompactionSeals(sealer, fingerprint, without_secrets_of)
            window = ContextWindow(engine, windows, TokenRatios(), seals, CompactionSettings())
            memory = Turn(Archive(cast(Any, None), cast(Any, journal), 60.0, window), "key_1")
        tried = _watched(engine)
        if not short:
            engine.short_path = None
        request = Request(Access("req_1"), "operation", "key_1", body, {}, {})
        with ExitStack() as stack:
            stack.enter_context(patch.object(identifiers, "_digits", lambda: "5" * 40))
            stack.enter_context(patch("os.urandom", lambda size: b"5" * size))
            stack.enter_context(patch("secrets.token_hex", lambda size: "5" * 2 * size))
            stack.enter_context(patch("time.time", lambda: 1_790_000_000.0))
            try:
                reply = await engine.answer(request, surface, memory)
            except GatewayError as error:
                told: Any = (error.status, sorted(error.headers), error.body())
            except asyncio.CancelledError:
                told = ("cancelled", (), b"")
            else:
                assert isinstance(reply, Reply)
                told = (reply.status, sorted(reply.headers), reply.body)
        status, headers, answered = told
        return Way(status, headers, answered, transport.sent, journal.rows, journal.stored, bool(tried and tried[0]))


def _watched(engine: Engine) -> list[bool]:
    """Whether the short path has answered, once it was tried."""
    tried: list[bool] = []
    path = engine.short_path
    assert path is not None
    answer = path.answer

    async def watched(*given: Any) -> Any:
        outcome = await answer(*given)
        tried.append(isinstance(outcome, Reply))
        return outcome

    cast(Any, path).answer = watched
    return tried


async def _locate() -> Address:
    return ADDRESS
