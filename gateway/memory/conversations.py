"""Conversations as clients see them: made, read, changed, listed and deleted."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import orjson

from gateway.errors import InvalidRequest
from gateway.memory.failures import explained, not_found
from gateway.memory.items import given_id, identified, is_reference, item_list, stored_item
from gateway.memory.stored import MAX_BYTES
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import JsonObject, text_or_empty
from gateway.paging import Page
from gateway.store import conversations
from gateway.store.conversations import Conversation
from gateway.store.database import Connection, Database
from gateway.store.errors import Missing
from gateway.store.journal import Journal
from gateway.surfaces.extensions import extensions

if TYPE_CHECKING:
    from generated import models

T = TypeVar("T")

Resolve = Callable[[str, Collection[str]], Awaitable[Mapping[str, JsonObject]]]
"""Finds, for a key, stored items by their ids. Those that are not there are not in the answer."""


class Conversations:
    """The conversations of every key. A key sees its own only; of others it learns not even that they exist.

    Everything raises `NotFound` for what is not there, and `Unavailable` while the database is away.
    """

    def __init__(self, database: Database, journal: Journal, resolve: Resolve | None = None) -> None:
        self._database = database
        self._journal = journal
        self._resolve = resolve

    async def create(self, key_id: str, body: models.CreateConversationRequest) -> models.ConversationResource:
        """Make a conversation with the `metadata` and the `items` of a body."""
        stored = await self._stored_form(key_id, body.get("items") or [])
        made = Conversation(new_id("conv"), time.time(), body.get("metadata") or {})

        def work(connection: Connection) -> None:
            conversations.create(connection, key_id, made)
            if stored:
                conversations.add_items(connection, key_id, made.id, stored, MAX_BYTES)

        await self._write(work)
        return _object(made)

    async def retrieve(self, key_id: str, id_: str) -> models.ConversationResource:
        """The conversation, without its items."""
        return _object(await self._read(partial(conversations.find, key_id=key_id, id_=id_)))

    async def update(self, key_id: str, id_: str, metadata: models.Metadata | None) -> models.ConversationResource:
        """Replace the metadata; return the conversation."""
        work = partial(conversations.set_metadata, key_id=key_id, id_=id_, metadata=metadata or {})
        return _object(await self._write(work))

    async def delete(self, key_id: str, id_: str) -> models.DeletedConversationResource:
        """Delete the conversation and its items."""
        await self._write(partial(conversations.delete, key_id=key_id, id_=id_))
        return {"id": id_, "object": "conversation.deleted", "deleted": True}

    async def list_items(self, key_id: str, id_: str, page: Page) -> JsonObject:
        """One page of the items. Raises `InvalidRequest` if the item `page.after` is not in the conversation."""

        def work(connection: Connection) -> tuple[list[bytes], bool]:
            try:
                return conversations.page(connection, key_id, id_, page)
            except Missing as error:
                if error.what != "item":
                    raise
                raise InvalidRequest(f"There is no item '{error.id}' to go on from.", param="after") from None

        items, has_more = await self._read(work)
        return item_list(list(map(stored_item, items)), has_more)

    async def all_items(self, key_id: str, id_: str) -> list[JsonObject]:
        """Every item in order, as the history of a turn."""
        work = partial(conversations.items, key_id=key_id, id_=id_, limit=MAX_BYTES)
        return list(map(stored_item, await self._read(work)))

    async def add_items(self, key_id: str, id_: str, items: Sequence[models.InputItem]) -> JsonObject:
        """Append items; return the list of them as they were stored."""
        stored = await self._stored_form(key_id, items)
        work = partial(conversations.add_items, key_id=key_id, id_=id_, items=stored, limit=MAX_BYTES)
        return item_list([stored_item(item) for _, item in await self._write(work)], False)

    async def retrieve_item(self, key_id: str, id_: str, item_id: str) -> JsonObject:
        """One item of the conversation."""
        work = partial(conversations.find_item, key_id=key_id, id_=id_, item_id=item_id)
        return stored_item(await self._read(work))

    async def delete_item(self, key_id: str, id_: str, item_id: str) -> models.ConversationResource:
        """Delete one item; return the conversation."""
        return _object(await self._write(partial(conversations.delete_item, key_id=key_id, id_=id_, item_id=item_id)))

    async def _stored_form(self, key_id: str, items: Sequence[models.InputItem]) -> list[tuple[str, bytes]]:
        referenced = {given_id(item) or "" for item in items if is_reference(item)}
        found = await self._resolve(key_id, referenced) if referenced and self._resolve is not None else {}
        stored: list[tuple[str, bytes]] = []
        referred: set[str] = set()
        for number, item in enumerate(items):
            sent = self._referred(item, number, referred, found) if is_reference(item) else extensions(item)
            kept = identified(sent)
            stored.append((text_or_empty(kept["id"]), _json(kept, number)))
        return stored

    def _referred(
        self, item: models.ItemReferenceParam, number: int, referred: set[str], found: Mapping[str, JsonObject]
    ) -> JsonObject:
        """What a reference refers to; `referred` are the ids that were referred to before it."""
        if item["id"] in referred:
            message = "The item is referred to more than once."
            raise InvalidRequest(message, param=f"items[{number}].id", code="duplicate_item")
        referred.add(item["id"])
        if self._resolve is None:
            message = "References to items are not supported here: send the item itself."
            raise InvalidRequest(message, param=f"items[{number}].type")
        if (given_id(item) or "") not in found:
            raise not_found("item", str(item.get("id")), "items")
        return found[item["id"]]

    async def _read(self, work: Callable[[Connection], T]) -> T:
        with explained():
            return await self._database.read(work)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        with explained():
            return await self._journal.write(work)


def _object(conversation: Conversation) -> models.ConversationResource:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": int(conversation.created_at),
        "metadata": conversation.metadata,
    }


def _json(item: JsonObject, number: int) -> bytes:
    try:
        # As deep as it will stand in a list, in an event and in a request: what can be stored can be sent.
        return orjson.dumps([[[[item]]]])[4:-4]
    except orjson.JSONEncodeError:  # it writes less deeply than it reads
        raise InvalidRequest("The item is nested too deeply.", param=f"items[{number}]", code="invalid_value") from None
