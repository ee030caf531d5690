"""One row a request, and the totals over them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Literal

from sqlalchemy import BigInteger, ColumnElement, Connection, case, cast, func, select

from gateway.neutral.end_user import EndUser
from gateway.store import accounts
from gateway.store.bulk import BulkInsert
from gateway.store.tables import keys, usage

Subject = Literal["user", "group", "key", "model"]

STOPPED = "stopped"
"""The outcome of a request that the gateway cut when it stopped."""
CANCELLED = "cancelled"
"""Of a response in the background that its client cancelled."""
EXPIRED = "expired"
"""Of a response that was queued for too long."""
LOST = "lost"
"""Of an attempt whose process was killed: what it used is an estimate."""

_TEXT_LIMIT = 512


@dataclass(slots=True, kw_only=True)
class UsageRow:
    """What one request used. `time` in seconds since 1970; tokens as the upstream reported them, or None.

    `estimated`: at least one count was estimated, because the upstream did not report it. `given_up`: an attempt whose
    place another one took, beside the row of its request. The bytes are what the counts stand for: those of the body
    that was sent, and those of the answer's texts. They are not stored; ratios of bytes to tokens are learnt from them.
    `outcome` is how it ended where the status does not say it: one of the words above.
    """

    request_id: str
    time: float
    key_id: str
    user_id: str | None = None
    group_id: str | None = None
    operation: str
    provider: str | None = None
    model: str | None = None
    is_stream: bool = False
    status: int = 200
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    first_event_ms: float | None = None
    duration_ms: float = 0.0
    estimated: bool = False
    given_up: bool = False
    prompt_bytes: int = 0
    completion_bytes: int = 0
    outcome: str | None = None
    id: str = ""
    """What it is stored under, from the moment on that the journal has it."""


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of the requests of one subject; `id` is None for those that named none. `name` is a key's.

    `estimated_tokens` is how many of the prompt and completion tokens stand in rows that were estimated.
    """

    id: str | None
    name: str | None
    requests: int
    errors: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    estimated_tokens: int


Entry = tuple[str, UsageRow, EndUser | None]
"""A row, the id that it is stored under, and whom the request was for."""

_values = attrgetter(*usage.columns.keys()[1:])
_INSERT = BulkInsert(usage, "ON CONFLICT (id) DO NOTHING")


def record(connection: Connection, batch: Sequence[Entry]) -> None:
    """Store rows, and whom they mention. A row whose id is there already stays: a batch may come again."""
    accounts.upsert(connection, [(row.time, end_user) for _, row, end_user in batch if end_user is not None])
    _INSERT.run(connection, [(id_, *_values(_shortened(row))) for id_, row, _ in batch])


def is_stored(connection: Connection, id_: str) -> bool:
    """Whether there is a row under this id."""
    return connection.execute(select(usage.c.id).where(usage.c.id == id_)).first() is not None


def _shortened(row: UsageRow) -> UsageRow:
    # A caller chose the name, and an index holds it: PostgreSQL takes what fits into a third of a page.
    if row.model is None or len(row.model) <= _TEXT_LIMIT:
        return row
    return replace(row, model=row.model[:_TEXT_LIMIT])


def totals(connection: Connection, by: Subject, since: float | None, until: float | None) -> list[Total]:
    """Sums by subject, the most requests first, from `since` to before `until`; None leaves a side open.

    Errors are the requests that ended with a status of 400 or more. Models are named `<provider>/<model>`.
    Attempts that were given up are no requests, but their tokens count.
    """
    subject: ColumnElement[str | None]
    match by:
        case "user":
            subject = usage.c.user_id
        case "group":
            subject = usage.c.group_id
        case "key":
            subject = usage.c.key_id
        case "model":
            subject = func.coalesce(usage.c.provider + "/", "") + usage.c.model
    requests = func.coalesce(func.sum(case((usage.c.given_up, 0), else_=1)), 0).label("requests")
    tokens = func.coalesce(usage.c.prompt_tokens, 0) + func.coalesce(usage.c.completion_tokens, 0)
    sums = [
        func.coalesce(func.sum(case((usage.c.given_up, 0), (usage.c.status >= 400, 1), else_=0)), 0),
        *(
            func.coalesce(func.sum(column), 0)
            for column in (
                usage.c.prompt_tokens,
                usage.c.completion_tokens,
                usage.c.cached_tokens,
                usage.c.reasoning_tokens,
            )
        ),
        func.coalesce(func.sum(case((usage.c.estimated, tokens), else_=0)), 0),
    ]
    name = func.max(keys.c.name) if by == "key" else cast(None, keys.c.name.type)
    query = select(subject, name, requests, *(cast(column, BigInteger) for column in sums)).group_by(subject)
    query = query.select_from(usage.outerjoin(keys, keys.c.id == usage.c.key_id) if by == "key" else usage)
    if since is not None:
        query = query.where(usage.c.time >= since)
    if until is not None:
        query = query.where(usage.c.time < until)
    return [Total(*row) for row in connection.execute(query.order_by(requests.desc(), subject.nulls_last()))]
