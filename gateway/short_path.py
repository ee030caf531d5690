"""The short path: a plain request in which nothing is unusual, for one lane that has not failed, in one go.

It calls the same functions as `Engine.answer`, the long path, and makes fewer objects around them. Where anything is
unusual, `Engine.answer` goes on: from the beginning where nobody was asked, else with the answer or the error that
came, so that nobody is asked twice. Upstreams of other dialects are asked and read by the long path's translation.
`tests/unit/test_short_path.py` has requests and replies go both ways, and compares.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Generic, Protocol

import structlog

from gateway.account import Account
from gateway.accounting.ledger import Ledger
from gateway.dialects.base import BriefDialect, Dialect, Origin
from gateway.dialects.report import require_translatable
from gateway.errors import GatewayError, Header
from gateway.fitting import Fitted
from gateway.http import Body, Reply, Request
from gateway.neutral.end_user import EndUser, split_end_user
from gateway.neutral.events import Done, Failed, Usage, text_bytes
from gateway.neutral.generation import Generation
from gateway.neutral.values import value
from gateway.routing.health import Health
from gateway.routing.plan import Lane, Planner, header_value
from gateway.routing.router import Router, Step, keep
from gateway.run import Held
from gateway.sealing import Sealer
from gateway.store.journal import UsageRow
from gateway.surfaces.base import Author, BriefSurface, Ended, Surface
from gateway.wire.transport import Answer, Call

_DROPPED_BYTES = 2000

log = structlog.get_logger(__name__)


class Memory(Protocol):
    """What a stateful surface remembers around one answer."""

    async def recall(self, generation: Generation) -> Generation:
        """The request with what came before in front of its own items.

        Raises `GatewayError` where that is not there.
        """

    async def fit(self, request: Request[Body], generation: Generation, lanes: Sequence[Lane]) -> Fitted | None:
        """What is sent in the place of a request that is too long for its model, and is not to be refused for that.

        None where nothing is to be changed. Raises `GatewayError`.
        """

    def admissible(self, generation: Generation) -> Fitted | None:
        """The same for a request that is only looked at, and made to fit when it is sent."""

    async def keep(self, ended: Ended) -> None:
        """Keep an answer, before its client learns of its end. Raises `GatewayError` if that cannot be done."""


@value
class _Way:
    """Where a request on the short path goes, and in what dialect; `brief` is None where it has to be translated."""

    lane: Lane
    dialect: Dialect
    origin: Origin
    brief: BriefDialect | None


@value
class _Asked(Generic[Body]):
    """A request on the short path that is about to be sent. It came at `begun`, by `time.perf_counter`."""

    request: Request[Body]
    begun: float
    generation: Generation | None
    """The request as its surface reads it, where the answer is made from it."""
    end_user: EndUser | None
    way: _Way
    call: Call
    dropped: Sequence[str]


_Written = tuple[Ended | bytes, Usage | None, int]
"""An answer in the client's form, what it used, and how many bytes its texts are."""


