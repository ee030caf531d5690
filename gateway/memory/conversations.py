"""Conversations as clients see them: made, read, changed, listed and deleted."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import orjson

from gateway.errors import InvalidRequest
from gateway.identifiers import new_id
from gateway.memory.failures import explained, not_found
from gateway.memory.items import given_id, identified, item_list, item_type
from gateway.memory.stored import MAX_BYTES
from gateway.paging import Page
from gateway.store import conversations
from gateway.store.conversations import Conversation
from gateway.store.database import Connection, Database
from gateway.store.errors import Missing
from gateway.store.journal import Journal

T = TypeVar("T")
Item = dict[str, Any]

Resolve = Callable[[str, Collection[str]], Awaitable[Mapping[str, Item]]]
"""Finds, for a key, stored items by their ids. Those that are not there are not in the answer."""


class Conversations:
    """The conversations of every key. A key sees its own only; of others it learns not even that they exist.

    Everything raises `NotFound` for what is not there, and `Unavailable` while the database is away.
    """

    def __init__(self, database: Database, journal: Journal, resolve: Resolve | None = None) -> None:
        self._database = database
        self._journal = journal
        self._resolve = resolve

    async def create(self, key_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a conversation with the `metadata` and the `items` of a body."""
        stored = await self._stored_form(key_id, body.get("items") or [])
        made = Conversation(new_id("conv"), time.time(), body.get("metadata") or {})

        def work(connection: Connection) -> None:
            conversations.create(connection, key_id, made)
            if stored:
                conversations.add_items(connection, key_id, made.id, stored, MAX_BYTES)

        await self._write(work)
        return _object(made)

    async def retrieve(self, key_id: str, id_: str) -> dict[str, Any]:
        """The conversation, without its items."""
        return _object(await self._read(partial(conversations.find, key_id=key_id, id_=id_)))

    async def update(self, key_id: str, id_: str, metadata: dict[str, Any] | None) -> dict[str, Any]:
        """Replace the metadata; return the conversation."""
        work = partial(conversations.set_metadata, key_id=key_id, id_=id_, metadata=metadata or {})
        return _object(await self._write(work))

    async def delete(self, key_id: str, id_: str) -> dict[str, Any]:
        """Delete the conversation and its items."""
        await self._write(partial(conversations.delete, key_id=key_id, id_=id_))
        return {"id": id_, "object": "conversation.deleted", "deleted": True}

    async def list_items(self, key_id: str, id_: str, page: Page) -> dict[str, Any]:
        """One page of the items. Raises `InvalidRequest` if the item `page.after` is not in the conversation."""

        def work(connection: Connection) -> tuple[list[bytes], bool]:
            try:
                return conversations.page(connection, key_id, id_, page)
            except Missing as error:
                if error.what != "item":
                    raise
                raise InvalidRequest(f"There is no item '{error.id}' to go on from.", param="after") from None

        items, has_more = await self._read(work)
        return item_list(list(map(orjson.loads, items)), has_more)

    async def all_items(self, key_id: str, id_: str) -> list[Item]:
        """Every item in order, as the history of a turn."""
        work = partial(conversations.items, key_id=key_id, id_=id_, limit=MAX_BYTES)
        return list(map(orjson.loads, await self._read(work)))

    async def add_items(self, key_id: str, id_: str, items: Sequence[Item]) -> dict[str, Any]:
        """Append items; return the list of them as they were stored."""
        stored = await self._stored_form(key_id, items)
        work = partial(conversations.add_items, key_id=key_id, id_=id_, items=stored, limit=MAX_BYTES)
        return item_list([orjson.loads(item) for _, item in await self._write(work)], False)

    async def retrieve_item(self, key_id: str, id_: str, item_id: str) -> Item:
        """One item of the conversation."""
        work = partial(conversations.find_item, key_id=key_id, id_=id_, item_id=item_id)
        item: Item = orjson.loads(await self._read(work))
        return item

    async def delete_item(self, key_id: str, id_: str, item_id: str) -> dict[str, Any]:
        """Delete one item; return the conversation."""
        return _object(await self._write(partial(conversations.delete_item, key_id=key_id, id_=id_, item_id=item_id)))

    async def _stored_form(self, key_id: str, items: Sequence[Item]) -> list[tuple[str, bytes]]:
        wanted = {given_id(item) or "" for item in items if item_type(item) == "item_reference"}
        found = await self._resolve(key_id, wanted) if wanted and self._resolve is not None else {}
        stored: list[tuple[str, bytes]] = []
        referred: set[str] = set()
        for number, item in enumerate(items):
            if item_type(item) == "item_reference":
                if item["id"] in referred:
                    message = "The item is referred to more than once."
                    raise InvalidRequest(message, param=f"items[{number}].id", code="duplicate_item")
                referred.add(item["id"])
                if self._resolve is None:
                    message = "References to items are not supported here: send the item itself."
                    raise InvalidRequest(message, param=f"items[{number}].type")
                if (given_id(item) or "") not in found:
                    raise not_found("item", str(item.get("id")), "items")
                item = found[item["id"]]
            item = identified(item)
            stored.append((item["id"], _json(item, number)))
        return stored

    async def _read(self, work: Callable[[Connection], T]) -> T:
        with explained():
            return await self._database.read(work)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        with explained():
            return await self._journal.write(work)


def _object(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": int(conversation.created_at),
        "metadata": conversation.metadata,
    }


def _json(item: Item, number: int) -> bytes:
    try:
        # As deep as it will stand in a list, in an event and in a request: what can be kept can be told.
        return orjson.dumps([[[[item]]]])[4:-4]
    except orjson.JSONEncodeError:  # it writes less deeply than it reads
        raise InvalidRequest("The item is nested too deeply.", param=f"items[{number}]", code="invalid_value") from None
