"""Recorded Responses, plain and streamed: decoded, told on the Responses surface, and compared with what they say."""

import json
from typing import Any

import pytest

from gateway.neutral.events import AnswerMetadata, Done, Finished, Usage
from tests.clients.contract import check
from tests.replay.decoded import response, streamed_events, without_identity
from tests.replay.folding import chunks
from tests.replay.recordings import Recording, name_of
from tests.replay.responses import (
    PLAIN,
    RECORDINGS,
    REFUSED,
    STREAMS,
    count,
    finish,
    plain_events,
    says,
    states,
    stream_events,
    told,
    told_states,
    whole,
)

each = pytest.mark.parametrize("recording", [*PLAIN, *STREAMS], ids=name_of)
each_stream = pytest.mark.parametrize("recording", STREAMS, ids=name_of)


def events_of(recording: Recording) -> list[Any]:
    return stream_events(recording.body()) if recording.is_stream else plain_events(recording.body())


@each
def test_events_say_what_the_response_says(recording: Recording) -> None:
    events = events_of(recording)
    assert [event for event in events if isinstance(event, Done)] == events[-1:]
    assert told(events) == says(whole(recording))


@each
def test_usage_is_what_the_response_reports(recording: Recording) -> None:
    raw = whole(recording)["usage"]
    (usage,) = [event for event in events_of(recording) if isinstance(event, Usage)]
    found = (usage.prompt, usage.completion, usage.cached, usage.cache_write, usage.reasoning)
    assert found == count(raw)
    assert usage.prompt + usage.completion == raw["total_tokens"]
    assert usage.raw == raw


@each
def test_finish_reason_is_the_status(recording: Recording) -> None:
    finished = [event.reason for event in events_of(recording) if isinstance(event, Finished)]
    assert finished == [finish(whole(recording))]


@each
def test_service_tier_is_told(recording: Recording) -> None:
    told = [event.fields for event in events_of(recording) if isinstance(event, AnswerMetadata)]
    fields = {name: value for one in told for name, value in one.items()}
    assert fields.get("model") == whole(recording)["model"]
    assert fields.get("service_tier") == whole(recording).get("service_tier")


@pytest.mark.parametrize("recording", PLAIN, ids=name_of)
def test_state_of_reasoning_is_kept_to_the_byte(recording: Recording) -> None:
    assert told_states(plain_events(recording.body())) == states(whole(recording))


@each_stream
def test_state_of_reasoning_is_that_of_its_end(recording: Recording) -> None:
    """OpenAI encrypts anew for every event that has it, so it is not the one of the Response at the end."""
    ended = [event["item"] for event in chunks(recording.body()) if event["type"] == "response.output_item.done"]
    assert told_states(stream_events(recording.body())) == states({"output": ended})


@each_stream
@pytest.mark.parametrize("size", [1, 61])
def test_stream_is_the_same_wherever_it_was_cut(recording: Recording, size: int) -> None:
    assert stream_events(recording.body(), size) == stream_events(recording.body())


@each_stream
def test_stream_without_its_last_event_is_cut_off(recording: Recording) -> None:
    body = recording.body()
    last = body.rindex(b'"response.incomplete"' if b'"response.incomplete"' in body else b'"response.completed"')
    (failed,) = stream_events(body[: body.rindex(b"data:", 0, last)])[-1:]
    assert getattr(failed, "error").code == "upstream_cut_off"  # noqa: B009 - only a failure has one


@each
def test_response_of_the_surface_says_what_was_recorded(recording: Recording) -> None:
    document = response(events_of(recording))
    check("Response", document)
    assert says(document) == says(whole(recording))


@each
def test_stream_of_the_surface_keeps_the_contract_and_says_the_same(recording: Recording) -> None:
    events = events_of(recording)
    streamed = streamed_events(events)
    for event in streamed:
        check("ResponseStreamEvent", event)
    assert without_identity(streamed[-1]["response"]["output"]) == without_identity(response(events)["output"])


@each
def test_no_id_and_no_state_of_the_upstream_is_shown(recording: Recording) -> None:
    shown = json.dumps(response(events_of(recording)))
    hidden = {item["id"] for item in whole(recording)["output"]} | {
        value for state in states(whole(recording)) for value in state.values()
    }
    assert not [text for text in hidden if json.dumps(text) in shown]


@pytest.mark.usefixtures("shared")
def test_every_recording_of_responses_is_replayed() -> None:
    assert (len(PLAIN), len(STREAMS), len(REFUSED)) == (31, 27, 7)
    assert len(RECORDINGS) == len(PLAIN) + len(STREAMS) + len(REFUSED)
