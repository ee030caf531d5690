"""Responses in the background as rows: who works on each, what is stored of its events, and how it ends.

The states of a job are those of its response, and `cancelling`: nobody may add to it any more, and what was produced is
being put together. A job is active until it has one of the terminal states, which is committed once and never changes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, case, exists, func, insert, select, update
from sqlalchemy import delete as delete_from

from gateway.store import idempotency, notices, responses, turns, usage
from gateway.store.clock import now as clock
from gateway.store.responses import StoredResponse
from gateway.store.tables import job_events, jobs
from gateway.store.tables import responses as responses_table
from gateway.store.turns import Append
from gateway.store.usage import UsageRow

QUEUED, IN_PROGRESS, CANCELLING = "queued", "in_progress", "cancelling"
ACTIVE = (QUEUED, IN_PROGRESS, CANCELLING)
ANNOUNCED = 2
"""Events that every job has from the beginning: `response.created` and `response.queued`."""

_job = jobs.c
_NEVER_AGAIN = 1_000_000
"""Attempts, for a response of which a client has seen events: it must not begin anew."""
_MOST_READ = 64 * 1024 * 1024
"""Bytes of requests that are read together, unless the first alone has more."""
_AT_ONCE = 16
"""Batches of events that are read together, each of some KiB and of 1 MiB at most."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many jobs may be active, in all and of one key."""

    in_all: int
    per_key: int


class TooMany(NamedTuple):
    """There are so many active jobs already, which is the most: in all, or (`is_own`) of the key."""

    limit: int
    is_own: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that follow each other: the numbers of the first and the last, and their bytes as they are sent."""

    first: int
    last: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on jobs, and for how many seconds that is believed without a further sign."""

    owner: str
    seconds: float


class Job(NamedTuple):
    """What is to be known to work on a job. `request` is sealed; None once it is erased.

    `run` numbers what is accounted for one by one: attempts, those included that count as never begun.
    """

    response_id: str
    key_id: str
    state: str
    created_at: float
    attempts: int
    run: int
    next_sequence: int
    request: bytes | None


