"""Conversations and their items, each bound to the key that made it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy import delete as delete_from

from gateway.paging import Page
from gateway.store import turns
from gateway.store.errors import Missing, TooLarge
from gateway.store.tables import conversation_items, conversations
from gateway.store.turns import Append

_conversation = conversations.c
_item = conversation_items.c


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is known of a conversation. `size` is that of its items in bytes, `created_at` in seconds since 1970."""

    id: str
    created_at: float
    metadata: dict[str, Any]
    size: int = 0


_COLUMNS = (_conversation.id, _conversation.created_at, _conversation.metadata, _conversation.size)


def create(connection: Connection, key_id: str, conversation: Conversation) -> None:
    """Store a new conversation, without items."""
    row = {"id": conversation.id, "key_id": key_id, "created_at": conversation.created_at}
    connection.execute(insert(conversations).values(**row, metadata=conversation.metadata, next_position=0, size=0))


def find(connection: Connection, key_id: str, id_: str, *, lock: bool = False) -> Conversation:
    """The conversation; with `lock`, nobody else changes it before the commit.

    Raises `Missing` if this key has none of that id, as all that follow do.
    """
    query = select(*_COLUMNS).where(*_owned(key_id, id_))
    if lock:
        query = query.with_for_update()
    # PostgreSQL takes no text with a NUL, not even to look for it.
    row = connection.execute(query).one_or_none() if "\x00" not in id_ else None
    if row is None:
        raise Missing("conversation", id_)
    return Conversation(*row)


def _owned(key_id: str, id_: str) -> tuple[ColumnElement[bool], ...]:
    return _conversation.id == id_, _conversation.key_id == key_id


def set_metadata(connection: Connection, key_id: str, id_: str, metadata: dict[str, Any]) -> Conversation:
    """Replace the metadata of a conversation; return the conversation as it is then."""
    found = find(connection, key_id, id_, lock=True)
    connection.execute(update(conversations).where(*_owned(key_id, id_)).values(metadata=metadata))
    return replace(found, metadata=metadata)


def delete(connection: Connection, key_id: str, id_: str) -> None:
    """Delete a conversation and its items."""
    find(connection, key_id, id_, lock=True)
    connection.execute(delete_from(conversations).where(*_owned(key_id, id_)))


def add_items(
    connection: Connection, key_id: str, id_: str, items: Sequence[tuple[str, bytes]], limit: int
) -> list[tuple[str, bytes]]:
    """Append items; return them as they were stored (see `turns.append_all`).

    Raises `TooLarge` if the conversation would hold more than `limit` bytes.
    """
    size = find(connection, key_id, id_, lock=True).size + sum(len(item) for _, item in items)
    if size > limit:
        raise TooLarge(size, limit)
    [stored] = turns.append_all(connection, [Append(conversation_id=id_, key_id=key_id, items=items)])
    assert stored is not None
    return stored


def items(connection: Connection, key_id: str, id_: str, limit: int) -> list[bytes]:
    """Every item in order. Raises `TooLarge` if they are more than `limit` bytes."""
    size = find(connection, key_id, id_).size
    if size > limit:
        raise TooLarge(size, limit)
    chosen = select(_item.item).where(_item.conversation_id == id_).order_by(_item.position)
    return [bytes(item) for item in connection.execute(chosen).scalars()]


def page(connection: Connection, key_id: str, id_: str, page: Page) -> tuple[list[bytes], bool]:
    """The items of one page, and whether more follow. Raises `Missing` for an item `page.after` that is not there."""
    find(connection, key_id, id_)
    chosen = select(_item.item).where(_item.conversation_id == id_)
    if page.after is not None:
        position = _position(connection, id_, page.after)
        chosen = chosen.where(_item.position < position if page.is_descending else _item.position > position)
    order = _item.position.desc() if page.is_descending else _item.position
    found = connection.execute(chosen.order_by(order).limit(page.limit + 1)).scalars().all()
    return [bytes(item) for item in found[: page.limit]], len(found) > page.limit


def _position(connection: Connection, id_: str, item_id: str) -> int:
    chosen = select(_item.position).where(_item.id == item_id, _item.conversation_id == id_)
    position: int | None = connection.execute(chosen).scalar() if "\x00" not in item_id else None
    if position is None:
        raise Missing("item", item_id)
    return position


def find_item(connection: Connection, key_id: str, id_: str, item_id: str) -> bytes:
    """One item of a conversation. Raises `Missing` for the item, too."""
    find(connection, key_id, id_)
    position = _position(connection, id_, item_id)
    chosen = select(_item.item).where(_item.conversation_id == id_, _item.position == position)
    return bytes(connection.execute(chosen).scalar_one())


def find_items(connection: Connection, key_id: str, item_ids: Collection[str]) -> dict[str, bytes]:
    """Those of the items that any conversation of this key holds, by their ids."""
    wanted = [item_id for item_id in item_ids if "\x00" not in item_id]
    chosen = select(_item.id, _item.item).where(_item.id.in_(wanted), _conversation.key_id == key_id)
    chosen = chosen.where(_conversation.id == _item.conversation_id)
    return {row.id: bytes(row.item) for row in connection.execute(chosen)}


def delete_item(connection: Connection, key_id: str, id_: str, item_id: str) -> Conversation:
    """Delete one item; return the conversation as it is then. Raises `Missing` for the item, too."""
    found = find(connection, key_id, id_, lock=True)
    position = _position(connection, id_, item_id)
    gone = delete_from(conversation_items).where(_item.conversation_id == id_, _item.position == position)
    size = found.size - connection.execute(gone.returning(func.length(_item.item))).scalar_one()
    connection.execute(update(conversations).where(*_owned(key_id, id_)).values(size=size))
    return replace(found, size=size)
