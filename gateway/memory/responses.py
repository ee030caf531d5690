"""The Responses API: answers that go on from earlier ones, kept for later ones."""

from typing import Any

from gateway.engine import Engine
from gateway.http import Reply, Request, StreamReply
from gateway.memory.stored import StoredResponses
from gateway.memory.turn import Archive, Turn
from gateway.paging import Page
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface

SURFACE = OpenAIResponsesSurface()


class Responses:
    """What the operations on responses do."""

    def __init__(self, engine: Engine, archive: Archive, stored: StoredResponses) -> None:
        self._engine = engine
        self._archive = archive
        self._stored = stored

    async def create(self, request: Request[Any], surface: Surface = SURFACE) -> Reply | StreamReply:
        """Answer, and keep the answer where the request does not say otherwise. Raises as `Engine.answer` does."""
        return await self._engine.answer(request, surface, Turn(self._archive, request.key.key_id))

    async def retrieve(self, key_id: str, response_id: str) -> bytes:
        """A stored response as it was sent. Raises `NotFound`."""
        return await self._stored.retrieve(key_id, response_id)

    async def delete(self, key_id: str, response_id: str) -> dict[str, Any]:
        """Forget a stored response. Raises `NotFound`."""
        return await self._stored.delete(key_id, response_id)

    async def input_items(self, key_id: str, response_id: str, page: Page) -> dict[str, Any]:
        """A page of what a stored response answers: the request's own items. Raises `NotFound`."""
        return await self._stored.input_items(key_id, response_id, page)
