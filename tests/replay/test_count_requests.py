"""Recorded counts: what was sent to have tokens counted is what is sent here, and their answers are read."""

import json
from typing import Any

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin, Outbound, Refused
from gateway.dialects.profiles.base import NO_PROFILE
from gateway.dialects.profiles.gemini import GeminiProfile
from tests.replay.recordings import Recording, name_of, recordings_of

RECORDINGS = recordings_of("count_tokens")
ORIGINS = {
    "anthropic": ("anthropic-messages", Origin("anthropic", "claude-sonnet-4-5")),
    "bedrock": ("bedrock-converse", Origin("bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0")),
    "gemini": ("gemini", Origin("gemini", "nonexistent-model", GeminiProfile(counts_whole_requests=False))),
}
COUNTS = {"anthropic/001": 641, "bedrock/035": 23}


@pytest.mark.parametrize("recording", RECORDINGS, ids=name_of)
def test_recorded_count_is_made_and_read_as_it_was(recording: Recording) -> None:
    content = recording.content()
    dialect, origin = ORIGINS[recording.provider]
    counting = DIALECTS[dialect].counting
    assert counting is not None
    calls = counting.encode(Outbound("/models/nonexistent-model:x", _request(content)), origin)
    assert calls is not None
    (call,) = calls.calls
    assert json.loads(call.body) == content["request_body"]
    if recording.status == 200:
        assert content["url_path"].startswith(call.path)
        assert counting.read(recording.body()) == COUNTS[recording.path[: recording.path.index("-")]]
    else:
        refused = Refused(recording.provider, recording.status, {}, recording.body())
        # Both do not know the model, though Bedrock says so with a 400.
        assert DIALECTS[dialect].decode_error(refused, NO_PROFILE).status == 404


def _request(content: dict[str, Any]) -> bytes:
    """The request for an answer behind a request for a count."""
    body = content["request_body"]
    return json.dumps({**(body["input"]["converse"] if "input" in body else body), "max_tokens": 1}).encode()
