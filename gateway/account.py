"""Keeps the account of one request: whom it is for, where it went, what it used, how it ended."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from gateway.access_log import CLIENT_LEFT
from gateway.accounting.ledger import Ledger
from gateway.errors import GatewayError, Stopped, UpstreamDown
from gateway.http import Body, Request
from gateway.neutral.end_user import EndUser
from gateway.neutral.events import Done, Event, Failed, NativeChunk, Usage, text_bytes
from gateway.routing.plan import Lane
from gateway.routing.router import Route
from gateway.store.journal import STOPPED, UsageRow

_LATE = "upstream_timeout"


class Account:
    """One usage row in the making, written when the context it is used as is left, however that happens.

    It is about the attempt that answers, or about the last one. Whatever an upstream has not counted is estimated, from
    the first attempt on that an upstream has taken. An attempt that was given up has a row of its own where it used
    tokens; that one is no request, but its tokens are its model's.
    """

    def __init__(self, ledger: Ledger, request: Request[Body], begun: float | None = None) -> None:
        """`begun` is when the request came, by `time.perf_counter`; None for now."""
        self._ledger = ledger
        self._connection = request.connection
        self._begun = time.perf_counter() if begun is None else begun
        self._is_handed_over = False
        self.is_over = False
        """Whether the end of the answer was seen."""
        self.has_failed = False
        """Whether a stream has ended with a failure."""
        self._usage: Usage | None = None
        self._is_partial = False
        """Whether `_usage` is what had been counted when the upstream was cut."""
        self._prompt: bytes | None = None
        """What the attempt under way has sent; None where nothing was sent, or an upstream refused it."""
        self.end_user: EndUser | None = None
        came = time.time() - self._elapsed() / 1000
        self.access = access = request.access
        self.row = UsageRow(request_id=access.request_id, time=came, key_id=request.key_id, operation=request.operation)
        self.access.usage = self.row

    def routed(self, route: Route | Lane) -> None:
        """The provider and the model are known, or have become others."""
        if self._prompt is not None and (route.upstream.name, route.model) != (self.row.provider, self.row.model):
            self._give_up()
        self.row.provider = route.upstream.name
        self.row.model = route.model

    def estimate(self, lane: Lane, body: bytes) -> int | None:
        """The tokens of a request's body, by what the candidate has counted so far; None before it has counted much."""
        ratios, name, model = self._ledger.ratios, lane.upstream.name, lane.model
        return ratios.prompt_tokens(name, model, body) if ratios.has_learnt(name, model) else None

    def begin_attempt(self, lane: Lane, body: bytes) -> None:
        """Another attempt begins, with this body. The one before was given up."""
        if self._prompt is not None:
            self._give_up()
        self._usage = None
        self._prompt = body
        self.row.status = 200
        self.row.provider = lane.upstream.name
        self.row.model = lane.model

    def attempt_failed(self, error: GatewayError, *, is_accepted: bool) -> None:
        """The attempt has failed before anything of it reached the client. `is_accepted`: its status was a success.

        A refusal costs nothing, in whatever form it comes. What broke off or was late has been worked at.
        """
        is_used = isinstance(error, UpstreamDown) and (is_accepted or error.code == _LATE)
        if self._usage is None and not is_used:
            self._prompt = None
        self.row.status = error.status

    def spend(self, usage: Usage) -> None:
        """The attempt used these tokens."""
        self._usage = usage

    def observe(self, events: Sequence[Event]) -> None:
        """Take what matters here from a batch of events."""
        row = self.row
        if row.first_event_ms is None:
            row.first_event_ms = (time.perf_counter() - self._begun) * 1000
        chunk = events[0] if len(events) == 1 else None
        # Most batches of a stream that is passed on.
        row.completion_bytes += chunk.text_bytes if type(chunk) is NativeChunk else text_bytes(events)
        # Usage comes right before the end, so the last two are enough to look at.
        for event in events[-2:]:
            if isinstance(event, Usage):
                self._usage = event
            elif isinstance(event, Failed):
                self.fail(event.error)
                self.is_over = self.has_failed = True
            elif isinstance(event, Done):
                self.is_over = True

    def fail(self, error: GatewayError) -> None:
        """The request ends with this error."""
        self.row.status = error.status
        if isinstance(error, Stopped):
            self.row.outcome = STOPPED

    def stopped(self, cancellation: asyncio.CancelledError) -> Stopped:
        """The error of a request that the server has cut. The task of the request goes on, to tell its client.

        Raises the cancellation if it has another reason.
        """
        if not self._is_cut:
            raise cancellation
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        return Stopped()

    def cut(self, known: Usage | None, *, is_complete: bool) -> None:
        """The upstream was cut. `known` is what it had counted; `is_complete`: of the whole answer."""
        self._usage = self._usage or known
        self._is_partial = self._usage is not None and not is_complete

    def leave_open(self, *, is_answered: bool) -> None:
        """The stream is cut, and `settle` will write the row. `is_answered`: its client missed nothing but usage."""
        self._is_handed_over = True
        if not self.has_failed:
            self.row.status = 200 if is_answered else CLIENT_LEFT
        self.row.duration_ms = self._elapsed()

    def settle(self, usage: Usage | None) -> None:
        """Write the row of a client that has left, with the usage that came, or with an estimate."""
        self.cut(usage, is_complete=True)
        self._write()

    def hand_over(self) -> "Account":
        """Stay open when this context is left: a stream goes on and will enter the account again."""
        self._is_handed_over = True
        return self

    def __enter__(self) -> Self:
        self._is_handed_over = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_handed_over:
            return
        match error:
            case None:
                pass
            case GatewayError():
                self.fail(error)
            case asyncio.CancelledError() if self._is_cut:
                # A whole answer may have come, and not have been kept or sent yet.
                self.fail(Stopped())
            case asyncio.CancelledError() | GeneratorExit() if self.is_over:
                pass  # the client left with its whole answer
            case GeneratorExit() if self._is_cut:
                self.fail(Stopped())
            case asyncio.CancelledError() | GeneratorExit():
                self.row.status = CLIENT_LEFT
            case _:
                self.row.status = 500
        self._write()

    def _give_up(self) -> None:
        """Write the row of an attempt that others follow."""
        row, self.row = self.row, replace(self.row, status=200, completion_bytes=0)
        self.access.usage = self.row
        row.given_up = True
        self._count(row)
        self._prompt = self._usage = None
        row.duration_ms = self._elapsed()
        name_end_user(row, self.end_user)
        self._ledger.journal.record(row, None)

    @property
    def _is_cut(self) -> bool:
        return self._connection is not None and self._connection.is_cut

    def _write(self) -> None:
        row = self.row
        self._count(row)
        if self.end_user is not None:
            name_end_user(row, self.end_user)
        row.duration_ms = row.duration_ms or (time.perf_counter() - self._begun) * 1000
        row.id = row.id or self.access.usage_id
        self._ledger.journal.record(row, self.end_user)

    def _count(self, row: UsageRow) -> None:
        """Enter the tokens: those that the upstream has counted, and an estimate of those that it has not."""
        usage, prompt = self._usage, self._prompt
        if usage is not None:
            row.prompt_tokens, row.completion_tokens = usage.prompt, usage.completion
            row.cached_tokens, row.reasoning_tokens = usage.cached, usage.reasoning
        if prompt is None:
            return
        row.prompt_bytes = len(prompt)
        # Every prompt has a token. Some servers report a zero for what they do not count.
        if not row.prompt_tokens or self._is_partial or (row.completion_bytes and not row.completion_tokens):
            self._estimate(row, prompt)

    def _estimate(self, row: UsageRow, prompt: bytes) -> None:
        ratios, provider, model = self._ledger.ratios, row.provider or "", row.model or ""
        row.estimated = True
        row.prompt_tokens = row.prompt_tokens or ratios.prompt_tokens(provider, model, prompt)
        sent = ratios.completion_tokens(provider, model, row.completion_bytes)
        # What was counted before the end may be less than what has been sent since.
        row.completion_tokens = max(row.completion_tokens or 0, sent)

    def _elapsed(self) -> float:
        return (time.perf_counter() - self._begun) * 1000


def name_end_user(row: UsageRow, end_user: EndUser | None) -> None:
    """Enter whom a request was for."""
    if end_user is None:
        return
    row.user_id = end_user.user.id if end_user.user else None
    row.group_id = end_user.group.id if end_user.group else None
