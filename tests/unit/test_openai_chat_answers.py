"""Answers of a chat upstream as neutral events: calls restored, reasoning kept for its author, plain as streamed."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.neutral.events import (
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    Reasoning,
    ReasoningState,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.neutral.generation import Generation
from tests.servers.chat_scripts import PATCH, SEALED, SIGNED, STEPS, SUMMARY, deltas, finish, message
from tests.unit.chat_requests import DIALECT, RICH, asked, encode, reasoning, user

ORIGIN = Origin("lab", "small")
PATCHER = {"type": "custom", "name": "patch"}
LOOK = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}


def plain(generation: Generation, message: dict[str, Any], reason: str = "stop", **more: Any) -> list[Event]:
    body = orjson.dumps({"choices": [{"index": 0, "message": message, "finish_reason": reason}], **more})
    return DIALECT.decode_reply(body, generation, ORIGIN, is_native=False)


def streamed(generation: Generation, pieces: Sequence[dict[str, Any]], reason: str = "stop") -> list[Event]:
    decoder = DIALECT.decoder(generation, ORIGIN, is_native=False)
    events: list[Event] = []
    for number, piece in enumerate([*pieces, {}]):
        end = reason if number == len(pieces) else None
        events += decoder.feed(orjson.dumps({"choices": [{"index": 0, "delta": piece, "finish_reason": end}]}))
    return [*events, *decoder.feed(b"[DONE]")]


def folded(events: Sequence[Event]) -> list[Any]:
    """The events with neighbours of one kind put together, and arguments with their calls."""
    told: list[Any] = []
    arguments: dict[tuple[int, int], str] = {}
    for event in events:
        last = told[-1] if told else None
        match event:
            case ToolArguments(index, text, choice):
                arguments[choice, index] = arguments.get((choice, index), "") + text
            case Text() | Reasoning() | Summary() if type(last) is type(event):
                last.text += event.text
            case Text(text, choice):
                told.append(Text(text, choice))
            case Reasoning(text, choice):
                told.append(Reasoning(text, choice))
            case Summary(text, choice):
                told.append(Summary(text, choice))
            case _:
                told.append(event)
    return [
        (event, arguments.get((event.choice, event.index)) or "{}") if isinstance(event, ToolCallBegan) else event
        for event in told
    ]


def scripted(name: str, generation: Generation) -> tuple[list[Event], list[Event]]:
    """The answer of a script, plain and streamed."""
    body, _ = encode(generation, RICH if name == "custom" else ChatProfile.own(ORIGIN.profile))
    reason = finish(name, body)
    return plain(generation, message(name, body), reason), streamed(generation, list(deltas(name, body)), reason)


SCRIPTS = (
    *("echo", "tools", "parallel-tools", "interleaved", "empty-arguments", "reasoning-tools", "refusal", "reasoning"),
    *("reasoning-details", "reasoning-summary", "legacy-call", "custom", "call"),
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_streamed_answer_is_the_plain_one(name: str) -> None:
    whole, pieces = scripted(name, asked(user(), tools=[PATCHER, LOOK]))
    # The id of a call that has none is made up, each time anew.
    for event in (*whole, *pieces):
        if isinstance(event, ToolCallBegan) and name == "legacy-call":
            event.id = "made up"
    assert folded(whole) == folded(pieces)


def test_custom_call_is_told_as_one() -> None:
    for events in scripted("custom", asked(user(), tools=[PATCHER])):
        assert folded(events) == [
            (ToolCallBegan(0, "call_0", "patch", kind="custom"), PATCH),
            Finished("tool_calls"),
            Done(),
        ]


def test_free_text_is_unwrapped_from_the_function_that_stood_in() -> None:
    for events in scripted("call", asked(user(), tools=[LOOK, PATCHER])):
        assert folded(events)[:2] == [
            (ToolCallBegan(0, "call_0", "look"), '{"city":"Paris"}'),
            (ToolCallBegan(1, "call_1", "patch", kind="custom"), PATCH),
        ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input": "a\\nb"}', "a\nb"),
        ('{"input":""}', ""),
        ('{"patch": "a"}', "a"),
        ('"a"', "a"),
        ("*** Begin", "*** Begin"),
        ('{"input": "a', '{"input": "a'),
        ('{"a": 1}', '{"a": 1}'),
        ('{"input": "a\nb"}', "a\nb"),
        ("", ""),
    ],
)
def test_free_text_is_found_however_the_model_wrote_it(arguments: str, text: str) -> None:
    generation = asked(user(), tools=[PATCHER])
    whole = {"id": "c", "type": "function", "function": {"name": "patch", "arguments": arguments}}
    first = {"index": 0, "id": "c", "function": {"name": "patch", "arguments": arguments[:3]}}
    rest = {"index": 0, "function": {"arguments": arguments[3:]}}
    pieces = [{"tool_calls": [piece]} for piece in (first, rest)]
    for events in (plain(generation, {"tool_calls": [whole]}), streamed(generation, pieces)):
        assert events[0] == ToolCallBegan(0, "c", "patch", kind="custom")
        assert "".join(event.text for event in events if isinstance(event, ToolArguments)) == text


def test_parallel_calls_may_come_interleaved() -> None:
    whole, pieces = scripted("interleaved", asked(user()))
    indexes = [event.index for event in pieces if isinstance(event, ToolCallBegan | ToolArguments)]
    assert indexes == [0, 1, 0, 1, 0, 1]
    assert folded(whole) == folded(pieces)


def test_legacy_call_is_a_call() -> None:
    for events in scripted("legacy-call", asked(user())):
        call, finished, _ = folded(events)
        assert (call[0].name, call[1], finished) == ("f0", '{"city":"Paris"}', Finished("tool_calls"))
        assert call[0].id


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_whole_under_the_name_it_came_by(name: str) -> None:
    expected = [Reasoning("ab"), ReasoningState({name: "ab"}), Text("So."), Finished("stop"), Done()]
    assert folded(plain(asked(user()), {name: "ab", "content": "So."})) == expected
    pieces = [{name: "a"}, {name: "b", "content": ""}, {"content": "S"}, {"content": "o."}]
    assert folded(streamed(asked(user()), pieces)) == expected


def test_reasoning_that_nothing_follows_is_over_at_the_end() -> None:
    expected = [Reasoning("a"), ReasoningState({"reasoning": "a"}), Finished("length"), Done()]
    assert plain(asked(user()), {"reasoning": "a"}, "length") == expected
    assert streamed(asked(user()), [{"reasoning": "a"}], "length") == expected


def test_details_are_put_together_and_kept_with_their_signature() -> None:
    for events in scripted("reasoning-details", asked(user())):
        assert folded(events)[:3] == [
            Reasoning("".join(STEPS)),
            ReasoningState({"reasoning_details": [SIGNED]}),
            Text("Hi"),
        ]


def test_details_that_are_signed_are_complete() -> None:
    signed: list[Any] = [{"type": "reasoning.text", "text": text, "signature": f"{text}=", "index": 0} for text in "ab"]
    events = streamed(asked(user()), [{"reasoning_details": [detail]} for detail in signed])
    assert folded(events)[:2] == [Reasoning("ab"), ReasoningState({"reasoning_details": signed})]


def test_summary_is_told_as_one_and_what_is_sealed_is_kept_beside_it() -> None:
    for events in scripted("reasoning-summary", asked(user())):
        assert folded(events)[:2] == [
            Summary("**Looking**"),
            ReasoningState({"reasoning_details": [SUMMARY, SEALED]}),
        ]


def test_sealed_details_that_come_late_do_not_tear_a_text_apart() -> None:
    pieces: list[dict[str, Any]] = [{"content": "a"}, {"reasoning_details": [SEALED]}, {"content": "b"}]
    state = ReasoningState({"reasoning_details": [SEALED]})
    assert folded(streamed(asked(user()), pieces)) == [Text("ab"), state, Finished("stop"), Done()]
    early: list[dict[str, Any]] = [{"content": "", "reasoning_details": [SEALED]}, {"content": "a"}]
    assert folded(streamed(asked(user()), early))[:2] == [state, Text("a")]


def test_reasoning_between_calls_has_a_state_of_its_own() -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    pieces: list[dict[str, Any]] = [{"reasoning": "a"}, {"tool_calls": [{**call, "index": 0}]}, {"reasoning": "b"}]
    pieces.append({"tool_calls": [{**call, "id": "d", "index": 1}]})
    states = [event.state for event in streamed(asked(user()), pieces) if isinstance(event, ReasoningState)]
    assert states == [{"reasoning": "a"}, {"reasoning": "b"}]


def test_reasoning_among_the_texts_goes_back_among_them() -> None:
    thinking: dict[str, Any] = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    content = [thinking, {"type": "text", "text": "So."}]
    expected = [Reasoning("Hm."), ReasoningState({"content": [thinking]}), Text("So."), Finished("stop"), Done()]
    assert plain(asked(user()), {"content": content}) == expected
    assert streamed(asked(user()), [{"content": [part]} for part in content]) == expected


@pytest.mark.parametrize("name", ["reasoning", "reasoning-tools", "reasoning-details", "reasoning-summary"])
def test_state_that_is_replayed_is_what_the_upstream_said(name: str) -> None:
    said = message(name, encode(asked(user()))[0])
    for events in scripted(name, asked(user())):
        (state,) = [event.state for event in events if isinstance(event, ReasoningState)]
        body, _ = encode(asked(user(), reasoning(state), {"role": "assistant", "content": "Hi"}))
        field = next(iter(state))
        assert body["messages"][1][field] == said[field]


def test_usual_text_after_reasoning_ends_it() -> None:
    decoder = DIALECT.decoder(asked(user()), ORIGIN, is_native=False)
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def feed(**delta: Any) -> list[Event]:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        return list(decoder.feed(orjson.dumps({**head, "choices": [choice]})))

    assert feed(content="a") + feed(content="b") == [AnswerMetadata({"model": "m"}), Text("a"), Text("b")]
    assert feed(reasoning="r") == [Reasoning("r")]
    assert feed(content="c") == [ReasoningState({"reasoning": "r"}), Text("c")]
    assert feed(content="d") == [Text("d")]


def test_service_tier_is_told_once() -> None:
    told = AnswerMetadata({"service_tier": "flex"})
    assert [
        e for e in plain(asked(user()), {"content": "a"}, service_tier="flex") if isinstance(e, AnswerMetadata)
    ] == [told]
    decoder = DIALECT.decoder(asked(user()), ORIGIN, is_native=False)
    events: list[Event] = []
    for text in ("a", "b", "c"):
        # Not one of the usual chunks, which bring nothing but text.
        delta = {"content": text, "role": "assistant"}
        chunk = {"choices": [{"index": 0, "delta": delta}], "service_tier": "flex"}
        events += decoder.feed(orjson.dumps(chunk))
    assert [event for event in events if isinstance(event, AnswerMetadata)] == [told]


def test_tokens_written_to_a_cache_are_counted() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cache_write_tokens": 4}}
    (told,) = [e for e in plain(asked(user()), {"content": "a"}, usage=usage) if isinstance(e, Usage)]
    assert (told.cache_write, told.cached) == (4, 0)
    usage["prompt_tokens_details"] = {"cache_write_tokens": 40}
    (told,) = [e for e in plain(asked(user()), {"content": "a"}, usage=usage) if isinstance(e, Usage)]
    assert told.cache_write == 9


def test_failure_of_a_forbidden_call_still_tells_the_usage() -> None:
    generation = asked(user(), tools=[LOOK], tool_choice="none")
    call = {"id": "c", "function": {"name": "look", "arguments": "{}"}}
    events = plain(generation, {"tool_calls": [call]}, usage={"prompt_tokens": 1, "completion_tokens": 1})
    assert [type(event) for event in events] == [Usage, Failed]


PIECES = st.lists(st.sampled_from(["", "a", "ä🙂", '{"', "}"]), max_size=4).map(tuple)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["reasoning", "content", "call", "custom"]), PIECES), max_size=5), st.data())
def test_answer_in_any_pieces_is_the_plain_one(parts: list[tuple[str, tuple[str, ...]]], data: st.DataObject) -> None:
    """Reasoning, then text, then calls, as a plain reply orders them, cut anywhere and the calls interleaved."""
    whole = {
        kind: "".join("".join(pieces) for one, pieces in parts if one == kind) for kind in ("reasoning", "content")
    }
    texts = [(kind, pieces) for kind, pieces in parts if kind in ("call", "custom")]
    calls = [_call(number, kind, "".join(pieces)) for number, (kind, pieces) in enumerate(texts)]
    deltas = [{kind: piece} for name in whole for kind, pieces in parts if kind == name for piece in pieces]
    queues = [
        list(_pieces(number, call, pieces)) for number, (call, (_, pieces)) in enumerate(zip(calls, texts, strict=True))
    ]
    deltas += [{"tool_calls": [{"index": n, "id": q[0]["id"], **q.pop(0)}]} for n, q in enumerate(queues)]  # type: ignore[dict-item]
    while waiting := [queue for queue in queues if queue]:
        deltas.append({"tool_calls": [data.draw(st.sampled_from(waiting)).pop(0)]})  # type: ignore[dict-item]
    generation = asked(user(), tools=[PATCHER, LOOK])
    assert folded(streamed(generation, deltas)) == folded(plain(generation, {**whole, "tool_calls": calls}))


def _call(number: int, kind: str, text: str) -> dict[str, Any]:
    name = "patch" if kind == "custom" else "look"
    return {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": text}}


def _pieces(number: int, call: dict[str, Any], pieces: tuple[str, ...]) -> list[dict[str, Any]]:
    head = {**call, "index": number, "function": {"name": call["function"]["name"]}}
    return [head, *({"index": number, "function": {"arguments": piece}} for piece in pieces)]
