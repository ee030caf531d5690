"""Waystone's documented chat operation, `/api/gateway/v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.neutral.events import Event
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject, object_or_empty, objects_in
from gateway.surfaces.base import Author
from gateway.surfaces.body import nothing_to_answer
from gateway.surfaces.extensions import extensions
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_chat.request.body import MESSAGES, chat_request
from gateway.surfaces.openai_chat.writer import ChatWriter
from gateway.surfaces.waystone_fields import with_whole_counts

if TYPE_CHECKING:
    from generated import models


class WaystoneChatSurface:
    """Chat with the document's own fields beside OpenAI's, so that clients of both read the same reply."""

    dialect = OpenAIChatSurface.dialect
    # Its replies have fields that no upstream sends.
    brief = None
    _chat = OpenAIChatSurface()

    def read(self, body: models.WaystoneChatCompletionRequest) -> Generation:
        chat: JsonObject = {
            **with_whole_counts(extensions(body)),
            "messages": [_with_parts(message) for message in body["messages"]],
        }
        if not chat[MESSAGES]:
            raise nothing_to_answer(MESSAGES)
        return self._chat.read(chat_request(chat))

    restore = _chat.restore

    def writer(self, generation: Generation, author: Author) -> ChatWriter:
        return WaystoneChatWriter(generation, author)


class WaystoneChatWriter(ChatWriter):
    """Plain replies with the document's own fields; streams are OpenAI's."""

    passes_on = False

    def document(self, events: Sequence[Event]) -> JsonObject:
        document = super().document(events)
        for choice in objects_in(document["choices"]):
            choice["created"] = document["created"]
            message = object_or_empty(choice["message"])
            message["contents"] = message["content"]
            if not isinstance(message.get("annotations"), list):
                message["annotations"] = []
            message.setdefault("audio", None)
        return document


def _with_parts(
    message: models.WaystoneChatCompletionRequestMessage | models.WaystoneChatCompletionRequestToolMessage,
) -> JsonObject:
    """The document's content is a text or a list of texts, OpenAI's a list of parts."""
    content = message["content"]
    if not isinstance(content, list):
        return extensions(message)
    parts: list[JsonObject] = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
    return {**extensions(message), "content": [*parts]}
