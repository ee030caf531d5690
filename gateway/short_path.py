"""The short path: a plain request in which nothing is unusual, for one lane that has not failed, in one go.

It calls the same functions as `Engine.answer`, the long path, and makes fewer objects around them. Where anything is
unusual, `Engine.answer` goes on: from the beginning where nobody was asked, else with the answer or the error that
came, so that nobody is asked twice.
`tests/unit/test_short_path.py` has requests and replies go both ways, and compares.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol

import structlog

from gateway.account import Account
from gateway.dialects.base import BriefDialect, Origin
from gateway.errors import GatewayError, Header
from gateway.http import Body, Reply, Request
from gateway.neutral.brief import BriefReply, BriefRequest
from gateway.neutral.end_user import EndUser, split_end_user
from gateway.neutral.events import Done
from gateway.neutral.generation import Generation
from gateway.neutral.values import value
from gateway.routing.health import Health
from gateway.routing.plan import Lane, Planner, header_value
from gateway.routing.router import Router, Step, keep
from gateway.run import Held
from gateway.store.journal import Journal, UsageRow
from gateway.surfaces.base import Ended, Surface
from gateway.wire.transport import Call

_DROPPED_BYTES = 2000

log = structlog.get_logger(__name__)


class Memory(Protocol):
    """What a stateful surface remembers around one answer."""

    async def recall(self, generation: Generation) -> Generation:
        """The request with what came before in front of its own items.

        Raises `GatewayError` where that is not there.
        """

    async def keep(self, ended: Ended) -> None:
        """Keep an answer, before its client learns of its end. Raises `GatewayError` if that cannot be done."""


@value
class _Way:
    """Where a request on the short path goes, and in what dialect."""

    lane: Lane
    dialect: BriefDialect
    origin: Origin


@dataclass(slots=True)
class _Asked(Generic[Body]):
    """A request on the short path that is about to be sent. It came at `begun`, by `time.perf_counter`."""

    request: Request[Body]
    begun: float
    brief: BriefRequest
    end_user: EndUser | None
    way: _Way
    call: Call
    dropped: Sequence[str]


class ShortPath:
    """Answers what is usual."""

    def __init__(self, router: Router, planner: Planner, health: Health, journal: Journal) -> None:
        self._router = router
        self._planner = planner
        self._health = health
        self._journal = journal
        self._kept: dict[tuple[str, str | None], tuple[Sequence[Step], _Way | None]] = {}

    async def answer(
        self, request: Request[Body], surface: Surface[Body], memory: Memory | None
    ) -> Reply | Held | None:
        """The answer; what came instead of a usual one; None where nobody was asked.

        Raises `GatewayError` for an answer that cannot be kept. An answer leaves one usage row.
        """
        try:
            asked = self._asked(request, surface)
            if asked is None:
                return None
            if memory is not None and asked.brief.generation is not None:
                await memory.recall(asked.brief.generation)
        except GatewayError:
            # It is raised again where it is accounted.
            return None
        lane, begun = asked.way.lane, asked.begun
        try:
            answer = await lane.upstream.transport.send(asked.call)
        except GatewayError as error:
            return Held(lane, error, begun, asked.brief.generation)
        except BaseException:
            with self._account(asked):
                raise
        reply = asked.way.dialect.read(answer.body, is_text=memory is not None) if answer.status == 200 else None
        if reply is None:
            return Held(lane, answer, begun, asked.brief.generation)
        first_ms = (time.perf_counter() - begun) * 1000
        self._health.answered(lane, answer.headers)
        assert surface.brief is not None
        written = surface.brief.write(asked.brief, reply, lane.upstream.name)
        if isinstance(written, Ended):
            if memory is not None:
                await self._keep(memory, written, asked, reply)
            written = written.body
        self._record(asked, reply, first_ms)
        return Reply(written, headers=answer_headers(lane, 1, asked.dropped))

    def _asked(self, request: Request[Body], surface: Surface[Body]) -> _Asked[Body] | None:
        begun, reader = time.perf_counter(), surface.brief
        model = None if reader is None else reader.plain_model(request.body)
        way = None if model is None else self._way(model, surface.dialect)
        if reader is None or way is None or self._health.guard(way.lane) is not None:
            return None
        brief = reader.read(request.body)
        if brief is None:
            return None
        end_user, metadata = (None, None) if not brief.metadata else split_end_user(brief.metadata)
        if end_user is not None and brief.generation is not None:
            brief = replace(brief, generation=replace(brief.generation, metadata=metadata))
        outbound = way.dialect.encode(brief, metadata, way.origin)
        if outbound.dropped:
            log.debug("fields_dropped", provider=way.origin.provider, model=way.lane.model, fields=[*outbound.dropped])
        call = way.lane.upstream.fixed_call(outbound, way.lane.credential)
        return None if call is None else _Asked(request, begun, brief, end_user, way, call, outbound.dropped)

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
        if dialect.brief is None or origin.profile.detours:
            return None
        return _Way(lane, dialect.brief, origin)

    def _account(self, asked: _Asked[Body]) -> Account:
        """The account of a request that does not end as it should."""
        account = Account(self._journal, asked.request, asked.begun)
        account.routed(asked.way.lane)
        account.end_user = asked.end_user
        return account

    async def _keep(self, memory: Memory, ended: Ended, asked: _Asked[Body], reply: BriefReply) -> None:
        try:
            await keep_answer(memory, ended)
        except BaseException as error:
            with self._account(asked) as account:
                account.observe([reply.usage, Done()])
                if isinstance(error, GatewayError):
                    raise error.with_headers(*answer_headers(asked.way.lane, 1)) from error.__cause__
                raise

    def _record(self, asked: _Asked[Body], reply: BriefReply, first_ms: float) -> None:
        request, end_user, usage = asked.request, asked.end_user, reply.usage
        seconds = time.perf_counter() - asked.begun
        row = UsageRow(
            request_id=request.id,
            time=time.time() - seconds,
            key_id=request.key_id,
            user_id=end_user.user.id if end_user and end_user.user else None,
            group_id=end_user.group.id if end_user and end_user.group else None,
            operation=request.operation,
            provider=asked.way.lane.upstream.name,
            model=asked.way.lane.model,
            prompt_tokens=usage.prompt,
            completion_tokens=usage.completion,
            cached_tokens=usage.cached,
            reasoning_tokens=usage.reasoning,
            first_event_ms=first_ms,
            duration_ms=seconds * 1000,
        )
        self._journal.record(row, end_user)


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
        named = ",".join(header_value(name).decode() for name in dropped)
        headers.append((b"x-waystone-dropped", named[:_DROPPED_BYTES].encode()))
    return headers
