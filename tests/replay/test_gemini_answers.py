"""Recorded answers of the Gemini API and Vertex AI, told on both surfaces below /v1."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.gemini import GEMINI
from gateway.errors import GatewayError
from gateway.neutral.events import Done, Event, Failed, ReasoningState, ToolCallBegan, Usage
from gateway.neutral.json import objects_in
from gateway.providers import gemini, vertex
from tests.replay import rendering
from tests.replay.gemini_reading import Said, documents, read, whole
from tests.replay.recordings import Recording, name_of, recordings_of
from tests.unit.generations import generation_of

DIALECT = GEMINI
ROWS = {"gemini": gemini.ROW, "vertex": vertex.ROW}
RECORDINGS = [
    recording
    for endpoint in ("generateContent", "streamGenerateContent")
    for recording in recordings_of(endpoint)
    if recording.provider in ROWS
]
# By the start of its path: an answer that is none.
BROKEN = {"vertex/011": "UNEXPECTED_TOOL_CALL"}
ANSWERS = [one for one in RECORDINGS if one.status == 200 and one.path[:10] not in BROKEN]
STREAMS = [one for one in ANSWERS if one.is_stream]
ASKED = generation_of("asked", asked={"model": "asked"})


@pytest.mark.parametrize("recording", ANSWERS, ids=name_of)
def test_both_surfaces_tell_what_was_recorded(recording: Recording) -> None:
    events = decoded(recording)
    assert isinstance(events[-1], Done)
    said = read(chunks(recording))
    for told in (rendering.on_responses(events), rendering.on_chat(events)):
        assert told.text == said.text
        assert rendering.squeezed(told.reasoning) == rendering.squeezed(said.reasoning)
        assert [(name, given) for name, _, given in told.calls] == said.calls
        assert (told.finish, told.usage) == (said.finish, said.usage)
        assert cited(told) == said.citations


@pytest.mark.parametrize("recording", ANSWERS, ids=name_of)
def test_a_response_cites_files_where_the_words_end(recording: Recording) -> None:
    notes = rendering.on_responses(decoded(recording)).citations
    assert [note["index"] for note in notes if note["type"] == "file_citation"] == read(chunks(recording)).files


@pytest.mark.parametrize("recording", ANSWERS, ids=name_of)
def test_every_signature_is_kept_for_the_model(recording: Recording) -> None:
    kept: list[Any] = []
    for event in decoded(recording):
        if isinstance(event, ReasoningState):
            parts = objects_in(event.state.get("parts"))
            kept += [part["thoughtSignature"] for part in parts if "thoughtSignature" in part]
            kept += [event.state["thought_signature"]] if "thought_signature" in event.state else []
    assert kept == read(chunks(recording)).signatures


@pytest.mark.parametrize("recording", STREAMS, ids=name_of)
def test_stream_folds_to_the_plain_reply(recording: Recording) -> None:
    document = whole(chunks(recording))
    plain = DIALECT.decode_reply(orjson.dumps(document), ASKED, origin(recording), is_native=False)
    streamed = decoded(recording)
    assert rendering.on_chat(plain).says()[0:3] == rendering.on_chat(streamed).says()[0:3]
    one, other = rendering.on_responses(plain), rendering.on_responses(streamed)
    assert unnamed(one) == unnamed(other)
    assert (one.citations, one.finish, one.usage) == (other.citations, other.finish, other.usage)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("recording", STREAMS, ids=name_of)
def test_chunks_may_be_cut_anywhere(recording: Recording, size: int) -> None:
    assert without_ids(decoded(recording, size)) == without_ids(decoded(recording))


@pytest.mark.parametrize("recording", [one for one in RECORDINGS if one.path[:10] in BROKEN], ids=name_of)
def test_answer_that_broke_off_is_a_failure(recording: Recording) -> None:
    *_, usage, failed = decoded(recording)
    assert isinstance(failed, Failed)
    assert isinstance(usage, Usage)
    assert BROKEN[recording.path[:10]] in failed.error.message
    assert told_failure(failed.error) == (502, "upstream_bad_reply")


def told_failure(error: GatewayError) -> tuple[int, str | None]:
    return error.status, error.code


def origin(recording: Recording) -> Origin:
    model = recording.content()["model"]
    return Origin(recording.provider, model, ROWS[recording.provider].own.of(model))


def chunks(recording: Recording) -> list[dict[str, Any]]:
    body = recording.body()
    return documents(body) if recording.is_stream else [orjson.loads(body)]


def decoded(recording: Recording, size: int = 1 << 20) -> list[Event]:
    """The events of a recording; a stream's arrive in chunks of `size` bytes."""
    body = recording.body()
    if not recording.is_stream:
        return DIALECT.decode_reply(body, ASKED, origin(recording), is_native=False)
    reader, decoder = DIALECT.reader(), DIALECT.decoder(ASKED, origin(recording), is_native=False)
    events: list[Event] = []
    for start in range(0, len(body), size):
        for payload in reader.feed(body[start : start + size]):
            events += decoder.feed(payload)
    for payload in reader.end():
        events += decoder.feed(payload)
    return [*events, *decoder.end()]


def cited(told: rendering.Reading) -> set[str]:
    """The words that something is cited for, cut out of the text by the indices."""
    words = set()
    for annotation in told.citations:
        note = annotation.get("url_citation", annotation)
        if "start_index" in note:
            words.add(told.text[note["start_index"] : note["end_index"]])
    return words


def unnamed(told: rendering.Reading) -> tuple[Any, ...]:
    return told.text, told.reasoning, [(name, given) for name, _, given in told.calls]


def without_ids(events: Sequence[Event]) -> list[Event]:
    return [replace(event, id="") if isinstance(event, ToolCallBegan) else event for event in events]


def said_of(recording: Recording) -> Said:
    return read(chunks(recording))