class Progress(NamedTuple):
    """How far a job is: its state, the number of its next event, and when its events go, if it is over."""

    state: str
    next_sequence: int
    events_until: float | None

    @property
    def is_over(self) -> bool:
        """Whether the state is a terminal one."""
        return self.state not in ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of a job, which takes effect only if it still is as its author knows it.

    `owner` and `state` are what it was, `next_sequence` what it had of events. `document` is the response up to its
    `output`, as `StoredResponse` has it. `keep_seconds`: how long its events stay.
    """

    response_id: str
    owner: str | None
    state: str
    next_sequence: int
    status: str
    document: bytes
    output: bytes
    keep_seconds: float
    events: Batch | None = None
    append: Append | None = None
    usage: Sequence[UsageRow] = ()


_COLUMNS = (
    *(_job.response_id, _job.key_id, _job.state, _job.created_at),
    *(_job.attempts, _job.run, _job.next_sequence, _job.request),
)
_COUNTED = {"attempts": _job.attempts + 1, "run": _job.run + 1}


def add(
    connection: Connection, response: StoredResponse, request: bytes, events: bytes, bounds: Bounds
) -> TooMany | None:
    """Store a response that is queued, with its announcement. Beyond the bounds nothing is stored, which is returned.

    Not raised: what shares the transaction would be undone.
    """
    refusal = _insert(connection, response, Batch(0, ANNOUNCED - 1, events), bounds, {"request": request})
    if refusal is None:
        notices.announce(connection, notices.QUEUE, response.id)
    return refusal


def adopt(
    connection: Connection, response: StoredResponse, request: bytes, events: Batch, bounds: Bounds, lease: Lease
) -> TooMany | None:
    """Store a response that is under way, with its events so far. Beyond the bounds as `add`."""
    owned = {"state": IN_PROGRESS, "owner": lease.owner, "lease_until": clock(connection) + lease.seconds}
    return _insert(connection, response, events, bounds, {"request": request, "attempts": _NEVER_AGAIN, **owned})


def _insert(
    connection: Connection, response: StoredResponse, events: Batch, bounds: Bounds, more: dict[str, object]
) -> TooMany | None:
    own = func.sum(case((_job.key_id == response.key_id, 1), else_=0))
    in_all, of_key = connection.execute(select(func.count(), own).where(_job.events_until.is_(None))).one()
    if in_all >= bounds.in_all:
        return TooMany(bounds.in_all, is_own=False)
    if (of_key or 0) >= bounds.per_key:
        return TooMany(bounds.per_key, is_own=True)
    responses.add(connection, [response])
    row = {
        "response_id": response.id,
        "key_id": response.key_id,
        "state": QUEUED,
        "created_at": clock(connection),
        "attempts": 0,
        "run": 0,
        "next_sequence": events.last + 1,
    }
    connection.execute(insert(jobs).values(row | more))
    _store(connection, response.id, [events])
    return None


def claim(connection: Connection, lease: Lease, most: int, most_bytes: int) -> list[Job]:
    """Take up to so many queued jobs, the oldest first, whose requests have so many bytes together; one at least.

    Two processes never get the same one.
    """
    waiting = _by_size(_job.state == QUEUED).limit(most).with_for_update(skip_locked=True)
    ids = _within(connection, waiting, most_bytes)
    if not ids:
        return []
    taken = {"state": IN_PROGRESS, "owner": lease.owner, "lease_until": clock(connection) + lease.seconds}
    connection.execute(update(jobs).where(_job.response_id.in_(ids)).values(**_COUNTED, **taken))
    _show(connection, ids, IN_PROGRESS)
    return _read(connection, _job.response_id.in_(ids))


def take_over(connection: Connection, lease: Lease, most: int) -> list[Job]:
    """Take up to so many jobs whose owner has given no sign for longer than its lease."""
    now = clock(connection)
    left = _by_size(_job.state.in_((IN_PROGRESS, CANCELLING)), _job.lease_until < now)
    ids = _within(connection, left.limit(most).with_for_update(skip_locked=True), _MOST_READ)
    if not ids:
        return []
    taken = {"owner": lease.owner, "lease_until": now + lease.seconds}
    connection.execute(update(jobs).where(_job.response_id.in_(ids)).values(**taken))
    return _read(connection, _job.response_id.in_(ids))


def overdue(connection: Connection, seconds: float, most: int) -> list[Job]:
    """Jobs that have been queued for longer than so many seconds."""
    before = clock(connection) - seconds
    late = _by_size(_job.state == QUEUED, _job.created_at < before)
    ids = _within(connection, late.limit(most), _MOST_READ)
    return _read(connection, _job.response_id.in_(ids)) if ids else []


def waiting(connection: Connection) -> tuple[bool, bool]:
    """Whether there are queued jobs, and whether there are any whose owner has given no sign for too long."""
    is_queued = exists().where(_job.state == QUEUED)
    is_left = exists().where(_job.state.in_((IN_PROGRESS, CANCELLING)), _job.lease_until < clock(connection))
    queued, left = connection.execute(select(is_queued, is_left)).one()
    return bool(queued), bool(left)


def renew(connection: Connection, lease: Lease, ids: Collection[str]) -> None:
    """Give a sign for these jobs of the owner's. What it took and could not work on is left to whoever looks next."""
    until = clock(connection) + lease.seconds
    owned = _job.response_id.in_(ids), _job.owner == lease.owner, _job.state == IN_PROGRESS
    connection.execute(update(jobs).where(*owned).values(lease_until=until))


def held(connection: Connection, owner: str) -> set[str]:
    """The jobs that the owner may still work on."""
    chosen = select(_job.response_id).where(_job.owner == owner, _job.state == IN_PROGRESS)
    return set(connection.execute(chosen).scalars())


