"""What a turn leaves behind: its response, and its items at the end of a conversation."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select, tuple_, update

from gateway.store import responses
from gateway.store.responses import StoredResponse
from gateway.store.tables import conversation_items, conversations
from gateway.store.upsert import insert_into

_CHUNK = 200
_COLUMNS = ("conversation_id", "position", "id", "item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """Items for the end of a conversation: the id and the JSON of each, which agree."""

    conversation_id: str
    key_id: str
    items: Sequence[tuple[str, bytes]]


@dataclass(slots=True)
class _Tail:
    key_id: str
    next_position: int
    size: int


Appended = list[tuple[str, bytes]] | None
"""The items as they were stored, None if the conversation is not there (any more)."""


def store(connection: Connection, turns: Sequence[tuple[StoredResponse, Append | None]]) -> list[Appended]:
    """Store responses, and their items in conversations. A response stays though its conversation is gone."""
    responses.add(connection, [response for response, _ in turns])
    appends = [append for _, append in turns if append is not None]
    outcomes = iter(append_all(connection, appends)) if appends else iter(())
    return [[] if append is None else next(outcomes) for _, append in turns]


def append_all(connection: Connection, appends: Sequence[Append]) -> list[Appended]:
    """Append each one's items together, none between them, in the order given.

    An id that its conversation has already is replaced by one made from the conversation and the item's position,
    also in the item's JSON.
    """
    tails = _lock(connection, sorted({append.conversation_id for append in appends}))
    taken = _taken(connection, appends, tails)
    outcomes: list[Appended] = []
    rows: list[dict[str, Any]] = []
    for append in appends:
        tail = tails.get(append.conversation_id)
        if tail is None or tail.key_id != append.key_id:
            outcomes.append(None)
            continue
        stored = list(_placed(append, tail, taken))
        outcomes.append([(id_, item) for _, id_, item in stored])
        rows += [dict(zip(_COLUMNS, (append.conversation_id, *row), strict=True)) for row in stored]
    if rows:
        connection.execute(insert_into(connection, conversation_items), rows)
    _extend(connection, tails)
    return outcomes


def _lock(connection: Connection, ids: Sequence[str]) -> dict[str, _Tail]:
    """The ends of the conversations, which are ours until the commit; locked in one order, so that none wait for us."""
    columns = conversations.c
    tails = select(columns.id, columns.key_id, columns.next_position, columns.size)
    tails = tails.where(columns.id.in_(ids)).order_by(columns.id).with_for_update()
    return {row.id: _Tail(row.key_id, row.next_position, row.size) for row in connection.execute(tails)}


def _taken(connection: Connection, appends: Sequence[Append], tails: dict[str, _Tail]) -> set[tuple[str, str]]:
    table = conversation_items.c
    place = tuple_(table.id, table.conversation_id)
    wanted = [(id_, append.conversation_id) for append in appends for id_, _ in append.items]
    taken: set[tuple[str, str]] = set()
    for start in range(0, len(wanted), _CHUNK):
        chosen = select(table.conversation_id, table.id).where(place.in_(wanted[start : start + _CHUNK]))
        taken |= {(row.conversation_id, row.id) for row in connection.execute(chosen)}
    return taken


def _placed(append: Append, tail: _Tail, taken: set[tuple[str, str]]) -> Iterator[tuple[int, str, bytes]]:
    for id_, item in append.items:
        if (append.conversation_id, id_) in taken:
            id_, item = _renamed(append.conversation_id, tail.next_position, id_, item)
        taken.add((append.conversation_id, id_))
        yield tail.next_position, id_, item
        tail.next_position += 1
        tail.size += len(item)


def _renamed(conversation_id: str, position: int, id_: str, item: bytes) -> tuple[str, bytes]:
    # Positions are never given again, so nothing else gets this id; the same append anew would get it again.
    digest = hashlib.sha256(f"{conversation_id} {position}".encode()).hexdigest()
    fresh = f"{id_.partition('_')[0]}_{digest[:40]}"
    return fresh, orjson.dumps(orjson.loads(item) | {"id": fresh})


def _extend(connection: Connection, tails: dict[str, _Tail]) -> None:
    if not tails:
        return
    change = update(conversations).where(conversations.c.id == bindparam("key"))
    change = change.values(next_position=bindparam("position"), size=bindparam("bytes"))
    ends = [{"key": id_, "position": tail.next_position, "bytes": tail.size} for id_, tail in tails.items()]
    connection.execute(change, ends)
