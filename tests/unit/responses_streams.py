"""Streams of the Responses API, as OpenAI has them and as others do, and what is told of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.openai_responses import OpenAIResponses
from gateway.neutral.events import (
    Annotation,
    Done,
    Event,
    Failed,
    ItemBegan,
    ItemEnded,
    PartBegan,
    Reasoning,
    ReasoningState,
    Refusal,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
)
from gateway.neutral.json import Json
from tests.unit.generations import generation_of

DIALECT = OpenAIResponses()
ORIGIN = Origin("lab", "small")
_Object = dict[str, Any]


def stream(payloads: Iterable[Any]) -> list[Event]:
    """The events of a stream of these payloads, which are bytes or are written as JSON. It ends once."""
    decoder = DIALECT.decoder(generation_of("small", is_stream=True), ORIGIN, is_native=True)
    events: list[Event] = []
    for payload in payloads:
        events += decoder.feed(payload if isinstance(payload, bytes) else orjson.dumps(payload))
    events += decoder.end()
    assert decoder.is_over
    assert not decoder.feed(b'{"type":"response.output_text.delta","delta":"late"}')
    assert not decoder.end()
    assert [event for event in events if isinstance(event, Done | Failed)] == events[-1:]
    return events


def plain(response: Any) -> list[Event]:
    """The events of a plain reply."""
    body = response if isinstance(response, bytes) else orjson.dumps(response)
    return DIALECT.decode_reply(body, generation_of("small"), ORIGIN, is_native=True)


def response(*output: _Object, **more: Any) -> _Object:
    """A Response that is complete."""
    return {"id": "resp_1", "object": "response", "status": "completed", "output": list(output), **more}


def completed(*output: _Object, **more: Any) -> _Object:
    """The event that ends a stream well."""
    whole = response(*output, **more)
    return {"type": f"response.{whole['status']}", "response": whole}


def message(text: str = "Hello.", number: int = 0, **more: Any) -> _Object:
    """A message of one text."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    head = {"id": f"msg_{number}", "type": "message", "role": "assistant", "status": "completed"}
    return {**head, "content": [part], **more}


def call(number: int = 0, arguments: str = '{"a":1}', **more: Any) -> _Object:
    """A call of a function."""
    head = {"id": f"fc_{number}", "type": "function_call", "status": "completed"}
    return {**head, "call_id": f"call_{number}", "name": f"f{number}", "arguments": arguments, **more}


def added(item: _Object, index: Any = 0) -> _Object:
    """An item begins."""
    empty = {"content": [], "summary": [], "arguments": "", "input": "", "status": "in_progress"}
    begun = {name: empty.get(name, value) for name, value in item.items()}
    return {"type": "response.output_item.added", "output_index": index, "item": begun}


def done(item: _Object, index: Any = 0) -> _Object:
    """An item is complete."""
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def delta(text: Any, kind: str = "output_text", **place: Any) -> _Object:
    """A piece of text."""
    return {"type": f"response.{kind}.delta", "delta": text, **place}


def said(events: Sequence[Event]) -> list[tuple[str, str]]:
    """What the items say, in order: the kind of each part and its text; calls by their names."""
    told: list[tuple[str, str]] = []
    for event in events:
        match event:
            case PartBegan(kind):
                told.append((kind, ""))
            case ToolCallBegan(name=name):
                told.append((name, ""))
            case Text(text) | Reasoning(text) | Summary(text) | Refusal(text) | ToolArguments(_, text):
                told[-1] = (told[-1][0], told[-1][1] + text)
    return told


def skeleton(events: Sequence[Event]) -> list[Any]:
    """Everything but how texts were cut, and how an item looked before anything had happened."""
    folded: list[Any] = []
    for event in events:
        match event:
            case Text(text) | Reasoning(text) | Summary(text) | Refusal(text) | ToolArguments(_, text):
                kind = type(event).__name__
                if folded and folded[-1][0] == kind:
                    folded[-1] = (kind, folded[-1][1] + text)
                else:
                    folded.append((kind, text))
            case ItemBegan(item):
                folded.append(("began", item["type"]))
            case _:
                folded.append((type(event).__name__, event))
    return folded


def check_order(events: Sequence[Event]) -> None:
    """One item is open at a time, and everything that belongs to one is told while it is."""
    open_kind: Json = None
    for event in events:
        match event:
            case ItemBegan(item):
                assert open_kind is None
                open_kind = item["type"]
            case ToolCallBegan():
                assert open_kind is None
                open_kind = "call"
            case ToolArguments():
                assert open_kind == "call"
            case Text() | Refusal() | Annotation():
                assert open_kind == "message"
            case Reasoning() | Summary() | ReasoningState():
                assert open_kind == "reasoning"
            case ItemEnded():
                assert open_kind is not None
                open_kind = None
    assert open_kind is None or isinstance(events[-1], Failed)


def failure(events: Sequence[Event]) -> tuple[int, str | None]:
    """How it failed."""
    assert isinstance(events[-1], Failed)
    return events[-1].error.status, events[-1].error.code


def told_events(item: _Object, index: int, size: int = 3) -> Iterator[_Object]:
    """The events of one item as OpenAI tells it, in pieces of this size."""
    place = {"item_id": item["id"], "output_index": index}
    yield added(item, index)
    match item["type"]:
        case "message":
            for number, part in enumerate(item["content"]):
                yield from _part(part, {**place, "content_index": number}, "response.content_part", size)
        case "reasoning":
            for number, part in enumerate(item["summary"]):
                yield from _part(part, {**place, "summary_index": number}, "response.reasoning_summary_part", size)
            for number, part in enumerate(item.get("content", ())):
                yield from _part(part, {**place, "content_index": number}, "response.content_part", size)
        case "function_call":
            yield from _texts("function_call_arguments", "arguments", item["arguments"], place, size)
        case "custom_tool_call":
            yield from _texts("custom_tool_call_input", "input", item["input"], place, size)
        case kind:
            yield {"type": f"response.{kind}.in_progress", **place}
    yield done(item, index)


def _part(part: _Object, place: _Object, kind: str, size: int) -> Iterator[_Object]:
    name = "refusal" if part["type"] == "refusal" else "text"
    yield {"type": f"{kind}.added", **place, "part": {**part, name: "", "annotations": []}}
    told = "reasoning_summary_text" if part["type"] == "summary_text" else part["type"]
    *deltas, ended = _texts(told, name, part[name], place, size)
    yield from deltas
    for annotation in part.get("annotations", ()):
        yield {"type": "response.output_text.annotation.added", **place, "annotation": annotation}
    yield ended
    yield {"type": f"{kind}.done", **place, "part": part}


def _texts(kind: str, name: str, text: str, place: _Object, size: int) -> Iterator[_Object]:
    for start in range(0, len(text), size):
        yield delta(text[start : start + size], kind, **place)
    yield {"type": f"response.{kind}.done", **place, name: text}
