"""Nulls and spellings of upstreams that are no OpenAI chat: what is sent, and what is read of it."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.neutral.events import Done, Event, Reasoning, Text, ToolArguments, ToolCallBegan
from gateway.surfaces.openai_chat import OpenAIChatSurface

ASKED: Any = {
    "model": "m",
    "messages": [{"role": "user", "content": "Hi"}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
}
STREAMED: Any = {**ASKED, "stream": True}
ARGUMENTS = '{"a":1}'


def plain(dialect: str, document: Any) -> list[Event]:
    spoken = DIALECTS[dialect]
    generation = OpenAIChatSurface().read(ASKED)
    origin = Origin("lab", "m", spoken.profile_type())
    return [*spoken.decode_reply(orjson.dumps(document), generation, origin, is_native=False)]


def streamed(dialect: str, documents: Sequence[Any]) -> list[Event]:
    spoken = DIALECTS[dialect]
    generation = OpenAIChatSurface().read(STREAMED)
    decoder = spoken.decoder(generation, Origin("lab", "m", spoken.profile_type()), is_native=False)
    return [*decoder.feed_all([orjson.dumps(document) for document in documents]), *decoder.end()]


def said(events: Sequence[Event]) -> tuple[str, str, list[str]]:
    """The text, the reasoning and the arguments of calls. Fails where the answer did."""
    assert isinstance(events[-1], Done), events[-1]
    text = "".join(event.text for event in events if isinstance(event, Text))
    reasoning = "".join(event.text for event in events if isinstance(event, Reasoning))
    calls = {event.index: "" for event in events if isinstance(event, ToolCallBegan)}
    for event in events:
        if isinstance(event, ToolArguments):
            calls[event.index] += event.text
    return text, reasoning, [*calls.values()]


START = {"type": "message_start", "message": {"id": "m", "model": "m", "usage": {"input_tokens": 1}}}
STOP = ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"})


def begun(block: Any, index: Any = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def piece(delta: Any, index: Any = 0) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def stopped(index: Any = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


HI = {"type": "text_delta", "text": "Hi"}
CALL = {"type": "tool_use", "id": "c", "name": "f"}
IN_PIECES = [piece({"type": "input_json_delta", "partial_json": part}) for part in ('{"a"', ":1}")]

ANTHROPIC_STREAMS: dict[str, tuple[list[Any], tuple[str, str, list[str]]]] = {
    "block of null": ([begun(None), piece(HI), stopped()], ("Hi", "", [])),
    "block of null, thinking": (
        [
            *(begun(None), piece({"type": "thinking_delta", "thinking": "Hm"}), stopped()),
            *(begun({"type": "text", "text": ""}, 1), piece(HI, 1), stopped(1)),
        ],
        ("Hi", "Hm", []),
    ),
    "block of null and nothing more": (
        [begun(None), stopped(), begun({"type": "text"}, 1), piece(HI, 1)],
        ("Hi", "", []),
    ),
    "delta of null": ([begun({"type": "text", "text": ""}), piece(None), piece(HI), stopped()], ("Hi", "", [])),
    "text of null": (
        [begun({"type": "text", "text": None}), piece({"type": "text_delta", "text": None}), piece(HI), stopped()],
        ("Hi", "", []),
    ),
    "thinking of null": (
        [begun({"type": "thinking", "thinking": None}), piece({"type": "thinking_delta", "thinking": None}), stopped()],
        ("", "", []),
    ),
    "arguments of null": (
        [
            begun({**CALL, "input": {}}),
            piece({"type": "input_json_delta", "partial_json": None}),
            *IN_PIECES,
            stopped(),
        ],
        ("", "", [ARGUMENTS]),
    ),
    "index as a text": (
        [begun({**CALL, "input": {}}, "0"), *IN_PIECES[:1], piece(IN_PIECES[1]["delta"], "0"), stopped("0")],
        ("", "", [ARGUMENTS]),
    ),
    "input at the beginning": ([begun({**CALL, "input": {"a": 1}}), stopped()], ("", "", [ARGUMENTS])),
    "input at the beginning, no end": ([begun({**CALL, "input": {"a": 1}})], ("", "", [ARGUMENTS])),
    "input twice": ([begun({**CALL, "input": {"a": 1}}), *IN_PIECES, stopped()], ("", "", [ARGUMENTS])),
    "input as a text": ([begun({**CALL, "input": ARGUMENTS}), stopped()], ("", "", [ARGUMENTS])),
    "input as a text, twice": ([begun({**CALL, "input": ARGUMENTS}), *IN_PIECES, stopped()], ("", "", [ARGUMENTS])),
}


@pytest.mark.parametrize(("events", "expected"), ANTHROPIC_STREAMS.values(), ids=ANTHROPIC_STREAMS)
def test_anthropics_streams(events: list[Any], expected: tuple[str, str, list[str]]) -> None:
    assert said(streamed("anthropic-messages", [START, *events, *STOP])) == expected


@pytest.mark.parametrize("delta", [{"delta": None, "usage": {"output_tokens": 3}}, {"delta": {"stop_reason": None}}])
def test_the_end_of_anthropics_streams_may_be_null(delta: dict[str, Any]) -> None:
    events = [START, begun({"type": "text", "text": ""}), piece(HI), stopped(), {"type": "message_delta", **delta}]
    assert said(streamed("anthropic-messages", [*events, {"type": "message_stop"}])) == ("Hi", "", [])


MESSAGE = {"type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
REPLIES: dict[str, tuple[str, Any, tuple[str, str, list[str]]]] = {
    "Anthropic, null block": (
        "anthropic-messages",
        {**MESSAGE, "content": [None, {"type": "text", "text": "Hi"}]},
        ("Hi", "", []),
    ),
    "Anthropic, text": ("anthropic-messages", {**MESSAGE, "content": "Hi"}, ("Hi", "", [])),
    "Anthropic, input as a text": (
        "anthropic-messages",
        {**MESSAGE, "content": [{**CALL, "input": ARGUMENTS}]},
        ("", "", [ARGUMENTS]),
    ),
    "Anthropic, input": (
        "anthropic-messages",
        {**MESSAGE, "content": [{**CALL, "input": {"a": 1}}, {**CALL, "id": "d", "input": None}]},
        ("", "", [ARGUMENTS, "{}"]),
    ),
    "Anthropic, input that is words": (
        "anthropic-messages",
        {**MESSAGE, "content": [{**CALL, "input": "words"}]},
        ("", "", ['"words"']),
    ),
    "Gemini, arguments as a text": (
        "gemini",
        {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": ARGUMENTS}}]}}]},
        ("", "", [ARGUMENTS]),
    ),
    "Gemini, arguments that are words": (
        "gemini",
        {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": "words"}}]}}]},
        ("", "", ["{}"]),
    ),
    "Cohere, arguments as an object": (
        "cohere",
        {
            "finish_reason": "TOOL_CALL",
            "message": {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}]},
        },
        ("", "", [ARGUMENTS]),
    ),
    "Bedrock, input as a text": (
        "bedrock-converse",
        {
            "output": {"message": {"content": [{"toolUse": {"toolUseId": "c", "name": "f", "input": ARGUMENTS}}]}},
            "stopReason": "tool_use",
        },
        ("", "", [ARGUMENTS]),
    ),
    "Responses, output of null": (
        "openai-responses",
        {"object": "response", "status": "completed", "output": None},
        ("", "", []),
    ),
}


@pytest.mark.parametrize(("dialect", "document", "expected"), REPLIES.values(), ids=REPLIES)
def test_plain_replies(dialect: str, document: Any, expected: tuple[str, str, list[str]]) -> None:
    assert said(plain(dialect, document)) == expected


def test_an_item_of_null_is_complete_with_the_answer() -> None:
    item = {"type": "message", "id": "i", "role": "assistant", "status": "in_progress", "content": []}
    events: list[Any] = [
        {"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_text.delta", "output_index": 0, "item_id": "i", "content_index": 0, "delta": "Hi"},
        {"type": "response.output_item.done", "output_index": 0, "item": None},
        {"type": "response.output_item.added", "output_index": 1, "item": {**item, "id": "j"}},
        {"type": "response.output_text.delta", "output_index": 1, "item_id": "j", "content_index": 0, "delta": " you"},
        {"type": "response.output_item.done", "output_index": 1, "item": None},
        {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": None}},
    ]
    assert said(streamed("openai-responses", events)) == ("Hi you", "", [])


def test_cohere_streams_arguments_as_an_object() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    events = [
        {"type": "message-start", "delta": {"message": {"role": "assistant"}}},
        {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": call}}},
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}},
    ]
    assert said(streamed("cohere", events)) == ("", "", [ARGUMENTS])
