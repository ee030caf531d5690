"""Recorded answers of Converse, from their frames, on both of the surfaces below /v1; and its refusals."""

import json
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin, Refused
from gateway.dialects.bedrock import BEDROCK_CONVERSE
from gateway.neutral.events import Event, ReasoningState, Usage
from gateway.providers import ROWS
from tests.replay import bedrock
from tests.replay.decoded import fold
from tests.replay.recordings import Recording, name_of
from tests.replay.rendering import on_chat, on_responses, squeezed
from tests.unit.generations import generation_of

DIALECT = BEDROCK_CONVERSE
FACTS = ROWS["bedrock"].own
ORIGIN = Origin("bedrock", "asked/model", FACTS)
CODE = "code_interpreter_call.outputs"
ASKED = generation_of("asked/model", asked={"include": [CODE]})
each = pytest.mark.parametrize("recording", bedrock.ANSWERED, ids=name_of)
each_stream = pytest.mark.parametrize("recording", bedrock.STREAMS, ids=name_of)

# By the start of a recording's path: status, type, code and param for the client.
TRANSLATED = {
    "bedrock/016": (502, "upstream_error", "upstream_auth", None),
    "bedrock/017": (502, "upstream_error", "upstream_auth", None),
    "bedrock/018": (404, "invalid_request_error", "model_not_found", "model"),
    "bedrock/019": (400, "invalid_request_error", None, None),
    "bedrock/020": (400, "invalid_request_error", None, None),
    "bedrock/021": (400, "invalid_request_error", None, None),
    "bedrock/034": (404, "invalid_request_error", "model_not_found", "model"),
}


def decoded(recording: Recording, size: int = 1 << 20) -> list[Event]:
    """The events of a recorded answer; of a stream that arrives in chunks of `size` bytes."""
    body = recording.body()
    if not recording.is_stream:
        return DIALECT.decode_reply(body, ASKED, ORIGIN, is_native=False)
    reader, decoder = DIALECT.reader(), DIALECT.decoder(ASKED, ORIGIN, is_native=False)
    events: list[Event] = []
    for start in range(0, len(body), size):
        for payload in reader.feed(body[start : start + size]):
            events += decoder.feed(payload)
    for payload in reader.end():
        events += decoder.feed(payload)
    return [*events, *decoder.end()]


@each_stream
@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_frames_are_read_as_their_recorder_read_them(recording: Recording, size: int) -> None:
    reader, body = DIALECT.reader(), recording.body()
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    found = [json.loads(payload) for chunk in chunks for payload in reader.feed(chunk)]
    assert found == [{kind: payload} for kind, payload in bedrock.events(recording)]


@each
def test_both_surfaces_say_what_was_recorded(recording: Recording) -> None:
    reply, events = bedrock.whole(recording), decoded(recording)
    for told in (on_responses(events), on_chat(events)):
        assert told.text == bedrock.text(reply)
        thoughts = [block["reasoningText"]["text"] for block in bedrock.reasoning(reply)]
        assert squeezed(told.reasoning) == squeezed("".join(thoughts))
        assert told.calls == bedrock.calls(reply)
        assert told.finish == bedrock.finish(reply)
        assert told.usage == bedrock.usage(reply)


@each
def test_usage_is_kept_as_it_came(recording: Recording) -> None:
    (usage,) = [event for event in decoded(recording) if isinstance(event, Usage)]
    assert usage.raw == bedrock.whole(recording)["usage"]
    assert usage.cache_write == usage.raw.get("cacheWriteInputTokens", 0)


@each
def test_reasoning_goes_back_as_it_came(recording: Recording) -> None:
    states = [event.state["reasoningContent"] for event in decoded(recording) if isinstance(event, ReasoningState)]
    assert states == bedrock.reasoning(bedrock.whole(recording))


@each_stream
def test_stream_says_what_its_fold_says(recording: Recording) -> None:
    body = orjson.dumps(bedrock.whole(recording))
    plain = DIALECT.decode_reply(body, ASKED, ORIGIN, is_native=False)
    for render in (on_responses, on_chat):
        assert render(decoded(recording)).says() == render(plain).says()
        assert render(decoded(recording)).citations == render(plain).citations
    assert _without_pieces(decoded(recording, 5)) == _without_pieces(plain)


@each
def test_tool_that_the_provider_ran_is_an_item_of_its_own(recording: Recording) -> None:
    ran = bedrock.hosted(bedrock.whole(recording))
    items = [item for item in on_responses(decoded(recording)).document["output"]]
    told = [item for item in items if item["type"] == "code_interpreter_call"]
    assert [item["code"] for item in told] == [call["input"]["snippet"] for call in ran]
    assert all(item["outputs"] == [{"type": "logs", "logs": "7006652"}] for item in told)


def test_citation_of_a_document_stands_where_its_text_ends() -> None:
    (recording,) = [one for one in bedrock.ANSWERED if "024-" in one.path] or pytest.skip("no recordings")
    (citation,) = on_responses(decoded(recording)).citations
    assert (citation["type"], citation["filename"]) == ("file_citation", "facts")
    assert citation["index"] == len("Ruby was created by Yukihiro Matsumoto in 1993.")
    assert citation["quote"].startswith("The Ruby programming language")


@pytest.mark.parametrize("recording", bedrock.REFUSED, ids=name_of)
def test_refusal_keeps_its_meaning(recording: Recording) -> None:
    headers = recording.content()["response_headers"]
    error = DIALECT.decode_error(Refused("bedrock", recording.status, headers, recording.body()), FACTS)
    expected = TRANSLATED[recording.path[: recording.path.index("-")]]
    assert (error.status, error.type, error.code, error.param) == expected
    assert error.message.startswith("bedrock")


@pytest.mark.usefixtures("shared")
def test_every_recorded_refusal_is_listed() -> None:
    assert TRANSLATED.keys() == {recording.path[: recording.path.index("-")] for recording in bedrock.REFUSED}


def _without_pieces(events: list[Event]) -> Any:
    """What the events say, however it was cut."""
    return {choice: told.says() for choice, told in fold([e for e in events if _is_folded(e)]).items()}


def _is_folded(event: Event) -> bool:
    return type(event).__name__ not in ("ItemBegan", "ItemEnded", "PartBegan")