def append(connection: Connection, response_id: str, owner: str, batch: Batch) -> bool:
    """Store the next events of a job. False, and nothing stored, where the owner may no longer work on it."""
    still = _job.response_id == response_id, _job.owner == owner, _job.state == IN_PROGRESS
    changed = update(jobs).where(*still, _job.next_sequence == batch.first).values(next_sequence=batch.last + 1)
    if connection.execute(changed).rowcount != 1:
        return False
    _store(connection, response_id, [batch])
    notices.announce(connection, notices.EVENTS, response_id)
    return True


def release(connection: Connection, response_id: str, owner: str) -> bool:
    """Queue a job again of which no event was stored: it counts as never begun. Returns whether it was the owner's."""
    still = _job.response_id == response_id, _job.owner == owner, _job.state == IN_PROGRESS
    values = {"state": QUEUED, "owner": None, "lease_until": None, "attempts": _job.attempts - 1}
    values["run"] = _job.run + 1
    changed = update(jobs).where(*still, _job.next_sequence == ANNOUNCED).values(**values)
    if connection.execute(changed).rowcount != 1:
        return False
    _show(connection, [response_id], QUEUED)
    notices.announce(connection, notices.QUEUE, response_id)
    return True


def queue_again(connection: Connection, response_id: str, owner: str) -> bool:
    """Queue a job again that was taken over, and whose attempt counts. Returns whether it was the owner's."""
    still = _job.response_id == response_id, _job.owner == owner, _job.state == IN_PROGRESS
    values = {"state": QUEUED, "owner": None, "lease_until": None}
    if connection.execute(update(jobs).where(*still, _job.next_sequence == ANNOUNCED).values(**values)).rowcount != 1:
        return False
    _show(connection, [response_id], QUEUED)
    notices.announce(connection, notices.QUEUE, response_id)
    return True


def cancel(connection: Connection, key_id: str, response_id: str, lease: Lease) -> Job | None:
    """Have nobody add to a job any more; the owner of the lease is to end it.

    None if there is none that is active, or if another process is about to end it.
    """
    if "\x00" in response_id:
        return None
    chosen = _job.response_id == response_id, _job.key_id == key_id, _job.state.in_((QUEUED, IN_PROGRESS))
    values = {"state": CANCELLING, "owner": lease.owner, "lease_until": clock(connection) + lease.seconds}
    if connection.execute(update(jobs).where(*chosen).values(**values)).rowcount != 1:
        return None
    notices.announce(connection, notices.CANCELLED, response_id)
    return _read(connection, _job.response_id == response_id)[0]


def finish(connection: Connection, ending: Ending) -> bool:
    """End a job, with its response, its last events, its conversation and its usage. False where it has changed."""
    was = [_job.response_id == ending.response_id, _job.state == ending.state]
    was.append(_job.owner.is_(None) if ending.owner is None else _job.owner == ending.owner)
    was.append(_job.next_sequence == ending.next_sequence)
    values: dict[str, object] = {"state": ending.status, "owner": None, "lease_until": None, "request": None}
    values["events_until"] = clock(connection) + ending.keep_seconds
    if ending.events is not None:
        values["next_sequence"] = ending.events.last + 1
    if connection.execute(update(jobs).where(*was).values(**values)).rowcount != 1:
        return False
    if ending.events is not None:
        _store(connection, ending.response_id, [ending.events])
    _end_response(connection, ending)
    if ending.append is not None:
        turns.append_all(connection, [ending.append])
    if ending.usage:
        usage.record(connection, [(row.id, row, None) for row in ending.usage])
    if ending.status in idempotency.ENDED_BADLY:
        idempotency.forget_response(connection, ending.response_id)
    notices.announce(connection, notices.EVENTS, ending.response_id)
    return True


def progress(connection: Connection, key_id: str, response_id: str) -> Progress | None:
    """How far a job of the key is; None where there is none, or its events are gone."""
    chosen = select(_job.state, _job.next_sequence, _job.events_until)
    row = None
    if "\x00" not in response_id:
        row = connection.execute(chosen.where(_job.response_id == response_id, _job.key_id == key_id)).one_or_none()
    if row is None or (row.events_until is not None and row.events_until < clock(connection)):
        return None
    return Progress(*row)


