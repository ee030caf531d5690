"""Chat answers made of neutral events, plain and streamed, each held against the contract."""

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.neutral.events import Event
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_chat.writer import ChatWriter
from gateway.surfaces.waystone_chat import WaystoneChatSurface
from gateway.wire import sse
from tests.clients.contract import check
from tests.unit.generations import generation_of

ChatSurface = OpenAIChatSurface | WaystoneChatSurface
CHAT = OpenAIChatSurface()
AUTHOR = Author("lab", "small-2", lambda state: "sealed")
TOKEN: dict[str, Any] = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}
CITED: dict[str, Any] = {"url": "https://example.com", "title": "Example", "start_index": 1, "end_index": 4}
SEARCH: dict[str, Any] = {"type": "web_search_call", "id": "ws_1", "status": "in_progress"}
IMAGE: dict[str, Any] = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "iVBORw0KGgo="}


def writer(surface: ChatSurface = CHAT, *, include_usage: bool = False) -> ChatWriter:
    return surface.writer(generation_of(model="lab/small", include_usage=include_usage), AUTHOR)


def reply(*events: Event, surface: ChatSurface = CHAT) -> dict[str, Any]:
    """The plain reply, checked."""
    document: dict[str, Any] = orjson.loads(writer(surface).reply(events))
    check("ChatCompletion", document)
    return document


def payloads(events: Sequence[Event], *, include_usage: bool = False) -> list[bytes]:
    """The data of the stream's events, written an event at a time."""
    one = writer(include_usage=include_usage)
    written = b"".join(one.write([event]) for event in events)
    assert (one.ended, one.end()) == (None, b"")
    return sse.Reader().feed(written)


def chunks(*events: Event, include_usage: bool = False) -> list[dict[str, Any]]:
    """The chunks of a stream that ended well, each checked."""
    *found, last = payloads(events, include_usage=include_usage)
    assert last == b"[DONE]"
    documents = [orjson.loads(payload) for payload in found]
    for document in documents:
        check("ChatCompletionChunk", document)
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in documents}) == 1
    return documents
