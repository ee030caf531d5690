"""Recorded streams, read in pieces of several sizes, decoded for both kinds of surfaces."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.neutral.events import Done, Event, Failed, Usage
from gateway.wire import sse
from tests.clients.contract import check
from tests.replay.decoded import (
    ASKED,
    DIALECT,
    ORIGIN,
    fold,
    native_chunks,
    response,
    stream_events,
    streamed_events,
    streamed_response,
    without_identity,
)
from tests.replay.folding import as_reply, chunks, count, fold_stream, payloads, usage_of
from tests.replay.recordings import Recording, name_of, select
from tests.replay.test_plain_replies import lost

STREAMS = select(lambda recording: recording.status == 200 and recording.is_stream)

# Streams in which the upstream says that it failed, and what the gateway makes of it.
FAILED = {
    "groq/018-chat-completions-tool-use-failed-error-streaming-with-text.json": (400, "tool_use_failed"),
    "openrouter/019-chat-completions-openrouter-stream-error.json": (400, None),
}

each = pytest.mark.parametrize("recording", STREAMS, ids=name_of)
each_whole = pytest.mark.parametrize("recording", [r for r in STREAMS if r.path not in FAILED], ids=name_of)


@each
@pytest.mark.parametrize("size", [1, 61, 4096])
def test_reader_finds_the_same_events_wherever_chunks_are_cut(recording: Recording, size: int) -> None:
    body, reader = recording.body(), sse.Reader()
    found = [payload for i in range(0, len(body), size) for payload in reader.feed(body[i : i + size])]
    assert [payload.decode().strip() for payload in [*found, *reader.end()]] == list(payloads(body))


@each_whole
def test_neutral_events_say_what_the_stream_says(recording: Recording) -> None:
    events = stream_events(recording.body(), is_native=False)
    assert _terminals(events) == [Done()]
    told, expected = fold(events), fold_stream(chunks(recording.body()))
    assert {i: one.says() for i, one in told.items()} == {i: one.says() for i, one in expected.items()}


@each
@pytest.mark.parametrize("is_native", [True, False])
def test_usage_is_the_last_that_the_stream_reports(recording: Recording, is_native: bool) -> None:
    raw = usage_of(chunks(recording.body()))
    events = stream_events(recording.body(), is_native=is_native)
    found = [(e.prompt, e.completion, e.cached, e.reasoning) for e in events if isinstance(e, Usage)]
    assert found == ([count(raw)] if raw else [])


@each_whole
@pytest.mark.parametrize("include_usage", [True, False])
def test_native_chunks_keep_everything(recording: Recording, include_usage: bool) -> None:
    raw = chunks(recording.body())
    native = native_chunks(stream_events(recording.body(), is_native=True, include_usage=include_usage))
    # A chunk that only tells the usage is held to the end, or left out.
    told = [chunk for chunk in raw if chunk.get("choices") or not chunk.get("usage")]
    passed = [chunk for chunk in native if chunk["choices"] or not chunk.get("usage")]
    assert len(passed) == len(told)
    changed = [change for pair in zip(told, passed, strict=True) for change in lost(*pair)]
    assert [change for change in changed if not _is_mended(*change)] == []


@each_whole
@pytest.mark.parametrize("include_usage", [True, False])
def test_native_chunks_have_one_identity_and_usage_only_if_asked(recording: Recording, include_usage: bool) -> None:
    events = stream_events(recording.body(), is_native=True, include_usage=include_usage)
    native = native_chunks(events)
    assert _terminals(events) == [Done()]
    identities = {(chunk["id"], chunk["created"], chunk["model"]) for chunk in native}
    assert len(identities) == 1
    assert all(identities.pop())
    assert {chunk["object"] for chunk in native} == {"chat.completion.chunk"}
    with_usage = [chunk for chunk in native if chunk.get("usage")]
    has_usage = usage_of(chunks(recording.body())) is not None
    assert with_usage == (native[-1:] if include_usage and has_usage else [])
    assert all(chunk["choices"] == [] for chunk in with_usage)


@each_whole
def test_streamed_response_is_the_plain_response(recording: Recording) -> None:
    body = json.dumps(as_reply(chunks(recording.body()))).encode()
    decoded = DIALECT.decode_reply(body, ASKED, ORIGIN, is_native=False)
    plain = response([e for e in decoded if not isinstance(e, Usage)])
    events = stream_events(recording.body(), is_native=False)
    streamed = streamed_response([e for e in events if not isinstance(e, Usage)])
    # Citations come only with the stream: the fold of the test does not take them.
    for item in streamed["output"]:
        for part in item.get("content", []):
            part.pop("annotations", None), part.pop("logprobs", None)
    for item in plain["output"]:
        for part in item.get("content", []):
            part.pop("annotations", None), part.pop("logprobs", None)
    assert without_identity(streamed) == without_identity(plain)


@pytest.mark.parametrize("recording", select(lambda recording: recording.path in FAILED), ids=name_of)
@pytest.mark.parametrize("is_native", [True, False])
def test_failure_in_the_stream_ends_it_as_a_failure(recording: Recording, is_native: bool) -> None:
    events = stream_events(recording.body(), is_native=is_native)
    (failed,) = _terminals(events)
    assert isinstance(failed, Failed)
    assert (failed.error.status, failed.error.code) == FAILED[recording.path]
    if not is_native:
        told, expected = fold(events), fold_stream(chunks(recording.body()))
        assert told[0].text == expected[0].text
        assert told[0].reasoning == expected[0].reasoning


def _terminals(events: Sequence[Event]) -> list[Event]:
    assert isinstance(events[-1], Done | Failed)
    return [event for event in events if isinstance(event, Done | Failed)]


def _is_mended(path: str, before: Any, after: Any) -> bool:
    """The changes that are on purpose, each for a spelling that OpenAI's clients do not read."""
    match path.removeprefix(".choices[]"):
        case ".finish_reason":
            return before in ("", "eos") or (before, after) == ("stop", "tool_calls")
        case ".delta.content":
            return isinstance(before, list)
        case ".id" | ".created" | ".model" | ".object":
            return True
        case ".usage":
            return after in (None, "absent")
        case _:
            return False


@each
def test_native_chunks_are_what_the_contract_says(recording: Recording) -> None:
    for chunk in native_chunks(stream_events(recording.body(), is_native=True, include_usage=True)):
        check("ChatCompletionChunk", chunk)


@each
def test_responses_events_are_what_the_contract_says(recording: Recording) -> None:
    for event in streamed_events(stream_events(recording.body(), is_native=False)):
        check("ResponseStreamEvent", event)
