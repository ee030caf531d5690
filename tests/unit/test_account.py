"""The status that a request is accounted with, however it ends."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from gateway.account import Account
from gateway.errors import GatewayError, InvalidRequest, Stopped, UpstreamDown
from gateway.http import Request
from gateway.neutral.events import Done, Event, Failed, Text, Usage
from gateway.store.journal import UsageRow


class Rows:
    """A journal that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[UsageRow] = []

    def record(self, row: UsageRow, end_user: object) -> None:
        self.rows.append(row)


class Cut:
    """The connection of a request that the server has cut."""

    is_cut = True


def row_after(events: list[Event], error: BaseException | None = None, connection: Cut | None = None) -> UsageRow:
    journal: Any = Rows()
    account = Account(journal, Request("req_1", "chat", "key_1", None, {}, {}, connection))
    with suppress(asyncio.CancelledError, GeneratorExit, GatewayError, ValueError), account:
        account.observe(events)
        if error is not None:
            raise error
    row: UsageRow
    (row,) = journal.rows
    return row


FAILED = Failed(UpstreamDown("lab broke off."))


@pytest.mark.parametrize(
    ("events", "error", "status"),
    [
        ([Usage(), Done()], None, 200),
        ([Text("Hi")], asyncio.CancelledError(), 499),
        ([Usage(), Done()], asyncio.CancelledError(), 200),
        ([FAILED], asyncio.CancelledError(), 502),
        ([FAILED], None, 502),
        ([], InvalidRequest("no"), 400),
        ([], ValueError("a defect"), 500),
    ],
)
def test_status(events: list[Event], error: BaseException | None, status: int) -> None:
    row = row_after(events, error)
    assert (row.status, row.outcome) == (status, None)


@pytest.mark.parametrize(
    ("events", "error", "ended"),
    [
        ([Text("Hi")], asyncio.CancelledError(), (503, "stopped")),
        ([Text("Hi")], GeneratorExit(), (503, "stopped")),
        ([Text("Hi"), Failed(Stopped())], None, (503, "stopped")),
        ([], Stopped(), (503, "stopped")),
        ([Usage(), Done()], asyncio.CancelledError(), (200, None)),
        ([FAILED], asyncio.CancelledError(), (502, None)),
        ([], InvalidRequest("no"), (400, None)),
    ],
)
def test_outcome_of_a_request_that_the_server_cuts(
    events: list[Event], error: BaseException | None, ended: tuple[int, str | None]
) -> None:
    row = row_after(events, error, Cut())
    assert (row.status, row.outcome) == ended
