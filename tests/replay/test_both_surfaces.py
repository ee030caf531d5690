"""Recorded Responses, rendered on both of the surfaces below /v1: nothing that they say is lost."""

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.neutral.events import Event
from tests.clients.contract import check
from tests.replay.decoded import response, streamed_events
from tests.replay.recordings import Recording, name_of
from tests.replay.rendering import on_chat, on_responses, squeezed
from tests.replay.responses import PLAIN, STREAMS, count, finish, plain_events, says, stream_events, whole

each = pytest.mark.parametrize("recording", [*PLAIN, *STREAMS], ids=name_of)


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
    told = on_chat(events_of(recording))
    texts = [text for kind, text, *_ in says(recorded) if kind == "output_text"]
    thoughts = [text for kind, text, *_ in says(recorded) if kind in ("summary_text", "reasoning_text")]
    assert told.text == "".join(texts)
    assert squeezed(told.reasoning) == squeezed("".join(thoughts))
    assert [(name, identity) for name, identity, _ in told.calls] == [
        (entry[1] if entry[3] is None else f"{entry[3]}__{entry[1]}", entry[2])
        for entry in says(recorded)
        if entry[0] == "call"
    ]
    assert told.finish == finish(recorded)
    assert told.usage is not None
    assert told.usage[:2] == count(recorded["usage"])[:2]


@each
def test_both_surfaces_say_the_same(recording: Recording) -> None:
    events = events_of(recording)
    assert on_chat(events).says() == on_responses(events).says()