class ShortPath:
    """Answers what is usual."""

    def __init__(self, router: Router, planner: Planner, health: Health, ledger: Ledger, sealer: Sealer) -> None:
        self._router = router
        self._planner = planner
        self._health = health
        self._ledger = ledger
        self._sealer = sealer
        self._kept: dict[tuple[str, str | None], tuple[Sequence[Step], _Way | None]] = {}

    async def answer(
        self, request: Request[Body], surface: Surface[Body], reader: BriefSurface[Body], memory: Memory | None
    ) -> Reply | Held | None:
        """The answer; what came instead of a usual one; None where nobody was asked. `reader` is the surface's brief.

        Raises `GatewayError` for an answer that cannot be kept. An answer leaves one usage row.
        """
        try:
            asked = self._asked(request, surface, reader)
            if asked is None:
                return None
            if memory is not None and asked.generation is not None:
                await memory.recall(asked.generation)
        except Exception:  # noqa: BLE001 - the long path raises it again, where it is accounted
            return None
        lane, begun = asked.way.lane, asked.begun
        written: _Written | None = None
        sent = time.perf_counter()
        try:
            answer = await lane.upstream.transport.send(asked.call)
            came = time.perf_counter()
            request.access.waited += came - sent
            if answer.status == 200:
                if (dialect := asked.way.brief) is None:
                    written = self._translated(asked, surface, answer)
                elif (reply := dialect.read(answer.body, is_text=memory is not None)) is not None:
                    body = reader.write(asked.generation, reply, lane.upstream.name)
                    written = body, reply.usage, reply.text_bytes
        except BaseException as error:
            request.access.waited += time.perf_counter() - sent
            if isinstance(error, GatewayError):
                return Held(lane, error, begun, asked.generation)
            with self._account(asked):
                raise
        if written is None:
            return Held(lane, answer, begun, asked.generation)
        self._health.answered(lane, answer.headers)
        body = written[0]
        if isinstance(body, Ended):
            if memory is not None:
                await self._keep(memory, body, asked, written)
            body = body.body
        self._record(asked, written, came)
        return Reply(body, headers=answer_headers(lane, 1, asked.dropped))

    def _asked(self, request: Request[Body], surface: Surface[Body], reader: BriefSurface[Body]) -> _Asked[Body] | None:
        begun = time.perf_counter()
        model = reader.plain_model(request.body)
        way = None if model is None else self._way(model, surface.dialect)
        if way is None or self._health.guard(way.lane) is not None:
            return None
        brief = reader.read(request.body)
        if brief is None:
            return None
        end_user, metadata = (None, None) if not brief.metadata else split_end_user(brief.metadata)
        generation = brief.generation
        if generation is None and way.brief is None:
            generation = surface.read(request.body)
        if end_user is not None and generation is not None:
            generation = replace(generation, metadata=metadata)
        if way.brief is not None:
            outbound = way.brief.encode(brief, metadata, way.origin)
        else:
            assert generation is not None
            require_translatable(generation.prompt, way.origin.provider)
            outbound = way.dialect.encode(generation, way.origin)
        if outbound.dropped:
            log.debug("fields_dropped", provider=way.origin.provider, model=way.lane.model, fields=[*outbound.dropped])
        if len(outbound.body) > way.lane.near_bytes:
            return None
        call = way.lane.upstream.fixed_call(outbound, way.lane.credential)
        return None if call is None else _Asked(request, begun, generation, end_user, way, call, outbound.dropped)

    def _translated(self, asked: _Asked[Body], surface: Surface[Body], answer: Answer) -> _Written | None:
        """The answer of another dialect in the client's form; None for one that has failed."""
        way, generation = asked.way, asked.generation
        assert generation is not None
        events = way.dialect.decode_reply(answer.body, generation, way.origin, is_native=False)
        if type(events[-1]) is Failed:
            return None
        lane = way.lane
        author = Author(lane.upstream.name, lane.model, partial(lane.seal, self._sealer, asked.request.key_id))
        writer = surface.writer(generation, author)
        body = writer.reply(events)
        # Usage comes right before the end.
        usage = events[-2] if len(events) > 1 else None
        return writer.ended or body, usage if isinstance(usage, Usage) else None, text_bytes(events)

    def _way(self, model: str, preferred: str | None) -> _Way | None:
        """The way of a model's requests, where there is one that is short."""
        steps = self._router.known(model)
        if steps is None:
            return None
        kept = self._kept.get((model, preferred))
        if kept is None or kept[0] is not steps:
            kept = steps, self._found(steps, preferred)
            keep(self._kept, (model, preferred), kept, model)
        return kept[1]

    def _found(self, steps: Sequence[Step], preferred: str | None) -> _Way | None:
        lane = self._planner.only(steps)
        if lane is None:
            return None
        dialect, origin = lane.usual_way(preferred)
        if (
            origin.profile.detours
            or origin.profile.rewrites_replies
            or (dialect.brief is None and dialect.name == preferred)
        ):
            return None
        return _Way(lane, dialect, origin, dialect.brief)

    def _account(self, asked: _Asked[Body]) -> Account:
        """The account of a request that does not end as it should."""
        account = Account(self._ledger, asked.request, asked.begun)
        account.begin_attempt(asked.way.lane, asked.call.body or b"")
        account.end_user = asked.end_user
        return account

    async def _keep(self, memory: Memory, ended: Ended, asked: _Asked[Body], written: _Written) -> None:
        try:
            await keep_answer(memory, ended)
        except BaseException as error:
            with self._account(asked) as account:
                _, usage, account.row.completion_bytes = written
                account.observe([Done()] if usage is None else [usage, Done()])
                if isinstance(error, GatewayError):
                    raise error.with_headers(*answer_headers(asked.way.lane, 1)) from error.__cause__
                raise

    def _record(self, asked: _Asked[Body], written: _Written, came: float) -> None:
        request, end_user = asked.request, asked.end_user
        request.access.attempts = 1
        first_ms = (came - asked.begun) * 1000
        _, usage, size = written
        if usage is None or not usage.prompt or not usage.completion:
            with self._account(asked) as account:
                account.row.first_event_ms, account.row.completion_bytes = first_ms, size
                account.observe([] if usage is None else [usage])
            return
        seconds = time.perf_counter() - asked.begun
        row = UsageRow(
            request_id=request.access.request_id,
            time=time.time() - seconds,
            key_id=request.key_id,
            user_id=end_user.user.id if end_user and end_user.user else None,
            group_id=end_user.group.id if end_user and end_user.group else None,
            operation=request.operation,
            provider=asked.way.lane.upstream.name,
            model=asked.way.lane.model,
            first_event_ms=first_ms,
            duration_ms=seconds * 1000,
            prompt_tokens=usage.prompt,
            completion_tokens=usage.completion,
            cached_tokens=usage.cached,
            reasoning_tokens=usage.reasoning,
            prompt_bytes=len(asked.call.body or b""),
            completion_bytes=size,
            id=request.access.usage_id,
        )
        request.access.usage = row
        self._ledger.journal.record(row, end_user)


async def keep_answer(memory: Memory, ended: Ended) -> None:
    """Keep an answer. Raises `GatewayError` that tells clients not to ask again."""
    try:
        await memory.keep(ended)
    except GatewayError as error:
        # The answer was made and paid for; called again, the provider would make and charge another one.
        raise error.with_headers((b"x-should-retry", b"false")) from error.__cause__


def answer_headers(lane: Lane, attempts: int, dropped: Sequence[str] = ()) -> list[Header]:
    """What the headers of an answer say of its way: who gave it, after so many attempts, and what was left out."""
    headers = [*lane.headers, (b"x-waystone-attempts", b"%d" % attempts)]
    if dropped:
        named = ",".join(header_value(name).decode() for name in dropped[: _DROPPED_BYTES + 1])
        headers.append((b"x-waystone-dropped", named[:_DROPPED_BYTES].encode()))
    return headers
