"""Stored responses as clients see them, and the items that they hold."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

import orjson

from gateway.errors import InvalidRequest, NotFound
from gateway.memory.failures import explained, not_found
from gateway.memory.items import item_list, normalise_item, stored_item, stored_items
from gateway.neutral.identifiers import response_of
from gateway.neutral.json import JsonObject, text_or_empty
from gateway.paging import Page, ResponseFilter
from gateway.store import conversations, idempotency, jobs, responses
from gateway.store.database import Connection, Database
from gateway.store.documents import Documents
from gateway.store.errors import TooLarge
from gateway.store.responses import UNFINISHED, StoredResponse

if TYPE_CHECKING:
    from generated import models

MAX_BYTES = 32 * 1024 * 1024
"""Of the items of a chain, of a conversation, or that are referred to, as JSON."""
_MAX_READ = 4 * MAX_BYTES
"""Of the responses that are read to find such items in them."""
MAX_REFERENCES = 1024
"""In one request."""
_PAGE_BYTES = 8 * 1024 * 1024
"""Of the responses in one page of a list, unless the first alone is larger."""
_STATUS = re.compile(rb'"status":"[a-z_]+"')


class StoredResponses:
    """The stored responses of every key. A key sees its own only; of others it learns not even that they exist.

    Everything raises `NotFound` for what is not there or has expired, and `Unavailable` while the database is away.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._documents = Documents(database)

    async def retrieve(self, key_id: str, id_: str) -> bytes:
        """The response as it is now: one that has ended is to the byte what was sent."""
        with explained():
            found = await self._documents.find(key_id, id_)
        if found is None:
            raise not_found("response", id_)
        return current_document(found.status, found.document, found.output)

    async def list(self, key_id: str, wanted: ResponseFilter, page: Page) -> bytes:
        """One page of the responses, as the list object.

        Raises `InvalidRequest` if there is no response `page.after`.
        """
        try:
            with explained():
                work = partial(_page, key_id=key_id, wanted=wanted, page=page, now=time.time())
                return await self._database.read(work)
        except NotFound:
            raise InvalidRequest(f"There is no response '{page.after}' to go on from.", param="after") from None

    async def delete(self, key_id: str, id_: str) -> models.DeletedResponse:
        """Delete the response. Those that continue it stay, but cannot be continued any more."""
        with explained():
            work = partial(_delete, key_id=key_id, id_=id_, now=time.time())
            if not await self._database.write(work):
                raise not_found("response", id_)
        return {"id": id_, "object": "response", "deleted": True}

    async def input_items(self, key_id: str, id_: str, page: Page) -> JsonObject:
        """One page of the request's own input, without the history that came before it.

        Raises `InvalidRequest` if the item `page.after` is not in it.
        """
        items = stored_items((await self._find(key_id, id_)).input)
        if page.is_descending:
            items.reverse()
        if page.after is not None:
            ends = [end for end, item in enumerate(items, 1) if item["id"] == page.after]
            if not ends:
                raise InvalidRequest(f"There is no item '{page.after}' to go on from.", param="after")
            items = items[ends[-1] :]
        shown = [normalise_item(item, text_or_empty(item["id"])) for item in items[: page.limit]]
        return item_list(shown, len(items) > page.limit)

    async def items(self, key_id: str, item_ids: Collection[str]) -> dict[str, JsonObject]:
        """The items of these ids in any response or conversation of the key. Those that are not there are left out.

        Raises `InvalidRequest` if they are larger than a request's context may be.
        """
        with explained():
            work = partial(_holding, key_id=key_id, item_ids=item_ids, now=time.time())
            try:
                return await self._database.read(work)
            except TooLarge as error:
                message = f"The items that are referred to are larger than {error.limit // 1024 // 1024} MiB."
                raise InvalidRequest(message, param="input", code="context_too_large") from None

    async def _find(self, key_id: str, id_: str) -> StoredResponse:
        with explained():
            found = await self._database.read(partial(responses.find, key_id=key_id, id_=id_, now=time.time()))
        if found is None:
            raise not_found("response", id_)
        return found


def _delete(connection: Connection, key_id: str, id_: str, now: float) -> bool:
    jobs.discard(connection, key_id, id_)
    is_deleted = responses.delete(connection, key_id, id_, now)
    if is_deleted:
        idempotency.forget_response(connection, id_)
    return is_deleted


def current_document(status: str, document: bytes, output: bytes) -> bytes:
    """A stored response as JSON. Its `status` is changed where it has not ended: only the row keeps up with that."""
    if status in UNFINISHED:
        # Among the first fields, in front of all that a client has written. To parse it would take long.
        document = _STATUS.sub(b'"status":"%s"' % status.encode(), document, count=1)
    return b"".join((document, output, b"}"))


def _page(connection: Connection, key_id: str, wanted: ResponseFilter, page: Page, now: float) -> bytes:
    listed, has_more = responses.page(connection, key_id, wanted, page, now, _PAGE_BYTES)
    documents = b",".join(current_document(one.status, one.document, one.output) for one in listed)
    ends = (listed[0].id, listed[-1].id) if listed else (None, None)
    tail = orjson.dumps({"first_id": ends[0], "last_id": ends[1], "has_more": has_more})
    return b"".join((b'{"object":"list","data":[', documents, b"],", tail[1:]))


def _holding(connection: Connection, key_id: str, item_ids: Collection[str], now: float) -> dict[str, JsonObject]:
    """One response after the other, so that no more than one is held beside what was found."""
    found: dict[str, JsonObject] = {}
    read = 0
    for owner in sorted({owner for item_id in item_ids if (owner := response_of(item_id))}):
        for part in responses.parts(connection, key_id, owner, now) or ():
            read += len(part)
            if read > _MAX_READ:
                raise TooLarge(read, MAX_BYTES)
            found |= {id_: item for item in stored_items(part) if (id_ := text_or_empty(item["id"])) in item_ids}
    missing = set(item_ids) - found.keys()
    kept = conversations.find_items(connection, key_id, missing) if missing else {}
    size = sum(map(len, kept.values())) + sum(len(orjson.dumps(item)) for item in found.values())
    if size > MAX_BYTES:
        raise TooLarge(size, MAX_BYTES)
    return {**{item_id: stored_item(item) for item_id, item in kept.items()}, **found}
