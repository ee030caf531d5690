"""Waystone's documented chat operation, `/api/gateway/v1/chat/completions`."""

from collections.abc import Sequence
from typing import Any

from gateway.events import Event
from gateway.generation import Generation
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_chat.writer import ChatWriter
from gateway.surfaces.waystone_fields import make_counts_whole


class WaystoneChatSurface(OpenAIChatSurface):
    """Chat with the document's own fields beside OpenAI's, so that clients of both read the same reply."""

    def read(self, body: dict[str, Any]) -> Generation:
        make_counts_whole(body)
        for message in body["messages"]:
            content = message.get("content")
            if isinstance(content, list):
                message["content"] = [_part(part) for part in content]
        return super().read(body)

    def writer(self, generation: Generation, author: Author) -> ChatWriter:
        return WaystoneChatWriter(generation, author)


class WaystoneChatWriter(ChatWriter):
    """Plain replies with the document's own fields; streams are OpenAI's."""

    def document(self, events: Sequence[Event]) -> dict[str, Any]:
        document = super().document(events)
        for choice in document["choices"]:
            choice["created"] = document["created"]
            message = choice["message"]
            message["contents"] = message["content"]
            if not isinstance(message.get("annotations"), list):
                message["annotations"] = []
            message.setdefault("audio", None)
        return document


def _part(part: Any) -> Any:
    """The document's content is a list of strings, OpenAI's a list of parts."""
    return {"type": "text", "text": part} if isinstance(part, str) else part
