"""Responses as they were sent, with the input that they answer, each bound to the key that asked."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, false, func, literal, or_, select, tuple_
from sqlalchemy import delete as delete_from

from gateway.paging import Page, ResponseFilter
from gateway.store.bulk import BulkInsert
from gateway.store.errors import Missing
from gateway.store.tables import responses

UNFINISHED = ("queued", "in_progress")
"""The statuses of a response that has not ended."""


@dataclass(slots=True, kw_only=True)
class StoredResponse:
    """A response and the input it answers, as JSON. Times in seconds since 1970, sizes in bytes.

    `document` is the response up to its `output`, which stands last and is kept apart: chains are made of input and
    output. `size` is theirs, `chain_size` the sum over the chain, `depth` how many responses it has, this one included.
    """

    id: str
    key_id: str
    previous_id: str | None
    conversation_id: str | None
    created_at: float
    expires_at: float
    status: str
    depth: int
    size: int
    chain_size: int
    document: bytes
    input: bytes
    output: bytes
    background: bool = False


class Head(NamedTuple):
    """What one needs to know of a response before its chain is loaded."""

    depth: int
    chain_size: int
    conversation_id: str | None
    status: str


class Listed(NamedTuple):
    """One response of a list: its status now, and its document in its two parts."""

    id: str
    status: str
    document: bytes
    output: bytes


class Link(NamedTuple):
    """One response of a chain: its input and its output, each a JSON array of items."""

    id: str
    input: bytes
    output: bytes


_values = attrgetter(*responses.columns.keys())
_table = responses.c
_INSERT = BulkInsert(responses, "ON CONFLICT (id) DO NOTHING")


def add(connection: Connection, rows: Sequence[StoredResponse]) -> None:
    """Store responses. One whose id is there already stays as it is: the same rows may come again."""
    _INSERT.run(connection, list(map(_values, rows)))


def find(connection: Connection, key_id: str, id_: str, now: float) -> StoredResponse | None:
    """The response of that id, if it is this key's and has not expired."""
    row = connection.execute(select(*responses.c).where(*_seen(key_id, id_, now))).one_or_none()
    return StoredResponse(**row._mapping) if row is not None else None


def page(
    connection: Connection, key_id: str, wanted: ResponseFilter, page: Page, now: float, most: int
) -> tuple[list[Listed], bool]:
    """The responses of one page, by their time and id, and whether more follow.

    A page ends before the response with which it would hold more than `most` bytes; it has one at least. Raises
    `Missing` for a response `page.after` that is not there; one that has expired since still is.
    """
    matching = [_table.key_id == key_id, _table.expires_at > now, *_matching(wanted)]
    if page.after is not None:
        matching.append(_behind(connection, key_id, page.after, page.is_descending))
    size = (func.length(_table.document) + func.length(_table.output)).label("size")
    chosen = select(_table.id, _table.created_at, size).where(*matching)
    found = (
        chosen.order_by(*_order((_table.created_at, _table.id), page.is_descending))
        .limit(page.limit + 1)
        .subquery("found")
    )
    # In one statement: between two of them a response could be deleted, and its page be empty.
    order = _order((found.c.created_at, found.c.id), page.is_descending)
    number, total = func.row_number().over(order_by=order), func.sum(found.c.size).over(order_by=order)
    counted = select(found.c.id, number.label("number"), total.label("total"), func.count().over().label("found"))
    ranked = counted.subquery("ranked")
    shown = select(_table.id, _table.status, _table.document, _table.output, ranked.c.found)
    shown = shown.join(ranked, ranked.c.id == _table.id).order_by(ranked.c.number)
    fits = or_(ranked.c.number == 1, ranked.c.total <= most)
    rows = connection.execute(shown.where(ranked.c.number <= page.limit, fits)).all()
    listed = [Listed(row.id, row.status, bytes(row.document), bytes(row.output)) for row in rows]
    return listed, bool(rows) and rows[0].found > len(rows)


