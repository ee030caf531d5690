"""`model` in a reply is the upstream's own name, where it reports one, else the one that was requested."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.neutral.events import Event
from gateway.surfaces.base import Author, Surface
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.wire import sse

ASKED, ANSWERED = "lab/asked", "answered-2026"
SURFACES: dict[str, tuple[Surface[Any], Any]] = {
    "chat": (OpenAIChatSurface(), {"model": ASKED, "messages": [{"role": "user", "content": "Hi"}]}),
    "responses": (OpenAIResponsesSurface(), {"model": ASKED, "input": "Hi"}),
}
CHUNK = {"id": "x", "object": "chat.completion.chunk", "created": 1_700_000_000}
ITEM = {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]}


def response(model: Any, status: str, *output: Any) -> Any:
    return {**model, "id": "r", "object": "response", "status": status, "output": [*output]}


def plain(dialect: str, model: Any) -> Any:
    """A reply that reports its model so: under the field's own name, or under none."""
    match dialect:
        case "openai-chat":
            choice = {"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}
            return {**CHUNK, **model, "object": "chat.completion", "choices": [choice]}
        case "anthropic-messages":
            return {**model, "type": "message", "content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn"}
        case "gemini":
            told = {f"{name}Version": value for name, value in model.items()}
            return {**told, "candidates": [{"content": {"parts": [{"text": "Hi."}]}, "finishReason": "STOP"}]}
        case _:
            return response(model, "completed", ITEM)


def streamed(dialect: str, model: Any) -> Iterator[Any]:
    """The same as a stream."""
    match dialect:
        case "openai-chat":
            for delta, reason in (({"role": "assistant"}, None), ({"content": "Hi."}, None), ({}, "stop")):
                yield {**CHUNK, **model, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        case "anthropic-messages":
            yield {"type": "message_start", "message": {**model, "type": "message", "content": []}}
            yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
            yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}}
            yield {"type": "content_block_stop", "index": 0}
            yield {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
            yield {"type": "message_stop"}
        case "gemini":
            yield plain(dialect, model)
        case _:
            yield {"type": "response.created", "response": response(model, "in_progress")}
            yield {"type": "response.in_progress", "response": response(model, "in_progress")}
            yield {"type": "response.output_item.added", "output_index": 0, "item": {**ITEM, "content": []}}
            yield {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi."}
            yield {"type": "response.output_item.done", "output_index": 0, "item": ITEM}
            yield {"type": "response.completed", "response": response(model, "completed", ITEM)}


@pytest.mark.parametrize("reported", [{"model": ANSWERED}, {}, {"model": None}, {"model": ""}, {"model": 5}])
@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("dialect", ["openai-chat", "anthropic-messages", "gemini", "openai-responses"])
@pytest.mark.parametrize("name", SURFACES)
def test_the_upstreams_own_name_is_told_where_there_is_one(
    name: str, dialect: str, is_stream: bool, reported: Any
) -> None:
    surface, body = SURFACES[name]
    generation = surface.read({**body, "stream": is_stream})
    origin = Origin("lab", "asked", DIALECTS[dialect].profile_type())
    writer = surface.writer(generation, Author("lab", "asked", lambda state: ""))
    told: list[Any]
    if is_stream:
        decoder = DIALECTS[dialect].decoder(generation, origin, is_native=False)
        batches: list[list[Event]] = [[*decoder.feed(orjson.dumps(event))] for event in streamed(dialect, reported)] + [
            [*decoder.end()]
        ]
        # What comes before the first content arrives with it.
        written = writer.write([*batches[0], *batches[1]]) + b"".join(map(writer.write, batches[2:])) + writer.end()
        payloads = [payload for payload in sse.Reader().feed(written) if payload != b"[DONE]"]
        events = [orjson.loads(payload) for payload in payloads]
        told = [event.get("response", event)["model"] for event in events if "response" in event or "choices" in event]
    else:
        reply = orjson.dumps(plain(dialect, reported))
        told = [orjson.loads(writer.reply(DIALECTS[dialect].decode_reply(reply, generation, origin, is_native=False)))]
        told = [document["model"] for document in told]
    assert len(told) >= 1 + 2 * is_stream
    assert {*told} == {ANSWERED if reported.get("model") == ANSWERED else ASKED}
