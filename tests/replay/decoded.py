"""What the gateway makes of a recorded body."""

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.dialects.base import Decoder, Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.neutral import events as neutral
from gateway.neutral.events import (
    Annotation,
    Done,
    Event,
    Failed,
    Finished,
    NativeChunk,
    Reasoning,
    ReasoningState,
    Refusal,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.surfaces.base import Author
from gateway.surfaces.responses.writer import ResponseWriter
from gateway.wire import sse
from tests.replay.folding import Call, Told
from tests.unit.generations import generation_of

ORIGIN = Origin("upstream", "asked/model")
ASKED = generation_of("asked/model", asked={"model": "asked/model", "input": "What was recorded."})
DIALECT = OpenAIChat()


def stream_events(body: bytes, *, is_native: bool, include_usage: bool = False, size: int = 1 << 20) -> list[Event]:
    """The events of a streamed answer that arrives in chunks of `size` bytes."""
    generation = generation_of(model="asked/model", is_stream=True, include_usage=include_usage)
    return fed(DIALECT.decoder(generation, ORIGIN, is_native=is_native), body, size)


def fed(decoder: Decoder, body: bytes, size: int) -> list[Event]:
    """What a decoder makes of a recorded stream that arrives in chunks of `size` bytes."""
    reader = sse.Reader()
    events: list[Event] = []
    for start in range(0, len(body), size):
        for payload in reader.feed(body[start : start + size]):
            events += decoder.feed(payload)
    for payload in reader.end():
        events += decoder.feed(payload)
    return [*events, *decoder.end()]


def fold(events: Sequence[Event]) -> dict[int, Told]:
    """What the choices say, by the neutral events."""
    told: dict[int, Told] = {}
    for event in events:
        match event:
            case Text(text, choice):
                told.setdefault(choice, Told()).text += text
            case Reasoning(text, choice) | Summary(text, choice):
                told.setdefault(choice, Told()).reasoning += text
            case Refusal(text, choice):
                told.setdefault(choice, Told()).refusal += text
            case ToolCallBegan(index, identity, name, choice):
                assert identity
                calls = told.setdefault(choice, Told()).calls
                assert index not in calls
                calls[index] = Call(name)
            case ToolArguments(index, text, choice):
                told[choice].calls[index].arguments += text
            case Finished(reason, choice):
                one = told.setdefault(choice, Told())
                assert one.finish is None
                one.finish = reason
            case Annotation() | ReasoningState() | neutral.AnswerMetadata() | Usage() | Done() | Failed():
                pass
            case other:
                raise AssertionError(other)
    return told


def native_chunks(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The chunks that a client of the dialect reads."""
    return [orjson.loads(event.payload) for event in events if isinstance(event, NativeChunk)]


def response(events: Sequence[Event]) -> dict[str, Any]:
    """The plain Response made of these events."""
    document: dict[str, Any] = orjson.loads(_writer().reply(events))
    return document


def streamed_events(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The events of the Response stream made of these events, an event at a time."""
    writer, reader = _writer(), sse.Reader()
    payloads = [payload for event in events for payload in reader.feed(writer.write([event]))]
    payloads += reader.feed(writer.end())
    assert payloads[-1] == b"[DONE]"
    return [orjson.loads(payload) for payload in payloads[:-1]]


def streamed_response(events: Sequence[Event]) -> dict[str, Any]:
    """The Response in the last event of the stream."""
    document: dict[str, Any] = streamed_events(events)[-1]["response"]
    return document


def without_identity(document: Any) -> Any:
    """A document without what differs from answer to answer, and without what only a server can read."""
    match document:
        case dict():
            gone = {"id", "call_id", "created_at", "completed_at", "encrypted_content"}
            return {name: without_identity(value) for name, value in document.items() if name not in gone}
        case list():
            return [without_identity(value) for value in document if not _is_unseen(value)]
        case _:
            return document


def _is_unseen(item: Any) -> bool:
    """Whether an item is reasoning of which nothing is shown."""
    return isinstance(item, dict) and item.get("type") == "reasoning" and not item["content"] and not item["summary"]


def _writer() -> ResponseWriter:
    return ResponseWriter(ASKED, Author("upstream", "asked/model", lambda state: orjson.dumps(state).decode()))
