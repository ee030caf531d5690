"""The Responses API: answers that continue earlier ones, and are stored for later ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.engine import Engine
from gateway.http import Body, Reply, Request, StreamReply
from gateway.memory.stored import StoredResponses
from gateway.memory.turn import Archive, Turn
from gateway.neutral.json import JsonObject
from gateway.paging import Page
from gateway.surfaces.base import Surface

if TYPE_CHECKING:
    from generated import models


class Responses:
    """What the operations on responses do."""

    def __init__(self, engine: Engine, archive: Archive, stored: StoredResponses) -> None:
        self._engine = engine
        self._archive = archive
        self._stored = stored

    async def create(self, request: Request[Body], surface: Surface[Body]) -> Reply | StreamReply:
        """Answer, and store the answer unless the request has `store: false`. Raises as `Engine.answer` does."""
        return await self._engine.answer(request, surface, Turn(self._archive, request.key_id))

    async def retrieve(self, key_id: str, response_id: str) -> bytes:
        """A stored response as it was sent. Raises `NotFound`."""
        return await self._stored.retrieve(key_id, response_id)

    async def delete(self, key_id: str, response_id: str) -> models.DeletedResponse:
        """Forget a stored response. Raises `NotFound`."""
        return await self._stored.delete(key_id, response_id)

    async def input_items(self, key_id: str, response_id: str, page: Page) -> JsonObject:
        """A page of what a stored response answers: the request's own items. Raises `NotFound`."""
        return await self._stored.input_items(key_id, response_id, page)
