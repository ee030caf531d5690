"""OpenAI's `POST /v1/responses/compact`: a conversation in, an item that stands for it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from gateway.errors import GatewayError
from gateway.neutral.events import Event
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject
from gateway.neutral.seals import OpenSeal
from gateway.surfaces.base import Author, Ended
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_responses import DIALECT, OpenAIResponsesSurface
from gateway.surfaces.responses.document import response_usage
from gateway.surfaces.responses.request.prompt import create_response, typed_items
from gateway.surfaces.responses.writer import ResponseWriter

if TYPE_CHECKING:
    from generated import models

_NOT_HERE = ("stream", "stream_options", "background", "context_management")
"""What makes sense of a response only."""


class CompactionSurface:
    """A request for a compaction is one for a response whose last item is a `compaction_trigger`, never stored."""

    dialect: str | None = DIALECT
    brief: None = None

    def __init__(self) -> None:
        self._responses = OpenAIResponsesSurface()

    def read(self, body: models.CompactResponseBody) -> Generation:
        given = extensions(body)
        items = [extensions(item) for item in typed_items(create_response(given).get("input"))]
        if not items or items[-1].get("type") != "compaction_trigger":
            items.append({"type": "compaction_trigger"})
        asked: JsonObject = {name: value for name, value in given.items() if name not in _NOT_HERE}
        return self._responses.read(create_response({**asked, "input": [*items], "store": False}))

    def restore(self, generation: Generation, open_seal: OpenSeal) -> Generation:
        return self._responses.restore(generation, open_seal)

    def writer(self, generation: Generation, author: Author) -> _CompactionWriter:
        return _CompactionWriter(generation, author)


class _CompactionWriter:
    """Writes the items of a response, and what they took."""

    def __init__(self, generation: Generation, author: Author) -> None:
        self._response = ResponseWriter(generation, author)
        self.ended: Ended | None = None

    def reply(self, events: Sequence[Event]) -> bytes:
        self._response.reply(events)
        response = self._response.response
        compacted: models.CompactedResponse = {
            "id": response["id"],
            "object": "response.compaction",
            "created_at": response["created_at"],
            "output": response["output"],
            "usage": response["usage"] or response_usage(None),
        }
        self.ended = Ended(response, orjson.dumps(compacted))
        return self.ended.body

    def write(self, events: Sequence[Event]) -> bytes:
        raise NotImplementedError("a compaction is never streamed")

    def fail(self, error: GatewayError) -> None:
        raise error

    def end(self) -> bytes:
        raise NotImplementedError("a compaction is never streamed")
