"""Who offers the deprecated `functions` gets a `function_call`, plain and streamed; others get tool calls."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from gateway.neutral.events import Done, Event, Finished, ReasoningState, Text, ToolArguments, ToolCallBegan
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_chat.writer import ChatWriter
from gateway.surfaces.waystone_chat import WaystoneChatWriter
from gateway.wire import sse
from tests.clients.contract import check

SURFACE = OpenAIChatSurface()
LOOK = {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}
ASKED: dict[str, Any] = {"model": "lab/m", "messages": [{"role": "user", "content": "Hi"}], "functions": [LOOK]}
CALLED: list[Event] = [ToolCallBegan(0, "c1", "look"), ToolArguments(0, '{"at":'), ToolArguments(0, '"it"}')]
SECOND: list[Event] = [ToolCallBegan(1, "c2", "look"), ToolArguments(1, "{}")]
ENDED: list[Event] = [Finished("tool_calls"), Done()]
SAID: list[Event] = [Text("I look.")]
STATE: list[Event] = [ReasoningState({"x": 1})]
ANSWERS = {
    "a call": [*CALLED, *ENDED],
    "two calls": [*CALLED, *SECOND, *ENDED],
    "text and a call": [*SAID, *CALLED, *ENDED],
    "reasoning and a call": [*STATE, *CALLED, *ENDED],
    "an end without a reason": [*CALLED, Done()],
}


def writer(kind: type[ChatWriter], body: Any) -> ChatWriter:
    return kind(SURFACE.read(body), Author("lab", "m", lambda state: "sealed"))


def plain(kind: type[ChatWriter], events: Sequence[Event], body: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(writer(kind, body).reply(events))
    check("ChatCompletion", document)
    (choice,) = document["choices"]
    return {**choice["message"], "reason": choice["finish_reason"]}


def streamed(kind: type[ChatWriter], events: Sequence[Event], body: dict[str, Any]) -> dict[str, Any]:
    """The message that a client puts together."""
    payloads = sse.Reader().feed(writer(kind, {**body, "stream": True}).write(events))
    told: dict[str, Any] = {"content": ""}
    for payload in payloads[:-1]:
        chunk = orjson.loads(payload)
        check("ChatCompletionChunk", chunk)
        (choice,) = chunk["choices"]
        delta = choice["delta"]
        told["content"] += delta.get("content") or ""
        for name, text in (delta.get("function_call") or {}).items():
            call = told.setdefault("function_call", {})
            call[name] = call.get(name, "") + text
        told["tool_calls"] = delta.get("tool_calls") or told.get("tool_calls")
        told["reason"] = choice["finish_reason"] or told.get("reason")
    return told


@pytest.mark.parametrize("kind", [ChatWriter, WaystoneChatWriter])
@pytest.mark.parametrize("told", [plain, streamed])
@pytest.mark.parametrize("events", ANSWERS.values(), ids=ANSWERS)
def test_calls_come_in_the_form_in_which_they_were_offered(kind: Any, told: Any, events: list[Event]) -> None:
    message = told(kind, events, ASKED)
    assert message["function_call"] == {"name": "look", "arguments": '{"at":"it"}'}
    assert message["reason"] == "function_call"
    assert not message.get("tool_calls")
    assert message["content"] == ("I look." if SAID[0] in events else None if told is plain else "")
    tools = {**ASKED, "tools": [{"type": "function", "function": LOOK}]}
    for body in (tools, {**tools, "functions": None}, {**tools, "functions": []}):
        message = told(kind, events, body)
        assert message["reason"] == "tool_calls"
        assert message["tool_calls"]
        assert not message.get("function_call")


@pytest.mark.parametrize("told", [plain, streamed])
def test_an_answer_without_a_call_is_as_ever(told: Any) -> None:
    message = told(ChatWriter, [*SAID, Finished("stop"), Done()], ASKED)
    assert (message["content"], message["reason"]) == ("I look.", "stop")


def test_a_call_without_arguments_has_an_empty_object() -> None:
    events: list[Event] = [ToolCallBegan(0, "c", "look"), Finished("tool_calls"), Done()]
    for told in (plain, streamed):
        assert told(ChatWriter, events, ASKED)["function_call"] == {"name": "look", "arguments": "{}"}


def test_its_reasoning_comes_back_before_it() -> None:
    events: list[Event] = [*SAID, *STATE, *CALLED, *ENDED]
    message: Any = orjson.loads(writer(ChatWriter, ASKED).reply(events))["choices"][0]["message"]
    output = {"role": "function", "name": "look", "content": "1"}
    history: Any = {**ASKED, "messages": [*ASKED["messages"], message, output]}
    kinds = [type(item).__name__ for item in SURFACE.read(history).prompt.items]
    assert kinds == ["Message", "Message", "EarlierReasoning", "ToolCall", "ToolOutput"]
