"""Answers of upstreams that cannot be told what form to keep, or what to call: held to it, plain and streamed."""

from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.neutral.events import Done, Event, Failed, NativeChunk, NativeReply, Text
from gateway.neutral.generation import Generation
from gateway.neutral.json import object_or_empty, objects_in
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.unit.generations import translated
from tests.unit.validating import validated

DIALECT, SURFACE = OpenAIChat(), OpenAIChatSurface()
ORIGIN = Origin("lab", "small", ChatProfile(formats=frozenset({"json_object"}), tool_choices=frozenset({"auto"})))
FORM = {
    "type": "json_schema",
    "json_schema": {
        "name": "a",
        "schema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}},
    },
}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def asked(**fields: Any) -> Generation:
    """A chat request that was translated, since it cannot be passed on."""
    return translated(SURFACE, {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}, "lab")


def answers(generation: Generation, message: dict[str, Any], reason: str = "stop") -> list[list[Event]]:
    """The events of one answer, plain and streamed in pieces of a few characters."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    body = orjson.dumps({"choices": [choice], "usage": USAGE})
    decoder = DIALECT.decoder(generation, ORIGIN, is_native=False)
    text = message.get("content") or ""
    deltas: list[dict[str, Any]] = [{"content": text[i : i + 3]} for i in range(0, len(text), 3)]
    deltas += [{"tool_calls": [{"index": i, **call}]} for i, call in enumerate(message.get("tool_calls", ()))]
    streamed: list[Event] = []
    for delta in [*deltas, None]:
        piece = {"index": 0, "delta": delta or {}, "finish_reason": None if delta else reason}
        head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        streamed += decoder.feed(orjson.dumps({**head, "choices": [piece]}))
    streamed += decoder.feed(b"[DONE]")
    plain = DIALECT.decode_reply(body, generation, ORIGIN, is_native=False)
    return [validated(events, DIALECT, generation, ORIGIN) for events in (plain, streamed)]


def test_answer_that_keeps_its_form_is_told_as_it_is() -> None:
    for events in answers(asked(response_format=FORM), {"content": '{"a": 1.5}'}):
        assert "".join(event.text for event in events if isinstance(event, Text)) == '{"a": 1.5}'
        assert isinstance(events[-1], Done)


@pytest.mark.parametrize("text", ["", "No.", '{"a": "x"}', "[]", '```json\n{"a": 1}\n```'])
def test_answer_of_another_form_is_an_error(text: str) -> None:
    for events in answers(asked(response_format=FORM), {"content": text}):
        assert isinstance(events[-1], Failed)
        assert (events[-1].error.status, events[-1].error.code) == (502, "upstream_bad_reply")


def test_answer_that_was_cut_off_or_calls_has_no_form_to_keep() -> None:
    for events in answers(asked(response_format=FORM), {"content": '{"a": '}, "length"):
        assert isinstance(events[-1], Done)
    for events in answers(asked(response_format=FORM, tools=[LOOK]), {"tool_calls": [CALL]}, "tool_calls"):
        assert isinstance(events[-1], Done)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "look"}}])
def test_answer_without_the_call_that_was_required_is_an_error(choice: Any) -> None:
    generation = asked(tools=[LOOK], tool_choice=choice)
    for events in answers(generation, {"content": "I would rather not."}):
        assert isinstance(events[-1], Failed)
        assert events[-1].error.code == "upstream_bad_reply"
    for events in answers(generation, {"tool_calls": [CALL]}, "tool_calls"):
        assert isinstance(events[-1], Done)


def test_stream_that_ends_without_a_reason_is_held_to_its_form_too() -> None:
    generation = asked(response_format=FORM)
    decoder = DIALECT.decoder(generation, ORIGIN, is_native=False)
    decoder.feed(b'{"choices": [{"index": 0, "delta": {"content": "No."}}]}')
    events = validated(decoder.feed(b"[DONE]"), DIALECT, generation, ORIGIN)
    assert isinstance(events[-1], Failed)


def test_reasoning_has_the_name_that_clients_read_beside_the_upstreams_own() -> None:
    message = {"role": "assistant", "content": "4", "reasoning": "2+2"}
    body = orjson.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    reply = DIALECT.decode_reply(body, asked(), ORIGIN, is_native=True)[0]
    assert isinstance(reply, NativeReply)
    (choice,) = objects_in(reply.document["choices"])
    told = object_or_empty(choice["message"])
    assert (told["reasoning"], told["reasoning_content"]) == ("2+2", "2+2")
    decoder = DIALECT.decoder(asked(stream=True), ORIGIN, is_native=True)
    (chunk,) = decoder.feed(b'{"choices": [{"index": 0, "delta": {"reasoning": "2+"}}]}')
    assert isinstance(chunk, NativeChunk)
    delta = orjson.loads(chunk.payload)["choices"][0]["delta"]
    assert delta == {"reasoning": "2+", "reasoning_content": "2+"}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        # xAI: reasoning on top of the completion (recording xai/015).
        (
            {
                "prompt_tokens": 12,
                "completion_tokens": 1,
                "total_tokens": 241,
                "completion_tokens_details": {"reasoning_tokens": 228},
            },
            (12, 229, 241),
        ),
        # Mistral: sound on top of the prompt (recording mistral/003).
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 201,
                "total_tokens": 585,
                "prompt_tokens_details": {"audio_tokens": 375},
            },
            (384, 201, 585),
        ),
        ({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 99}, (3, 4, 7)),
    ],
)
def test_client_of_the_dialect_reads_usage_in_openais_meaning(raw: dict[str, Any], told: tuple[int, int, int]) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
    body = orjson.dumps({"choices": [choice], "usage": raw})
    reply = DIALECT.decode_reply(body, asked(), ORIGIN, is_native=True)[0]
    assert isinstance(reply, NativeReply)
    usage = object_or_empty(reply.document["usage"])
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == told
