"""Recorded messages of Anthropic's, plain and streamed: told on both surfaces, and compared with what they say."""

import json

import pytest

from gateway.dialects.base import Refused
from gateway.neutral.events import Done, ReasoningState, Usage
from gateway.neutral.json import objects_in
from tests.replay.decoded import fed
from tests.replay.messages import (
    DIALECT,
    ELSEWHERE,
    PLAIN,
    RECORDINGS,
    REFUSED,
    STREAMS,
    body_of,
    count,
    events_of,
    origin_of,
    said,
    whole,
)
from tests.replay.recordings import Recording, name_of
from tests.replay.rendering import on_chat, on_responses, squeezed
from tests.unit.generations import generation_of

ASKED = generation_of("asked")
each = pytest.mark.parametrize("recording", [*PLAIN, *STREAMS], ids=name_of)
each_stream = pytest.mark.parametrize("recording", STREAMS, ids=name_of)

# By the start of a recording's path: status, type, code and param for the client.
TRANSLATED = {
    "anthropic/049": (400, "invalid_request_error", None, None),
    "anthropic/050": (502, "upstream_error", "upstream_auth", None),
    "anthropic/051": (404, "invalid_request_error", "model_not_found", "model"),
    "anthropic/052": (502, "upstream_error", "upstream_auth", None),
    "anthropic/054": (404, "invalid_request_error", "model_not_found", "model"),
    "anthropic/055": (400, "invalid_request_error", None, None),
}


@each
def test_both_surfaces_say_what_was_recorded(recording: Recording) -> None:
    recorded, events = said(whole(recording)), events_of(recording)
    expected = (recorded.text, squeezed(recorded.reasoning), "", recorded.calls, recorded.finish, recorded.usage)
    assert on_responses(events).says() == expected
    assert on_chat(events).says() == expected


@each
def test_events_end_with_the_whole_usage(recording: Recording) -> None:
    events, raw = events_of(recording), whole(recording)["usage"]
    assert isinstance(events[-1], Done)
    (usage,) = [event for event in events if isinstance(event, Usage)]
    assert (usage.prompt, usage.completion, usage.cached, usage.reasoning) == count(raw)
    assert usage.cache_write == (raw.get("cache_creation_input_tokens") or 0)
    assert usage.raw == raw


@each
def test_what_only_anthropic_can_use_is_kept_to_the_byte(recording: Recording) -> None:
    states = [event.state for event in events_of(recording) if isinstance(event, ReasoningState)]
    assert [block for state in states for block in objects_in(state["blocks"])] == said(whole(recording)).states


@each
def test_citations_are_annotations_of_the_text_that_cites(recording: Recording) -> None:
    told = on_responses(events_of(recording))
    cited = [block for block in whole(recording)["content"] if block.get("citations")]
    assert [citation["cited_text"] for citation in told.citations] == said(whole(recording)).cited
    texts = [block["text"] for block in cited for _ in block["citations"]]
    for citation, text in zip(told.citations, texts, strict=True):
        if citation["type"] == "url_citation":
            assert told.text[citation["start_index"] : citation["end_index"]] == text
        else:
            assert told.text[: citation["index"]].endswith(text)


@each
def test_tools_that_anthropic_ran_are_items(recording: Recording) -> None:
    output = on_responses(events_of(recording)).document["output"]
    ran = [block for block in whole(recording)["content"] if block["type"] == "server_tool_use"]
    kinds = {
        "web_search": "web_search_call",
        "bash_code_execution": "code_interpreter_call",
        "tool_search_tool_bm25": "tool_search_call",
    }
    own = ("message", "reasoning", "function_call")
    assert [item["type"] for item in output if item["type"] not in own] == [kinds[block["name"]] for block in ran]


@each_stream
def test_plain_form_of_a_stream_gives_the_same(recording: Recording) -> None:
    model = recording.content()["model"]
    body = json.dumps(whole(recording)).encode()
    plain = DIALECT.decode_reply(body, ASKED, origin_of(model), is_native=False)
    streamed = events_of(recording)
    assert on_responses(plain).says() == on_responses(streamed).says()
    assert on_chat(plain).says() == on_chat(streamed).says()
    assert on_responses(plain).citations == on_responses(streamed).citations


@each_stream
@pytest.mark.parametrize("size", [1, 61])
def test_stream_is_the_same_wherever_it_was_cut(recording: Recording, size: int) -> None:
    assert events_of(recording, size) == events_of(recording)


@each_stream
def test_stream_without_its_end_is_cut_off(recording: Recording) -> None:
    body = body_of(recording)
    decoder = DIALECT.decoder(ASKED, origin_of(recording.content()["model"]), is_native=False)
    last = body.rindex(b"data:", 0, body.rindex(b'"message_delta"'))
    (failed,) = fed(decoder, body[:last], 1 << 20)[-1:]
    assert getattr(failed, "error").code == "upstream_cut_off"  # noqa: B009 - only a failure has one


@pytest.mark.parametrize("recording", REFUSED, ids=name_of)
def test_refusal_keeps_its_meaning(recording: Recording) -> None:
    headers = recording.content()["response_headers"]
    facts = origin_of(recording.content()["model"]).profile
    error = DIALECT.decode_error(Refused("anthropic", recording.status, headers, recording.body()), facts)
    assert (error.status, error.type, error.code, error.param) == TRANSLATED[
        recording.path[: recording.path.index("-")]
    ]
    assert error.should_retry == {"false": False}.get(headers.get("x-should-retry", ""))
    assert error.message.startswith("anthropic")


@pytest.mark.usefixtures("shared")
def test_every_recorded_message_is_replayed() -> None:
    assert (len(PLAIN), len(STREAMS), len(REFUSED), len(ELSEWHERE)) == (25, 10, 6, 2)
    assert len(RECORDINGS) + len(ELSEWHERE) == len(PLAIN) + len(STREAMS) + len(REFUSED)
