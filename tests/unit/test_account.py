"""The status that a request is accounted with, however it ends."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from gateway.access_log import Access
from gateway.account import Account
from gateway.errors import InvalidRequest, UpstreamDown
from gateway.http import Request
from gateway.neutral.events import Done, Event, Failed, Text, Usage
from gateway.store.journal import UsageRow


class Rows:
    """A journal that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[UsageRow] = []

    def record(self, row: UsageRow, end_user: object) -> None:
        self.rows.append(row)


def status_after(events: list[Event], error: BaseException | None = None) -> int:
    journal: Any = Rows()
    account = Account(journal, Request(Access("req_1"), "chat", "key_1", None, {}, {}))
    with suppress(asyncio.CancelledError, InvalidRequest, ValueError), account:
        account.observe(events)
        if error is not None:
            raise error
    (row,) = journal.rows
    return int(row.status)


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
    assert status_after(events, error) == status