def events(connection: Connection, response_id: str, after: int) -> list[Batch]:
    """The next batches that hold events with numbers over `after`, some of them at a time."""
    table = job_events.c
    of_it = table.response_id == response_id
    # Where the first of them begins is found by the index, however many came before.
    begins = select(func.max(table.first)).where(of_it, table.first <= after + 1).scalar_subquery()
    chosen = select(table.first, table.last, table.data).where(of_it, table.first >= func.coalesce(begins, 0))
    rows = connection.execute(chosen.where(table.last > after).order_by(table.first).limit(_AT_ONCE))
    return [Batch(row.first, row.last, bytes(row.data)) for row in rows]


def all_events(connection: Connection, response_id: str) -> list[Batch]:
    """Every event that is stored of a response."""
    found: list[Batch] = []
    while batches := events(connection, response_id, found[-1].last if found else -1):
        found += batches
    return found


def response(connection: Connection, job: Job) -> StoredResponse | None:
    """The response of a job; None where its client has deleted it."""
    return responses.find(connection, job.key_id, job.response_id, 0.0)


def response_and_events(connection: Connection, job: Job) -> tuple[StoredResponse | None, list[Batch]]:
    """The response of a job, None where its client has deleted it, and every event of it."""
    return response(connection, job), all_events(connection, job.response_id)


def outdated(connection: Connection, most: int) -> list[str]:
    """Up to so many jobs whose events have been kept long enough."""
    over = select(_job.response_id).where(_job.events_until.is_not(None), _job.events_until < clock(connection))
    return list(connection.execute(over.limit(most)).scalars())


def forget(connection: Connection, response_ids: Collection[str]) -> None:
    """Delete jobs that are over, with their events."""
    is_over = _job.events_until.is_not(None)
    connection.execute(delete_from(jobs).where(_job.response_id.in_(response_ids), is_over))


def discard(connection: Connection, key_id: str, response_id: str) -> None:
    """Delete a job with all that is stored for it: its response is deleted."""
    if "\x00" in response_id:  # PostgreSQL takes no such text, not even to look for it
        return
    chosen = _job.response_id == response_id, _job.key_id == key_id
    if connection.execute(delete_from(jobs).where(*chosen)).rowcount:
        notices.announce(connection, notices.CANCELLED, response_id)


def _by_size(*chosen: ColumnElement[bool]) -> Select[str, int]:
    size = func.coalesce(func.length(_job.request), 0)
    return select(_job.response_id, size).where(*chosen).order_by(_job.created_at)


def _within(connection: Connection, sized: Select[str, int], most_bytes: int) -> list[str]:
    """Those of these jobs whose requests have so many bytes together: the first in any case, and what else fits."""
    ids: list[str] = []
    total = 0
    for response_id, size in connection.execute(sized):
        if total + size <= most_bytes or not ids:
            total += size
            ids.append(response_id)
    return ids


def _end_response(connection: Connection, ending: Ending) -> None:
    columns = responses_table.c
    grown = len(ending.output) - func.length(columns.output)
    values: dict[str, object] = {"status": ending.status, "document": ending.document, "output": ending.output}
    values |= {"size": columns.size + grown, "chain_size": columns.chain_size + grown}
    connection.execute(update(responses_table).where(columns.id == ending.response_id).values(**values))


def _show(connection: Connection, ids: Collection[str], status: str) -> None:
    columns = responses_table.c
    connection.execute(update(responses_table).where(columns.id.in_(ids)).values(status=status))


def _store(connection: Connection, response_id: str, batches: Sequence[Batch]) -> None:
    rows = [
        {"response_id": response_id, "first": batch.first, "last": batch.last, "data": batch.data} for batch in batches
    ]
    connection.execute(insert(job_events), rows)


def _read(connection: Connection, *chosen: ColumnElement[bool]) -> list[Job]:
    return [Job(*row) for row in connection.execute(select(*_COLUMNS).where(*chosen).order_by(_job.created_at))]
