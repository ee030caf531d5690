"""Keeps the account of one request: whom it is for, where it went, what it used, how it ended."""

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from gateway.errors import GatewayError, Stopped
from gateway.http import Body, Request
from gateway.neutral.end_user import EndUser
from gateway.neutral.events import Done, Event, Failed, Usage
from gateway.routing.plan import Lane
from gateway.routing.router import Route
from gateway.store.journal import STOPPED, Journal, UsageRow

# What nginx logs for a client that left before it was answered; there is no standard status for it.
CLIENT_LEFT = 499


class Account:
    """One usage row in the making, written when the context it is used as is left, however that happens."""

    def __init__(self, journal: Journal, request: Request[Body], begun: float | None = None) -> None:
        """`begun` is when the request came, by `time.perf_counter`; None for now."""
        self._journal = journal
        self._connection = request.connection
        self._begun = time.perf_counter() if begun is None else begun
        self._is_handed_over = False
        self.is_over = False
        """Whether the end of the answer was seen."""
        self._usage: Usage | None = None
        self.end_user: EndUser | None = None
        came = time.time() - self._elapsed() / 1000
        self.row = UsageRow(request_id=request.id, time=came, key_id=request.key_id, operation=request.operation)

    def routed(self, route: Route | Lane) -> None:
        """The provider and the model are known, or have become others."""
        self.row.provider = route.upstream.name
        self.row.model = route.model

    def begin_attempt(self) -> None:
        """The row is about the attempt that answers, or about the last one."""
        self._usage = None

    def spend(self, usage: Usage) -> None:
        """The attempt used these tokens."""
        self._usage = usage

    def observe(self, events: Sequence[Event]) -> None:
        """Take what matters here from a batch of events."""
        if self.row.first_event_ms is None:
            self.row.first_event_ms = self._elapsed()
        # Usage comes right before the end, so the last two are enough to look at.
        for event in events[-2:]:
            if isinstance(event, Usage):
                self._usage = event
            elif isinstance(event, Failed):
                self.fail(event.error)
                self.is_over = True
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
            case asyncio.CancelledError() | GeneratorExit() if self.is_over:
                pass  # the client left with its whole answer
            case asyncio.CancelledError() | GeneratorExit() if self._is_cut:
                self.fail(Stopped())
            case asyncio.CancelledError() | GeneratorExit():
                self.row.status = CLIENT_LEFT
            case _:
                self.row.status = 500
        self._write()

    @property
    def _is_cut(self) -> bool:
        return self._connection is not None and self._connection.is_cut

    def _write(self) -> None:
        row, usage = self.row, self._usage
        if usage is not None:
            row.prompt_tokens, row.completion_tokens = usage.prompt, usage.completion
            row.cached_tokens, row.reasoning_tokens = usage.cached, usage.reasoning
        if self.end_user is not None:
            row.user_id = self.end_user.user.id if self.end_user.user else None
            row.group_id = self.end_user.group.id if self.end_user.group else None
        row.duration_ms = self._elapsed()
        self._journal.record(row, self.end_user)

    def _elapsed(self) -> float:
        return (time.perf_counter() - self._begun) * 1000
