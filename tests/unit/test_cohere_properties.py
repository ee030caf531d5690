"""Cohere's dialect, whatever comes: nothing is lost that it can carry, and no chunk boundary makes a difference."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.cohere.usage import read_usage
from gateway.neutral.events import Done, Event, Failed, Finished, Reasoning, Text, ToolArguments, ToolCallBegan, Usage
from gateway.wire import sse
from tests.replay.decoded import fed
from tests.servers.cohere_rules import complaints
from tests.servers.cohere_upstream import stream_of
from tests.unit.cohere_requests import DIALECT, asked, origin, tool
from tests.unit.generations import generation_of

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
JSON_TEXTS = st.dictionaries(WORDS, st.one_of(WORDS, st.integers(-9, 9), st.none()), max_size=3).map(
    lambda given: orjson.dumps(given).decode()
)
COUNTS = st.integers(-5, 1 << 55) | st.floats(allow_nan=True) | st.none() | st.text(max_size=2)
_Object = dict[str, Any]


@st.composite
def answers(draw: st.DrawFn) -> _Object:
    """A whole answer of Cohere's."""
    message: _Object = {"role": "assistant"}
    parts = draw(st.lists(st.tuples(st.sampled_from(["text", "thinking"]), WORDS), max_size=4))
    if parts:
        message["content"] = [{"type": kind, kind: words} for kind, words in parts]
    calls = draw(st.lists(st.tuples(WORDS, JSON_TEXTS), max_size=3))
    if calls:
        message["tool_plan"] = draw(WORDS)
        message["tool_calls"] = [
            {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for number, (name, arguments) in enumerate(calls)
        ]
    reason = draw(st.sampled_from(["COMPLETE", "MAX_TOKENS", "TOOL_CALL", "STOP_SEQUENCE"]))
    return {"id": "a", "message": message, "finish_reason": reason, "usage": {"tokens": {"input_tokens": 3}}}


def says(events: list[Event]) -> list[Any]:
    """What events say, pieces put together."""
    told: list[Any] = []
    for event in events:
        key = (type(event).__name__, getattr(event, "index", 0))
        if isinstance(event, Text | Reasoning | ToolArguments) and told and told[-1][0] == key:
            told[-1][1] += event.text
        elif isinstance(event, Text | Reasoning | ToolArguments):
            told.append([key, event.text])
        else:
            told.append([key, event])
    return told


@settings(deadline=None)
@given(answers(), st.integers(1, 40))
def test_stream_cut_anywhere_says_what_the_plain_answer_says(answer: _Object, size: int) -> None:
    generation = generation_of("m")
    plain = DIALECT.decode_reply(orjson.dumps(answer), generation, origin(), is_native=False)
    body = b"".join(sse.event(orjson.dumps(event)) for event in stream_of(answer))
    streamed = fed(DIALECT.decoder(generation, origin(), is_native=False), body, size)
    assert says(streamed) == says(plain)
    assert isinstance(plain[-1], Done)


@settings(deadline=None)
@given(answers())
def test_events_hold_everything_that_was_said(answer: _Object) -> None:
    events = DIALECT.decode_reply(orjson.dumps(answer), generation_of("m"), origin(), is_native=False)
    message = answer["message"]
    content = message.get("content", [])
    assert "".join(e.text for e in events if isinstance(e, Text)) == "".join(p.get("text", "") for p in content)
    thoughts = [part.get("thinking", "") for part in content] + [message.get("tool_plan", "")]
    assert "".join(e.text for e in events if isinstance(e, Reasoning)) == "".join(thoughts)
    calls = [(e.id, e.name) for e in events if isinstance(e, ToolCallBegan)]
    assert calls == [(call["id"], call["function"]["name"]) for call in message.get("tool_calls", [])]
    given = {e.index: e.text for e in events if isinstance(e, ToolArguments)}
    assert [given[number] for number in range(len(calls))] == [
        call["function"]["arguments"] for call in message.get("tool_calls", [])
    ]
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert (finished.reason == "tool_calls") == (bool(calls) and answer["finish_reason"] != "MAX_TOKENS")


@settings(deadline=None)
@given(st.binary(max_size=60) | st.recursive(COUNTS, lambda v: st.lists(v) | st.dictionaries(WORDS, v)).map(repr))
def test_nonsense_is_a_failure_and_no_crash(payload: bytes | str) -> None:
    body = payload if isinstance(payload, bytes) else payload.encode("utf-8", "replace")
    assert isinstance(DIALECT.decode_reply(body, generation_of("m"), origin(), is_native=False)[-1], Failed)
    decoder = DIALECT.decoder(generation_of("m"), origin(), is_native=False)
    assert isinstance([*decoder.feed(body), *decoder.end()][-1], Failed)


_SHAPES = st.recursive(
    COUNTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "message",
                    "content",
                    "tool_calls",
                    "function",
                    "type",
                    "text",
                    "delta",
                    "usage",
                    "index",
                    "arguments",
                    "name",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_TYPES = st.sampled_from(
    [
        "content-start",
        "content-delta",
        "tool-call-start",
        "tool-call-delta",
        "citation-start",
        "tool-plan-delta",
        "message-end",
        "message-start",
        "content-end",
    ]
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["message", "usage", "logprobs", "finish_reason"]), _SHAPES), _TYPES, _SHAPES)
def test_misshapen_answers_end_in_one_way_or_the_other(document: _Object, kind: str, delta: Any) -> None:
    events = DIALECT.decode_reply(_json(document), generation_of("m"), origin(), is_native=False)
    assert isinstance(events[-1], Done | Failed)
    decoder = DIALECT.decoder(generation_of("m"), origin(), is_native=False)
    told = [*decoder.feed(_json({"type": kind, "delta": delta, "index": delta})), *decoder.end()]
    assert isinstance(told[-1], Done | Failed)