def _matching(wanted: ResponseFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.status is not None:
        yield _table.status == wanted.status
    if wanted.conversation_id is not None:
        yield _table.conversation_id == wanted.conversation_id if "\x00" not in wanted.conversation_id else false()
    if wanted.background is not None:
        yield _table.background == wanted.background
    if wanted.created_after is not None:
        yield _table.created_at > wanted.created_after
    if wanted.created_before is not None:
        yield _table.created_at < wanted.created_before


def _behind(connection: Connection, key_id: str, id_: str, is_descending: bool) -> ColumnElement[bool]:
    row = connection.execute(select(_table.created_at).where(*_seen(key_id, id_, 0.0))).one_or_none()
    if row is None:
        raise Missing("response", id_)
    place, last = tuple_(_table.created_at, _table.id), tuple_(literal(row.created_at), literal(id_))
    return place < last if is_descending else place > last


def _order(
    columns: tuple[ColumnElement[float], ColumnElement[str]], is_descending: bool
) -> list[ColumnElement[float] | ColumnElement[str]]:
    return [column.desc() if is_descending else column for column in columns]


def parts(connection: Connection, key_id: str, id_: str, now: float) -> tuple[bytes, bytes] | None:
    """The input and the output of the response that `find` would find, each a JSON array of items."""
    row = connection.execute(select(_table.input, _table.output).where(*_seen(key_id, id_, now))).one_or_none()
    return (bytes(row.input), bytes(row.output)) if row is not None else None


def head(connection: Connection, key_id: str, id_: str, now: float) -> Head | None:
    """What is to be known of a response before one goes on from it; None where `find` would find none."""
    columns = (_table.depth, _table.chain_size, _table.conversation_id, _table.status)
    row = connection.execute(select(*columns).where(*_seen(key_id, id_, now))).one_or_none()
    return Head(*row) if row is not None else None


def standing(connection: Connection, key_id: str, id_: str, now: float) -> tuple[str, bool] | None:
    """The status of the response that `find` would find, and whether it is of the background; None for none."""
    row = connection.execute(select(_table.status, _table.background).where(*_seen(key_id, id_, now))).one_or_none()
    return None if row is None else (row.status, row.background)


def _seen(key_id: str, id_: str, now: float) -> tuple[ColumnElement[bool], ...]:
    if "\x00" in id_:  # PostgreSQL takes no such text, not even to look for it
        return (false(),)
    return _table.id == id_, _table.key_id == key_id, _table.expires_at > now


def delete(connection: Connection, key_id: str, id_: str, now: float) -> bool:
    """Delete the response that `find` would find; whether there was one. Those that follow it stay."""
    return connection.execute(delete_from(responses).where(*_seen(key_id, id_, now))).rowcount > 0


def chain(connection: Connection, key_id: str, id_: str) -> list[Link]:
    """The response and all that it goes on from, oldest first, however long ago they expired.

    The depth and the size are the caller's to limit, by `head`. Raises `Missing`, with the id that was not found, if
    the response or one before it is not there.
    """
    rows = [] if "\x00" in id_ else list(connection.execute(_CHAIN, {"id": id_, "key": key_id}))
    rows.sort(key=lambda row: row.distance, reverse=True)
    if not rows:
        raise Missing("response", id_)
    if rows[0].previous_id is not None:
        raise Missing("response", rows[0].previous_id)
    return [Link(row.id, bytes(row.input), bytes(row.output)) for row in rows]


def expired(connection: Connection, before: float, limit: int) -> list[str]:
    """Up to `limit` responses that expired before that time, those that nothing goes on from first."""
    return list(connection.execute(_EXPIRED, {"before": before, "limit": limit}).scalars())


def weights(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """The bytes that each of the responses takes, whole."""
    size = func.length(_table.document) + func.length(_table.input) + func.length(_table.output)
    return {row[0]: row[1] for row in connection.execute(select(_table.id, size).where(_table.id.in_(ids)))}


def discard(connection: Connection, ids: Collection[str]) -> int:
    """Delete those of the responses that no others go on from; how many there were."""
    doomed = set(ids)
    followers = select(_table.id, _table.previous_id).where(_table.previous_id.in_(doomed))
    links = [(row.id, row.previous_id) for row in connection.execute(followers)]
    while kept := {before for id_, before in links if before in doomed and id_ not in doomed}:
        doomed -= kept
    return connection.execute(delete_from(responses).where(_table.id.in_(doomed))).rowcount


def _expired_query() -> Select[Any]:
    after = responses.alias("after")
    has_expired = _table.expires_at < bindparam("before")
    ends = select(_table.id, _table.previous_id).where(has_expired)
    ends = ends.where(~exists().where(after.c.previous_id == _table.id))
    walked = ends.limit(bindparam("limit")).cte("ended", recursive=False)
    reached = select(walked.c.id, walked.c.previous_id).cte("reached", recursive=True)
    earlier = responses.alias("earlier")
    step = select(earlier.c.id, earlier.c.previous_id)
    step = step.where(earlier.c.id == reached.c.previous_id, earlier.c.expires_at < bindparam("before"))
    reached = reached.union(step)
    return select(reached.c.id).limit(bindparam("limit"))


def _chain_query() -> Select[Any]:
    # By ids alone, and the documents at the end: else each would be copied from step to step.
    last = select(_table.id, _table.previous_id, literal(0).label("distance"))
    last = last.where(_table.id == bindparam("id"), _table.key_id == bindparam("key"))
    walked = last.cte("walked", recursive=True)
    before = responses.alias("before")
    step = select(before.c.id, before.c.previous_id, walked.c.distance + 1)
    step = step.where(before.c.id == walked.c.previous_id, before.c.key_id == bindparam("key"))
    walked = walked.union_all(step)
    links = select(walked.c.id, walked.c.previous_id, walked.c.distance, _table.input, _table.output)
    return links.where(_table.id == walked.c.id)


_CHAIN = _chain_query()
_EXPIRED = _expired_query()
