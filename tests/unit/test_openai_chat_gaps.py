"""What servers leave out of calls: gap by path (plain, streamed; passed on, translated), read as clients read it."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.neutral.events import Event, Failed, NativeReply
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.wire.sse import Reader

DIALECT, ORIGIN = OpenAIChat(), Origin("lab", "m")
AUTHOR = Author("lab", "m", lambda state: "sealed")
CHAT, RESPONSES = OpenAIChatSurface(), OpenAIResponsesSurface()
ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
STREAMED: Any = {**ASKED, "stream": True}
IDENTITY = {"id": "x", "created": 1_700_000_000, "model": "m"}
WHOLE = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}

# A call as a server sends it, and the arguments that clients are to find.
GAPS: dict[str, tuple[dict[str, Any], str]] = {
    "whole": (WHOLE, '{"a":1}'),
    "no id": ({**WHOLE, "id": None}, '{"a":1}'),
    "empty id": ({**WHOLE, "id": ""}, '{"a":1}'),
    "no type": ({"id": "c", "function": WHOLE["function"]}, '{"a":1}'),
    "type that is no text": ({**WHOLE, "type": False}, '{"a":1}'),
    "type that is a number": ({**WHOLE, "type": 1}, '{"a":1}'),
    "empty arguments": ({**WHOLE, "function": {"name": "f", "arguments": ""}}, "{}"),
    "null arguments": ({**WHOLE, "function": {"name": "f", "arguments": None}}, "{}"),
    "no arguments": ({**WHOLE, "function": {"name": "f"}}, "{}"),
    "arguments as an object": ({**WHOLE, "function": {"name": "f", "arguments": {"a": 1}}}, '{"a":1}'),
}
EMPTY = [None, {}, {"name": "", "arguments": ""}, {"name": None, "arguments": None}]


def reply(message: dict[str, Any], finish: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    return orjson.dumps({**IDENTITY, "object": "chat.completion", "choices": [choice]})


def stream(*deltas: dict[str, Any], finish: str | None) -> list[bytes]:
    told = [{"index": 0, "delta": delta, "finish_reason": None} for delta in ({"role": "assistant"}, *deltas)]
    end = [{"index": 0, "delta": {}, "finish_reason": finish}] if finish else []
    chunk = {**IDENTITY, "object": "chat.completion.chunk"}
    return [*(orjson.dumps({**chunk, "choices": [choice]}) for choice in (*told, *end)), b"[DONE]"]


def plain(body: bytes, *, is_native: bool) -> list[Event]:
    return DIALECT.decode_reply(body, CHAT.read(ASKED), ORIGIN, is_native=is_native)


def streamed(payloads: list[bytes], *, is_native: bool) -> list[Event]:
    decoder = DIALECT.decoder(CHAT.read(STREAMED), ORIGIN, is_native=is_native)
    return [*decoder.feed_all(payloads), *decoder.end()]


def put_together(chunks: Iterator[dict[str, Any]]) -> tuple[dict[int, dict[str, Any]], str | None]:
    """The calls that a client of chat puts together, and how the answer ended."""
    calls: dict[int, dict[str, Any]] = {}
    finish = None
    for choice in (choice for chunk in chunks for choice in chunk["choices"]):
        for piece in choice["delta"].get("tool_calls") or ():
            found = calls.setdefault(piece["index"], {"id": None, "type": None, "name": "", "arguments": ""})
            found["id"], found["type"] = piece.get("id") or found["id"], piece.get("type") or found["type"]
            found["name"] += piece.get("function", {}).get("name") or ""
            found["arguments"] += piece.get("function", {}).get("arguments") or ""
        finish = choice["finish_reason"] or finish
    return calls, finish


def chat_chunks(events: list[Event]) -> Iterator[dict[str, Any]]:
    written = CHAT.writer(CHAT.read(STREAMED), AUTHOR).write(events)
    return (orjson.loads(payload) for payload in Reader().feed(written) if payload != b"[DONE]")


def response_events(events: list[Event]) -> list[dict[str, Any]]:
    writer = RESPONSES.writer(RESPONSES.read({"model": "m", "input": "Hi", "stream": True}), AUTHOR)
    return [
        orjson.loads(payload) for payload in Reader().feed(writer.write(events) + writer.end()) if payload[:1] == b"{"
    ]


gaps = pytest.mark.parametrize(("call", "arguments"), GAPS.values(), ids=GAPS)


@gaps
@pytest.mark.parametrize("is_native", [True, False], ids=["passed on", "translated"])
def test_a_plain_reply(call: dict[str, Any], arguments: str, is_native: bool) -> None:
    events = plain(reply({"tool_calls": [call]}, "tool_calls"), is_native=is_native)
    (found,) = orjson.loads(CHAT.writer(CHAT.read(ASKED), AUTHOR).reply(events))["choices"][0]["message"]["tool_calls"]
    assert found["id"]
    assert (found["type"], found["function"]) == ("function", {"name": "f", "arguments": arguments})


@gaps
@pytest.mark.parametrize("finish", ["tool_calls", "stop", None])
@pytest.mark.parametrize("is_native", [True, False], ids=["passed on", "translated"])
def test_a_chat_stream(call: dict[str, Any], arguments: str, finish: str | None, is_native: bool) -> None:
    events = streamed(stream({"tool_calls": [{"index": 0, **call}]}, finish=finish), is_native=is_native)
    calls, ended = put_together(chat_chunks(events))
    assert calls[0]["id"]
    assert (calls[0]["type"], calls[0]["name"], calls[0]["arguments"]) == ("function", "f", arguments)
    assert (len(calls), ended) == (1, "tool_calls")


@gaps
def test_a_stream_of_the_responses_api(call: dict[str, Any], arguments: str) -> None:
    events = response_events(
        streamed(stream({"tool_calls": [{"index": 0, **call}]}, finish="tool_calls"), is_native=False)
    )
    told = [one["delta"] for one in events if one["type"] == "response.function_call_arguments.delta"]
    done = [one["arguments"] for one in events if one["type"] == "response.function_call_arguments.done"]
    assert ("".join(told), done) == (arguments, [arguments])


@pytest.mark.parametrize("is_native", [True, False], ids=["passed on", "translated"])
def test_arguments_that_come_later_are_all_there_are(is_native: bool) -> None:
    begun = {"index": 0, **WHOLE, "function": {"name": "f", "arguments": ""}}
    pieces = [{"index": 0, "function": {"arguments": text}} for text in ("", '{"a"', ":", "1}", "")]
    deltas = [{"tool_calls": [piece]} for piece in (begun, *pieces)]
    calls, _ = put_together(chat_chunks(streamed(stream(*deltas, finish="tool_calls"), is_native=is_native)))
    assert calls[0]["arguments"] == '{"a":1}'


@pytest.mark.parametrize("empty", EMPTY)
def test_an_empty_legacy_call_is_none(empty: Any) -> None:
    message = {"content": "4", "function_call": empty}
    for events in (
        plain(reply(message, "stop"), is_native=False),
        streamed(stream({"content": "4"}, {"function_call": empty}, finish="stop"), is_native=False),
    ):
        assert not any(isinstance(event, Failed) for event in events)
        assert [one["type"] for one in response_events(events) if one["type"].endswith("item.done")] == [
            "response.output_item.done"
        ]
    (native, *_) = plain(reply(message, "stop"), is_native=True)
    assert isinstance(native, NativeReply)
