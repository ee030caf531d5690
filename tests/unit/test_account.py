"""What a request is accounted with, however it ends: its status, and its tokens, counted or estimated."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.access_log import Access
from gateway.account import Account
from gateway.errors import GatewayError, InvalidRequest, Stopped, UpstreamDown, UpstreamError
from gateway.http import Request
from gateway.neutral.events import (
    Done,
    Event,
    Failed,
    NativeChunk,
    Reasoning,
    Refusal,
    Summary,
    Text,
    ToolArguments,
    Usage,
    text_bytes,
)
from gateway.store.journal import UsageRow
from tests.unit.both_paths import ledger_of


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
    journal = Rows()
    request = Request(Access("req_1"), "chat", "key_1", None, {}, {}, connection=connection)
    account = Account(ledger_of(journal), request)
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
        # Of a plain answer, which is observed before it is kept and sent; a stream ends itself.
        ([Usage(), Done()], asyncio.CancelledError(), (503, "stopped")),
        ([Usage(), Done()], GeneratorExit(), (200, None)),
        ([FAILED], GeneratorExit(), (502, None)),
        ([], InvalidRequest("no"), (400, None)),
    ],
)
def test_outcome_of_a_request_that_the_server_cuts(
    events: list[Event], error: BaseException | None, ended: tuple[int, str | None]
) -> None:
    row = row_after(events, error, Cut())
    assert (row.status, row.outcome) == ended


def lane(name: str = "lab") -> Any:
    return SimpleNamespace(upstream=SimpleNamespace(name=name), model="m")


def account_of(rows: Rows) -> Account:
    return Account(ledger_of(rows), Request(Access("req_1"), "chat", "key_1", None, {}, {}))


def test_row_has_the_id_that_was_made_for_it_and_an_attempt_that_was_given_up_another() -> None:
    rows = Rows()
    account = account_of(rows)
    account.access.usage_id = "made"
    with account:
        account.begin_attempt(lane(), PROMPT)
        account.begin_attempt(lane("other"), PROMPT)
    assert [(row.given_up, row.id) for row in rows.rows] == [(True, ""), (False, "made")]


def counts(row: UsageRow) -> tuple[int | None, int | None, bool]:
    return row.prompt_tokens, row.completion_tokens, row.estimated


PROMPT = b"x" * 40
TEXT = Text("y" * 20)
COUNTED = Usage(7, 3)


@pytest.mark.parametrize(
    ("events", "error", "expected"),
    [
        ([TEXT, COUNTED, Done()], None, (7, 3, False)),
        ([TEXT, Done()], None, (10, 5, True)),
        ([TEXT, Usage(), Done()], None, (10, 5, True)),
        ([TEXT, Usage(7, 0), Done()], None, (7, 5, True)),
        ([Usage(7, 0), Done()], None, (7, 0, False)),
        ([TEXT], asyncio.CancelledError(), (10, 5, True)),
        ([], asyncio.CancelledError(), (10, 0, True)),
        ([TEXT, FAILED], None, (10, 5, True)),
        ([TEXT, COUNTED, FAILED], None, (7, 3, False)),
        ([TEXT], ValueError("a defect"), (10, 5, True)),
    ],
)
def test_what_no_upstream_has_counted_is_estimated(
    events: list[Event], error: BaseException | None, expected: tuple[int, int, bool]
) -> None:
    rows = Rows()
    with suppress(asyncio.CancelledError, ValueError), account_of(rows) as account:
        account.begin_attempt(lane(), PROMPT)
        account.observe(events)
        if error is not None:
            raise error
    (row,) = rows.rows
    assert counts(row) == expected


@pytest.mark.parametrize(
    ("known", "is_complete", "expected"),
    [
        (None, False, (10, 5, True)),
        # Some report their count of the prompt at the beginning, and one token that they have made by then.
        (Usage(7, 1), False, (7, 5, True)),
        (Usage(7, 8), False, (7, 8, True)),
        (Usage(7, 3), True, (7, 3, False)),
    ],
)
def test_what_was_counted_before_the_cut_is_completed_by_an_estimate(
    known: Usage | None, is_complete: bool, expected: tuple[int, int, bool]
) -> None:
    rows = Rows()
    with suppress(asyncio.CancelledError), account_of(rows) as account:
        account.begin_attempt(lane(), PROMPT)
        account.observe([TEXT])
        account.cut(known, is_complete=is_complete)
        raise asyncio.CancelledError
    assert counts(rows.rows[0]) == expected


def test_request_that_no_upstream_was_sent_used_nothing() -> None:
    rows = Rows()
    with suppress(InvalidRequest), account_of(rows):
        raise InvalidRequest("no")
    assert counts(rows.rows[0]) == (None, None, False)


REFUSED = UpstreamError(429, "lab: Slow down.", type="rate_limit_error", code="rate_limit_exceeded")
LATE = UpstreamDown("lab did not answer in time.", status=504, code="upstream_timeout")
CUT = UpstreamDown("The connection to lab broke.", code="upstream_cut_off")
GONE = UpstreamDown("lab cannot be reached.", code="upstream_unreachable")


@pytest.mark.parametrize(
    ("error", "is_accepted", "is_used"),
    [
        (REFUSED, False, False),
        (REFUSED, True, False),
        (GONE, False, False),
        (CUT, False, False),
        (CUT, True, True),
        (LATE, False, True),
        (LATE, True, True),
    ],
)
def test_attempt_that_was_given_up_has_a_row_of_its_own_where_it_used_tokens(
    error: UpstreamError, is_accepted: bool, is_used: bool
) -> None:
    rows = Rows()
    with account_of(rows) as account:
        account.begin_attempt(lane("first"), PROMPT)
        account.attempt_failed(error, is_accepted=is_accepted)
        account.begin_attempt(lane("second"), PROMPT)
        account.observe([TEXT, COUNTED, Done()])
    *given_up, answered = rows.rows
    assert account.access.usage is answered
    assert (answered.provider, answered.status, answered.given_up) == ("second", 200, False)
    assert counts(answered) == (7, 3, False)
    assert [(row.provider, row.status, row.given_up, counts(row)) for row in given_up] == (
        [("first", error.status, True, (10, 0, True))] if is_used else []
    )


def test_usage_that_an_attempt_reported_before_it_failed_is_its_own() -> None:
    rows = Rows()
    with account_of(rows) as account:
        account.begin_attempt(lane("first"), PROMPT)
        account.spend(Usage(9, 2))
        account.attempt_failed(REFUSED, is_accepted=True)
        account.begin_attempt(lane("second"), PROMPT)
        account.observe([COUNTED, Done()])
    assert [(row.provider, counts(row)) for row in rows.rows] == [("first", (9, 2, False)), ("second", (7, 3, False))]


def test_request_in_which_all_attempts_failed_has_the_row_of_the_one_whose_error_it_is() -> None:
    rows = Rows()
    with suppress(UpstreamDown), account_of(rows) as account:
        account.begin_attempt(lane("first"), PROMPT)
        account.attempt_failed(LATE, is_accepted=False)
        account.begin_attempt(lane("second"), PROMPT)
        account.attempt_failed(CUT, is_accepted=True)
        account.routed(lane("first"))
        raise LATE
    assert [(row.provider, row.status, row.given_up, row.prompt_tokens) for row in rows.rows] == [
        ("first", 504, True, 10),
        ("second", 502, True, 10),
        ("first", 504, False, None),
    ]


@pytest.mark.parametrize(
    ("event", "size"),
    [
        (Text("four"), 4),
        (Text("für 3 €"), 10),
        (Text("\ud83d"), 3),
        (Reasoning("hm"), 2),
        (Summary("hm"), 2),
        (Refusal("no"), 2),
        (ToolArguments(0, "{}"), 2),
        (NativeChunk(b"{...}", text_bytes=3), 3),
        (Done(), 0),
        (COUNTED, 0),
    ],
)
def test_bytes_of_texts(event: Event, size: int) -> None:
    assert text_bytes([event, event]) == 2 * size
