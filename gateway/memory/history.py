"""The items before a turn: chains of responses, conversations, and single items that are referred to."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from gateway.contract.complexity import Complexity
from gateway.errors import InvalidRequest, NotFound
from gateway.memory.failures import explained
from gateway.memory.items import stored_item, stored_items
from gateway.memory.stored import MAX_BYTES, MAX_REFERENCES, StoredResponses
from gateway.neutral.json import JsonObject
from gateway.store import conversations, responses
from gateway.store.database import Connection, Database
from gateway.store.errors import Missing

Items = list[JsonObject]

MAX_DEPTH = 1024
"""Responses in a chain."""

_AT_ONCE_BYTES = 256 * 1024
"""Of stored items that are parsed before others go on."""
_PREVIOUS = "previous_response_id"


@dataclass(slots=True)
class Chain:
    """What a turn continues: items oldest first, how many responses they come from, and their size in bytes."""

    items: Items
    depth: int
    size: int


class History:
    """Reads what one key has stored; what is another's is not there. `Unavailable` where the database is away."""

    def __init__(self, database: Database, stored: StoredResponses, complexity: Complexity) -> None:
        self._database = database
        self._stored = stored
        self._complexity = complexity

    async def chain(self, key_id: str, response_id: str) -> Chain:
        """The input and output of a response and all before it, without their instructions.

        Raises `InvalidRequest` if one of them is not there, or if they are too many or too large, and
        `RequestTooComplex`.
        """
        work = partial(_chain, key_id=key_id, response_id=response_id, now=time.time())
        try:
            with explained():
                head, links = await self._database.read(work)
        except NotFound as missing:
            message = missing.message.replace("Response", "Previous response", 1)
            raise InvalidRequest(message, param=_PREVIOUS, code="previous_response_not_found") from None
        pieces = [piece for link in links for piece in (link.input, link.output)]
        await self._complexity.count_history(pieces, _PREVIOUS)
        items: Items = []
        parsed = 0
        for piece in pieces:
            items += stored_items(piece)
            parsed += len(piece)
            if parsed > _AT_ONCE_BYTES:
                parsed = 0
                await asyncio.sleep(0)
        return Chain(items, head.depth, head.chain_size)

    async def conversation(self, key_id: str, conversation_id: str) -> Chain:
        """The items of a conversation, oldest first.

        Raises `NotFound`, `InvalidRequest` if they are too large, and `RequestTooComplex`.
        """
        work = partial(conversations.items, key_id=key_id, id_=conversation_id, limit=MAX_BYTES)
        try:
            with explained():
                items = await self._database.read(work)
        except (NotFound, InvalidRequest) as error:
            raise error.replaced(param="conversation") from error.__cause__
        await self._complexity.count_history(items, "conversation")
        return Chain([stored_item(item) for item in items], 0, sum(map(len, items)))

    async def find(self, key_id: str, item_ids: Collection[str]) -> dict[str, JsonObject]:
        """Those of the items that are there, by their ids: from stored responses, and from conversations."""
        if len(item_ids) > MAX_REFERENCES:
            message = f"The input refers to {len(item_ids)} items; at most {MAX_REFERENCES} references make one."
            raise InvalidRequest(message, param="input", code="too_many_references")
        return await self._stored.items(key_id, item_ids)


def _chain(
    connection: Connection, key_id: str, response_id: str, now: float
) -> tuple[responses.Head, list[responses.Link]]:
    head = responses.head(connection, key_id, response_id, now)
    if head is None:
        raise Missing("response", response_id)
    if head.status in responses.UNFINISHED:
        message = f"Previous response with id '{response_id}' is not complete yet."
        raise InvalidRequest(message, param=_PREVIOUS, code="previous_response_not_complete")
    if head.depth >= MAX_DEPTH:
        message = f"The chain of responses before this one has {head.depth} links; at most {MAX_DEPTH} make one."
        raise InvalidRequest(message, param=_PREVIOUS, code="response_chain_too_long")
    if head.chain_size > MAX_BYTES:
        message = f"The chain before this one is larger than {MAX_BYTES // 1024 // 1024} MiB. Begin anew."
        raise InvalidRequest(message, param=_PREVIOUS, code="response_chain_too_large")
    return head, responses.chain(connection, key_id, response_id)
