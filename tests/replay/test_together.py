"""Events that arrive together are read as they would be one by one."""

from unittest.mock import patch

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.neutral import identifiers
from gateway.neutral.events import Event
from gateway.neutral.json import parse_all
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.replay.recordings import Recording, recordings_of

ENDPOINTS = {
    "anthropic-messages": "messages",
    "bedrock-converse": "converse_stream",
    "cohere": "v2_chat",
    "gemini": "streamGenerateContent",
    "openai-chat": "chat_completions",
    "openai-responses": "responses",
}
STREAMS = [
    (dialect, recording)
    for dialect, endpoint in ENDPOINTS.items()
    for recording in recordings_of(endpoint)
    if recording.is_stream
]
ASKED = OpenAIChatSurface().read({"model": "lab/m", "messages": [{"role": "user", "content": "Hi"}]})
ODD = [
    b"",
    b"  ",
    b"[DONE]",
    b"null",
    b"1",
    b"[]",
    b"{}",
    b"{",
    b'"x"',
    b"{},{}",
    b'{"error": {"message": "no"}}',
    b"1,2",
]


def payloads_of(dialect: str, recording: Recording) -> list[bytes]:
    reader = DIALECTS[dialect].reader()
    return [*reader.feed(recording.body()), *reader.end()]


def events(dialect: str, *batches: list[bytes]) -> list[Event]:
    origin = Origin("lab", "m", DIALECTS[dialect].profile_type())
    decoder = DIALECTS[dialect].decoder(ASKED, origin, is_native=False)
    with patch.object(identifiers, "_digits", lambda: "5" * 40):
        found = [event for batch in batches for event in decoder.feed_all(batch)]
        return [*found, *decoder.end()]


def shown(found: list[Event]) -> list[str]:
    return [repr(event) for event in found]


@pytest.mark.parametrize(("dialect", "recording"), STREAMS, ids=lambda given: getattr(given, "path", given))
def test_recorded_events_say_the_same_together_and_one_by_one(dialect: str, recording: Recording) -> None:
    payloads = payloads_of(dialect, recording)
    one_by_one = shown(events(dialect, *([payload] for payload in payloads)))
    assert shown(events(dialect, payloads)) == one_by_one
    half = len(payloads) // 2
    assert shown(events(dialect, payloads[:half], payloads[half:])) == one_by_one


@pytest.mark.parametrize("dialect", ENDPOINTS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_odd_events_among_them_too(dialect: str, data: st.DataObject) -> None:
    streams = [payloads_of(dialect, recording) for name, recording in STREAMS if name == dialect]
    payloads = data.draw(st.sampled_from(streams))[:30]
    for odd in data.draw(st.lists(st.sampled_from(ODD), max_size=3)):
        payloads.insert(data.draw(st.integers(0, len(payloads))), odd)
    assert shown(events(dialect, payloads)) == shown(events(dialect, *([payload] for payload in payloads)))


@given(st.lists(st.sampled_from([*ODD, b"[1", b"2]", b'{"a": [1']), max_size=4))
def test_texts_are_parsed_together_only_where_it_can_be_told_which_is_whose(payloads: list[bytes]) -> None:
    found = parse_all(payloads)
    if found:
        assert len(found) == len(payloads)
        assert b"[%b]" % b",".join(map(orjson.dumps, found)) == b"[%b]" % b",".join(payloads).replace(b" ", b"")
