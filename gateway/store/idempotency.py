"""The idempotency keys of clients: who works on a request, until when that is believed, and the answer that is kept.

An attempt is one run of a request: its `owner` is a random text. A lease is the number of seconds for which it is
believed to be worked on without a further sign of its process. Whoever changes a row names the owner that it is
believed to have, so of several processes one does.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, Connection, Subquery, and_, delete, func, select, update

from gateway.store import usage
from gateway.store.clock import now as clock
from gateway.store.tables import idempotency, responses
from gateway.store.tables import usage as usage_table
from gateway.store.upsert import insert_into
from gateway.store.usage import Entry

ENDED_BADLY = ("failed", "cancelled")
"""The statuses of a response whose answer is not kept."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request with an idempotency key, as one process works on it. `created_at` is when the request came."""

    digest: bytes
    key_id: str
    operation: str
    fingerprint: bytes
    created_at: float
    expires_at: float
    owner: str | None
    request_id: str
    model: str | None
    prompt_bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """What stands under a client's key. `answer` is sealed; None while an attempt is under way.

    `is_lost`: the process of that attempt has not given a sign for so long that it is taken for dead.
    """

    attempt: Attempt
    is_lost: bool
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """The request is the caller's to work on."""


_COLUMNS = tuple(idempotency.c[name] for name in Attempt.__dataclass_fields__)
_RUNNING = idempotency.c.lease_until.is_not(None)


def claim(connection: Connection, attempt: Attempt, lease: float) -> Claimed | Found | None:
    """Claim a request for an attempt; what stands there already; None where that went away in this moment."""
    now = clock(connection)
    kept = and_(idempotency.c.digest == attempt.digest, idempotency.c.lease_until.is_(None))
    if not _insert(connection, attempt, now + lease):
        found = look(connection, attempt.digest)
        if found is None or found.answer is None or found.attempt.expires_at > now:
            return found
        connection.execute(delete(idempotency).where(kept, idempotency.c.expires_at <= now))
        if not _insert(connection, attempt, now + lease):
            return look(connection, attempt.digest)
    return Claimed()


def count(connection: Connection, key_id: str, most: int) -> int:
    """How many answers and attempts a gateway key has; no more than `most` are counted."""
    of_key = select(idempotency.c.digest).where(idempotency.c.key_id == key_id)
    # From the index alone; only where there are so many, the rows are looked at.
    counted = _count(connection, of_key.limit(most).subquery())
    if counted < most:
        return counted
    unexpired = of_key.where(idempotency.c.expires_at > clock(connection))
    return _count(connection, unexpired.limit(most).subquery())


def look(connection: Connection, digest: bytes) -> Found | None:
    """What stands under a client's key."""
    query = select(*_COLUMNS, idempotency.c.lease_until, idempotency.c.answer)
    row = connection.execute(query.where(idempotency.c.digest == digest)).one_or_none()
    if row is None:
        return None
    *fields, lease_until, answer = row
    is_lost = lease_until is not None and lease_until <= clock(connection)
    return Found(Attempt(*fields), is_lost, None if answer is None else bytes(answer))


def under_way(connection: Connection, digests: Sequence[bytes]) -> set[bytes]:
    """Those of these keys of which an attempt is worked on."""
    running = and_(idempotency.c.digest.in_(digests), idempotency.c.lease_until > clock(connection))
    return {bytes(digest) for digest in connection.execute(select(idempotency.c.digest).where(running)).scalars()}


def take_over(connection: Connection, lost: Attempt, attempt: Attempt, entry: Entry, lease: float) -> Claimed | None:
    """Claim what a lost attempt has left, and account that one; None where others were faster."""
    now = clock(connection)
    values = asdict(attempt) | {"lease_until": now + lease}
    if connection.execute(update(idempotency).where(_is_of(lost), _has_run_out(now)).values(values)).rowcount != 1:
        return None
    _account_lost(connection, lost, entry)
    return Claimed()


def remove_lost(connection: Connection, lost: Attempt, entry: Entry) -> bool:
    """Remove a lost attempt and account it. False where others were faster."""
    gone = delete(idempotency).where(_is_of(lost), _has_run_out(clock(connection)))
    if connection.execute(gone).rowcount != 1:
        return False
    _account_lost(connection, lost, entry)
    return True


def lost_attempts(connection: Connection, limit: int) -> list[Attempt]:
    """Attempts whose processes have given no sign for too long."""
    query = select(*_COLUMNS).where(_RUNNING, _has_run_out(clock(connection)))
    return [Attempt(*row) for row in connection.execute(query.order_by(idempotency.c.lease_until).limit(limit))]


def renew(connection: Connection, attempts: Sequence[Attempt], lease: float) -> None:
    """Give a sign that these are worked on."""
    ours = and_(
        idempotency.c.digest.in_([attempt.digest for attempt in attempts]),
        idempotency.c.owner.in_([attempt.owner for attempt in attempts]),
    )
    connection.execute(update(idempotency).where(ours).values(lease_until=clock(connection) + lease))


