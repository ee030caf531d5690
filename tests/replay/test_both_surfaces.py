"""Recorded Responses, rendered on both of the surfaces below /v1: nothing that they say is lost."""

import json
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from gateway import sse
from gateway.events import Event
from gateway.generation import Generation
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.clients.contract import check
from tests.replay.decoded import response, streamed_events
from tests.replay.recordings import Recording, name_of
from tests.replay.responses import PLAIN, STREAMS, count, finish, plain_events, says, stream_events, whole

each = pytest.mark.parametrize("recording", [*PLAIN, *STREAMS], ids=name_of)
AUTHOR = Author("upstream", "asked/model", lambda state: orjson.dumps(state).decode())


def events_of(recording: Recording) -> list[Event]:
    return (stream_events if recording.is_stream else plain_events)(recording.body())


def merged(told: Sequence[Any]) -> list[Any]:
    """What a Response says; parts without a word, which only some upstreams tell, are left out."""
    return [entry for entry in told if entry not in (("output_text", ""), ("summary_text", ""), ("reasoning_text", ""))]


@each
def test_response_surface_says_what_was_recorded(recording: Recording) -> None:
    recorded = whole(recording)
    rendered = response(events_of(recording))
    check("Response", rendered)
    assert merged(says(rendered)) == merged(says(recorded))
    assert rendered["status"] == recorded["status"]


@each
def test_response_surface_counts_what_was_recorded(recording: Recording) -> None:
    recorded, rendered = whole(recording)["usage"], response(events_of(recording))["usage"]
    assert count(rendered) == count(recorded)
    assert rendered["total_tokens"] == recorded["input_tokens"] + recorded["output_tokens"]
    assert rendered["raw_usage"] == recorded


@each
def test_response_stream_keeps_the_contract_and_ends_as_the_plain_form(recording: Recording) -> None:
    streamed = streamed_events(events_of(recording))
    for event in streamed:
        check("ResponseStreamEvent", event)
    assert says(streamed[-1]["response"]) == says(response(events_of(recording)))


@each
def test_chat_surface_says_what_was_recorded(recording: Recording) -> None:
    recorded = whole(recording)
    reply = chat_reply(events_of(recording))
    check("ChatCompletion", reply)
    (choice,) = reply["choices"]
    message = choice["message"]
    texts = [text for kind, text, *_ in says(recorded) if kind == "output_text"]
    thoughts = [text for kind, text, *_ in says(recorded) if kind in ("summary_text", "reasoning_text")]
    assert (message["content"] or "") == "".join(texts)
    assert squeezed(message.get("reasoning_content") or "") == squeezed("".join(thoughts))
    assert calls_of(message) == [
        (entry[1] if entry[3] is None else f"{entry[3]}__{entry[1]}", entry[2])
        for entry in says(recorded)
        if entry[0] == "call"
    ]
    assert choice["finish_reason"] == finish(recorded)
    usage = recorded["usage"]
    assert (reply["usage"]["prompt_tokens"], reply["usage"]["completion_tokens"]) == count(usage)[:2]


@each
def test_chat_stream_folds_to_the_plain_reply(recording: Recording) -> None:
    events = events_of(recording)
    writer, reader = chat_writer(is_stream=True), sse.Reader()
    payloads = [payload for event in events for payload in reader.feed(writer.write([event]))]
    assert payloads[-1] == b"[DONE]"
    chunks = [json.loads(payload) for payload in payloads[:-1]]
    text = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    assert text == (chat_reply(events)["choices"][0]["message"]["content"] or "")


def chat_writer(*, is_stream: bool) -> Any:
    body = {"model": "asked/model", "messages": [{"role": "user", "content": "What was recorded."}]}
    generation: Generation = OpenAIChatSurface().read({**body, "stream": is_stream})
    return OpenAIChatSurface().writer(generation, AUTHOR)


def chat_reply(events: Sequence[Event]) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(chat_writer(is_stream=False).reply(events))
    return document


def calls_of(message: dict[str, Any]) -> list[tuple[str, str]]:
    return [(call[call["type"]]["name"], call["id"]) for call in message.get("tool_calls") or ()]


def squeezed(text: str) -> str:
    """Chat has one text of reasoning; blank lines stand between what were parts."""
    return "".join(text.split())