def _json(document: Any) -> bytes:
    return orjson.dumps(document)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["input_tokens", "output_tokens", "reasoning_tokens", "image_tokens"]), COUNTS),
    COUNTS,
    st.sampled_from(["tokens", "billed_units"]),
)
def test_details_never_exceed_their_parents(tokens: _Object, cached: Any, name: str) -> None:
    usage = read_usage({name: tokens, "cached_tokens": cached})
    assert isinstance(usage, Usage)
    assert 0 <= usage.cached <= usage.prompt
    assert 0 <= usage.reasoning <= usage.completion


ROLES = st.sampled_from(["system", "user", "assistant", "developer"])


@st.composite
def conversations(draw: st.DrawFn) -> list[_Object]:
    """Messages of a chat client, calls with their outputs among them."""
    messages: list[_Object] = [{"role": "user", "content": "Hi"}]
    for number, (role, words) in enumerate(draw(st.lists(st.tuples(ROLES, WORDS), max_size=6))):
        messages.append({"role": role, "content": words})
        if role == "assistant" and draw(st.booleans()):
            name, arguments = "look", draw(JSON_TEXTS)
            function = {"name": name, "arguments": arguments}
            messages[-1]["tool_calls"] = [{"id": f"c{number}", "type": "function", "function": function}]
            messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": draw(WORDS)})
    return messages


@settings(deadline=None)
@given(conversations(), st.booleans(), st.sampled_from([None, "auto", "none", "required"]))
def test_conversation_arrives_whole_and_in_order(messages: list[_Object], has_tools: bool, choice: str | None) -> None:
    tools = {"tools": [tool("look"), tool("find")], "tool_choice": choice} if has_tools else {}
    body = orjson.loads(DIALECT.encode(asked(*messages, **tools), origin()).body)
    assert list(complaints(body)) == []
    assert _plain(body["messages"]) == _plain(messages)
    assert ("tools" in body) == has_tools


def _plain(messages: list[_Object]) -> list[Any]:
    """Messages by what they say; one after the other of the same assistant's are one."""
    told: list[Any] = []
    for message in messages:
        role = "system" if message["role"] == "developer" else message["role"]
        content = message.get("content") or ""
        words = content if isinstance(content, str) else "".join(part["text"] for part in content)
        calls = [(call["id"], call["function"]) for call in message.get("tool_calls", [])]
        told.append((role, words, calls, message.get("tool_call_id")))
    return told