def keep(
    connection: Connection,
    attempt: Attempt,
    answer: bytes,
    seconds: float,
    response_id: str | None,
    entry: Entry | None,
) -> bool:
    """Keep an attempt's sealed answer for so long, with its usage row. False where it is not to be kept.

    That is where another attempt has taken its place, and where the response `response_id`, of which the answer speaks,
    has failed or was cancelled by now. It has to be released then.
    """
    if entry is not None:
        usage.record(connection, [entry])
    if response_id is not None and _has_ended_badly(connection, response_id):
        return False
    now = clock(connection)
    ours = update(idempotency).where(_is_of(attempt))
    values = {"owner": None, "lease_until": None, "expires_at": now + seconds}
    kept = connection.execute(ours.values(values | {"response_id": response_id, "answer": answer}))
    return kept.rowcount == 1


def replace(connection: Connection, digest: bytes, response_id: str, answer: bytes) -> None:
    """Keep a sealed answer in the place of another that speaks of the same response, if that still is there."""
    is_same = and_(idempotency.c.digest == digest, idempotency.c.response_id == response_id)
    connection.execute(update(idempotency).where(is_same, idempotency.c.lease_until.is_(None)).values(answer=answer))


def release(connection: Connection, attempt: Attempt, entry: Entry | None) -> None:
    """Remove an attempt that has no answer to be kept; its usage row is stored."""
    if entry is not None:
        usage.record(connection, [entry])
    if connection.execute(delete(idempotency).where(_is_of(attempt))).rowcount != 1:
        # It was taken for lost, and has come to its end: its own row is the right one.
        connection.execute(delete(usage_table).where(usage_table.c.id == lost_row_id(attempt)))


def discard(connection: Connection, digest: bytes) -> None:
    """Remove a kept answer."""
    connection.execute(delete(idempotency).where(idempotency.c.digest == digest, idempotency.c.lease_until.is_(None)))


def expired(connection: Connection, limit: int) -> list[tuple[bytes, int]]:
    """Up to so many keys whose answers have expired, with the sizes of those."""
    size = func.coalesce(func.length(idempotency.c.answer), 0)
    rows = connection.execute(select(idempotency.c.digest, size).where(_has_expired(connection)).limit(limit))
    return [(bytes(digest), size) for digest, size in rows]


def discard_expired(connection: Connection, digests: Sequence[bytes]) -> int:
    """Delete those of these answers that have expired; return how many it was."""
    gone = delete(idempotency).where(idempotency.c.digest.in_(digests), _has_expired(connection))
    return connection.execute(gone).rowcount


def forget_response(connection: Connection, response_id: str) -> None:
    """Remove kept answers that speak of a response, which has failed, was cancelled or was deleted.

    To be called in the transaction that writes that to its row in `responses`, after it has.
    """
    connection.execute(delete(idempotency).where(idempotency.c.response_id == response_id))


def own_row_id(attempt: Attempt) -> str:
    """The id of the usage row that an attempt's own process stores."""
    return f"kept_{attempt.owner}"


def lost_row_id(attempt: Attempt) -> str:
    """The id of the usage row of an attempt that was lost: the same, whoever notices it."""
    return f"lost_{attempt.owner}"


def _insert(connection: Connection, attempt: Attempt, lease_until: float) -> bool:
    values = asdict(attempt) | {"lease_until": lease_until}
    statement = insert_into(connection, idempotency).values(values).on_conflict_do_nothing(index_elements=["digest"])
    return connection.execute(statement).rowcount == 1


def _count(connection: Connection, rows: Subquery) -> int:
    return connection.execute(select(func.count()).select_from(rows)).scalar_one()


def _account_lost(connection: Connection, lost: Attempt, entry: Entry) -> None:
    """Store the row of a lost attempt, unless its own one had been stored before its process died."""
    if not usage.is_stored(connection, own_row_id(lost)):
        usage.record(connection, [entry])


def _has_ended_badly(connection: Connection, response_id: str) -> bool:
    # Locked on PostgreSQL, so that who writes another state waits, and then finds this answer to forget.
    query = select(responses.c.status).where(responses.c.id == response_id).with_for_update(read=True)
    return connection.execute(query).scalar() in ENDED_BADLY


def _is_of(attempt: Attempt) -> ColumnElement[bool]:
    return and_(idempotency.c.digest == attempt.digest, idempotency.c.owner == attempt.owner)


def _has_expired(connection: Connection) -> ColumnElement[bool]:
    return and_(idempotency.c.expires_at <= clock(connection), idempotency.c.lease_until.is_(None))


def _has_run_out(now: float) -> ColumnElement[bool]:
    return idempotency.c.lease_until <= now
