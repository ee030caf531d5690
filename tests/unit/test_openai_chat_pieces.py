"""What servers get wrong in answers, as stock clients read it: plain and streamed, passed on and translated."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.neutral.events import Event, Failed
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.wire.sse import Reader

DIALECT, ORIGIN = OpenAIChat(), Origin("lab", "m")
AUTHOR = Author("lab", "m", lambda state: "sealed")
CHAT, RESPONSES = OpenAIChatSurface(), OpenAIResponsesSurface()
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]
ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": TOOLS}
STREAMED: Any = {**ASKED, "stream": True}
AS_RESPONSE: Any = {"model": "m", "input": "Hi", "tools": [{"type": "function", "name": name} for name in "fg"]}
IDENTITY = {"id": "x", "created": 1_700_000_000, "model": "m"}
X = '{"x":1}'
Call = tuple[str | None, str, str]
"""An id (None: one of the gateway's), a name, and arguments."""
both = pytest.mark.parametrize("is_native", [True, False], ids=["passed on", "translated"])


def piece(name: str | None = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    """A piece of a call, with the fields that are given."""
    given = {"name": name, "arguments": arguments}
    return {**more, "function": {field: value for field, value in given.items() if value is not None}}


# By the pieces that come in chunks of their own: the calls that a client is to find.
PIECES: dict[str, tuple[Sequence[dict[str, Any]], list[Call]]] = {
    "indexes from 1": (
        (piece("f", X, index=1, id="a"), piece("g", X, index=2, id="b")),
        [("a", "f", X), ("b", "g", X)],
    ),
    "indexes with a gap": (
        (piece("f", X, index=3, id="a"), piece("g", X, index=7, id="b")),
        [("a", "f", X), ("b", "g", X)],
    ),
    "the second first": (
        (piece("f", X, index=1, id="a"), piece("g", X, index=0, id="b")),
        [("a", "f", X), ("b", "g", X)],
    ),
    "an index that is no integer": (
        (piece("f", X, index=0.0, id="a"), piece("g", X, index=1.0, id="b")),
        [("a", "f", X), ("b", "g", X)],
    ),
    "an index as text": (
        (piece("f", X, index="0", id="a"), piece("g", X, index="1", id="b")),
        [("a", "f", X), ("b", "g", X)],
    ),
    "id and name in every piece": (
        (piece("f", '{"x"', index=0, id="a"), piece("f", ":1}", index=0, id="a")),
        [("a", "f", X)],
    ),
    "id and type in every piece": (
        (piece("f", '{"x"', index=0, id="a", type="function"), piece(None, ":1}", index=0, id="a", type="function")),
        [("a", "f", X)],
    ),
    "a late id": ((piece("f", '{"x"', index=0, id=None), piece(None, ":1}", index=0, id="late")), [(None, "f", X)]),
    "an id before the name": ((piece("", "", index=0, id="a"), piece("f", X, index=0, id=None)), [("a", "f", X)]),
    "arguments before the name": (
        (piece(None, '{"x"', index=0, id=None), piece("f", ":1}", index=0, id="late")),
        [("late", "f", X)],
    ),
    "a second call at the index of the first": (
        (piece("f", X, index=0, id="a"), piece("g", X, index=0)),
        [("a", "f", X), (None, "g", X)],
    ),
    "one id for two calls": (
        (piece("f", X, index=0, id="a"), piece("g", X, index=0, id="a")),
        [("a", "f", X), ("a", "g", X)],
    ),
    "no index, then one": ((piece("f", '{"x"', id="a"), piece(None, ":1}", index=1)), [("a", "f", X)]),
    "no index at all": ((piece("f", X), piece("f", X)), [(None, "f", X), (None, "f", X)]),
    "an id that never gets a name": (
        ({"index": 0, "id": "a", "function": {}}, piece("f", X, index=1, id="b")),
        [("b", "f", X)],
    ),
    "nothing": (({},), []),
    "nothing in words": ((piece("", "", index=0, id="", type="function"),), []),
    "a function of null": (({"index": 0, "id": None, "function": None},), []),
    "nothing beside something": ((piece("f", X, index=0, id="a"), piece("", "", index=1)), [("a", "f", X)]),
    "another type": ((piece("f", X, index=0, id="a", type="tool_use"),), [("a", "f", X)]),
}
pieces = pytest.mark.parametrize(("told", "calls"), PIECES.values(), ids=PIECES)


def chunk(delta: Any, finish: Any = None, **choice: Any) -> bytes:
    whole = {"index": 0, "delta": delta, "finish_reason": finish, **choice}
    return orjson.dumps({**IDENTITY, "object": "chat.completion.chunk", "choices": [whole]})


def reply(message: Any, finish: Any = "stop", **choice: Any) -> bytes:
    whole = {"index": 0, "message": message, "finish_reason": finish, **choice}
    return orjson.dumps({**IDENTITY, "object": "chat.completion", "choices": [whole]})


def streamed(*payloads: bytes, is_native: bool) -> list[Event]:
    decoder = DIALECT.decoder(CHAT.read(STREAMED), ORIGIN, is_native=is_native)
    return [*decoder.feed_all([*payloads, b"[DONE]"]), *decoder.end()]


def plain(body: bytes, *, is_native: bool) -> list[Event]:
    return DIALECT.decode_reply(body, CHAT.read(ASKED), ORIGIN, is_native=is_native)


def from_stream(events: list[Event]) -> Any:
    """The choice that OpenAI's own client puts together."""
    state = ChatCompletionStreamState()
    written = CHAT.writer(CHAT.read(STREAMED), AUTHOR).write(events)
    for payload in Reader().feed(written):
        if payload != b"[DONE]":
            state.handle_chunk(ChatCompletionChunk.model_validate_json(payload))
    return state.current_completion_snapshot.choices[0]


def from_reply(events: list[Event]) -> Any:
    written = CHAT.writer(CHAT.read(ASKED), AUTHOR).reply(events)
    return ChatCompletion.model_validate_json(written).choices[0]


def told_calls(choice: Any) -> list[Call]:
    return [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls or ()]


def expect(found: list[Call], calls: list[Call]) -> None:
    assert [(name, arguments) for _, name, arguments in found] == [(name, text) for _, name, text in calls]
    for (call_id, *_), (expected, *_) in zip(found, calls, strict=True):
        assert call_id == expected or (expected is None and str(call_id).startswith("call_"))


def response(events: list[Event]) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(RESPONSES.writer(RESPONSES.read(AS_RESPONSE), AUTHOR).reply(events))
    return document


@pieces
@both
def test_calls_of_a_stream(told: Sequence[dict[str, Any]], calls: list[Call], is_native: bool) -> None:
    events = streamed(*(chunk({"tool_calls": [one]}) for one in told), chunk({}, "stop"), is_native=is_native)
    choice = from_stream(events)
    expect(told_calls(choice), calls)
    assert choice.finish_reason == ("tool_calls" if calls else "stop")


@pieces
def test_calls_of_a_stream_as_a_response(told: Sequence[dict[str, Any]], calls: list[Call]) -> None:
    events = streamed(*(chunk({"tool_calls": [one]}) for one in told), chunk({}, "stop"), is_native=False)
    output = response(events)["output"]
    expect([(item["call_id"], item["name"], item["arguments"]) for item in output], calls)


# Calls in a plain reply that are none, beside a text.
NO_CALLS: list[Any] = [
    None,
    [],
    {},
    "",
    False,
    0,
    [None],
    [{}],
    [{"id": "", "function": {"name": "", "arguments": ""}}],
]


@both
@pytest.mark.parametrize("none", [*NO_CALLS, [{"function": None}], [{"function": {"name": "", "arguments": "{}"}}]])
def test_calls_that_are_none_leave_the_text_alone(none: Any, is_native: bool) -> None:
    said = {"role": "assistant", "content": "hi", "tool_calls": none}
    for finish in ("stop", "tool_calls"):
        choice = from_reply(plain(reply(said, finish), is_native=is_native))
        assert (choice.message.content, choice.message.tool_calls or [], choice.finish_reason) == ("hi", [], "stop")
        events = streamed(chunk({"content": "hi", "tool_calls": none}), chunk({}, finish), is_native=is_native)
        choice = from_stream(events)
        assert (choice.message.content, choice.message.tool_calls or [], choice.finish_reason) == ("hi", [], "stop")


@both
@pytest.mark.parametrize("none", [False, {}, 0, []])
def test_other_words_for_nothing(none: Any, is_native: bool) -> None:
    for field in ("refusal", "reasoning_content", "function_call", "annotations"):
        said = {"role": "assistant", "content": "hi", field: none}
        assert from_reply(plain(reply(said), is_native=is_native)).message.content == "hi"
        assert from_stream(streamed(chunk(said), chunk({}, "stop"), is_native=is_native)).message.content == "hi"


# The deprecated form: as it comes in a plain reply, and the arguments of the call; None: there is none.
LEGACY: dict[str, tuple[Any, str | None]] = {
    "whole": ({"name": "f", "arguments": X}, X),
    "arguments as an object": ({"name": "f", "arguments": {"x": 1}}, X),
    "null arguments": ({"name": "f", "arguments": None}, "{}"),
    "no arguments": ({"name": "f"}, "{}"),
    "empty arguments": ({"name": "f", "arguments": ""}, "{}"),
    "nothing": ({}, None),
    "empty": ({"name": "", "arguments": ""}, None),
    "no name": ({"name": "", "arguments": "{}"}, None),
    "a name of null": ({"name": None, "arguments": "{}"}, None),
}


@pytest.mark.parametrize(("told", "arguments"), LEGACY.values(), ids=LEGACY)
@pytest.mark.parametrize("finish", ["stop", "function_call", None])
def test_the_deprecated_call(told: Any, arguments: str | None, finish: str | None) -> None:
    said = {"role": "assistant", "content": None if arguments else "hi", "function_call": told}
    pieces = [chunk({**said, "function_call": told}), chunk({}, finish)]
    for choice in (
        from_reply(plain(reply(said, finish), is_native=True)),
        from_stream(streamed(*pieces, is_native=True)),
    ):
        call = choice.message.function_call
        assert (call and (call.name, call.arguments)) == (("f", arguments) if arguments else None)
        assert choice.finish_reason == ("function_call" if arguments else "stop")
    expected: list[Call] = [(None, "f", arguments)] if arguments else []
    for events in (plain(reply(said, finish), is_native=False), streamed(*pieces, is_native=False)):
        output = response(events)["output"]
        expect([(item["call_id"], item["name"], item["arguments"]) for item in output if "name" in item], expected)
        assert any(item["type"] == "message" for item in output) == (arguments is None)
    choice = from_stream(streamed(*pieces, is_native=False))
    expect(told_calls(choice), expected)
    assert choice.finish_reason == ("tool_calls" if arguments else "stop")


def test_a_call_in_both_forms_is_one() -> None:
    legacy = chunk({"function_call": {"name": "f", "arguments": X}})
    again = chunk({"tool_calls": [piece("f", X, index=0, id="a")]})
    expect(told_calls(from_stream(streamed(legacy, again, chunk({}, "stop"), is_native=False))), [(None, "f", X)])


FINISHES: dict[str | None, str] = {
    **dict.fromkeys(("stop", "STOP", "eos", "end_turn", "", None), "stop"),
    **dict.fromkeys(("length", "LENGTH", "max_tokens", "MAX_TOKENS", "model_length"), "length"),
    **dict.fromkeys(("content_filter", "content-filter", "SAFETY"), "content_filter"),
    # No calls came.
    **dict.fromkeys(("tool_calls", "tool_use", "function_call"), "stop"),
}


@both
@pytest.mark.parametrize(("told", "expected"), FINISHES.items())
def test_finish_reasons(told: str | None, expected: str, is_native: bool) -> None:
    assert from_reply(plain(reply({"content": "hi"}, told), is_native=is_native)).finish_reason == expected
    ended = from_stream(streamed(chunk({"content": "hi"}), chunk({}, told), is_native=is_native))
    assert ended.finish_reason == expected


@both
@pytest.mark.parametrize("reason", ["error", "ERROR", "abort"])
def test_reasons_that_are_failures(reason: str, is_native: bool) -> None:
    assert isinstance(plain(reply({"content": "hi"}, reason), is_native=is_native)[-1], Failed)
    assert isinstance(streamed(chunk({"content": "hi"}, reason), is_native=is_native)[-1], Failed)


@both
@pytest.mark.parametrize("role", ["Assistant", "model", "", "user", 5, None])
def test_roles(role: Any, is_native: bool) -> None:
    assert from_reply(plain(reply({"role": role, "content": "hi"}), is_native=is_native)).message.role == "assistant"
    events = streamed(chunk({"role": role, "content": "hi"}), chunk({}, "stop"), is_native=is_native)
    written = CHAT.writer(CHAT.read(STREAMED), AUTHOR).write(events)
    documents = [orjson.loads(payload) for payload in Reader().feed(written) if payload != b"[DONE]"]
    assert {one["choices"][0]["delta"].get("role") for one in documents} <= {"assistant", None}


@both
@pytest.mark.parametrize("said", [{"message": {"content": "hi"}}, {"delta": {"content": "hi"}}, {"text": "hi"}])
def test_an_answer_in_the_shape_of_the_other_kind(said: Any, is_native: bool) -> None:
    choice = {"index": 0, "finish_reason": "stop", **said}
    body = orjson.dumps({**IDENTITY, "choices": [choice]})
    assert from_reply(plain(body, is_native=is_native)).message.content == "hi"
    assert from_stream(streamed(body, is_native=is_native)).message.content == "hi"


@both
def test_choices_without_an_index_stay_apart(is_native: bool) -> None:
    choices = [{"delta": {"content": text}, "finish_reason": "stop"} for text in "ab"]
    events = streamed(orjson.dumps({**IDENTITY, "choices": choices}), is_native=is_native)
    written = CHAT.writer(CHAT.read(STREAMED), AUTHOR).write(events)
    told: dict[int, str] = {}
    for payload in Reader().feed(written):
        for choice in orjson.loads(payload)["choices"] if payload != b"[DONE]" else ():
            told[choice["index"]] = told.get(choice["index"], "") + (choice["delta"].get("content") or "")
    assert told == {0: "a", 1: "b"}


def test_what_is_said_after_the_finish_reason_is_said() -> None:
    late = [chunk({"content": "hi"}, "stop"), chunk({"content": " there"}, "stop")]
    assert from_stream(streamed(*late, is_native=False)).message.content == "hi there"
    (item,) = response(streamed(*late, is_native=False))["output"]
    assert item["content"][0]["text"] == "hi there"
    call = chunk({"tool_calls": [piece("f", X, index=0, id="a")]}, "tool_calls")
    choice = from_stream(streamed(late[0], call, is_native=False))
    assert (told_calls(choice), choice.finish_reason) == ([("a", "f", X)], "tool_calls")
