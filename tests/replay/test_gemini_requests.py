"""Recorded requests to the Gemini API and Vertex AI, read as an OpenAI client's and written anew; their refusals."""

from typing import Any

import orjson
import pytest

from gateway.dialects.base import Refused
from tests.replay.gemini_requests import alike, generation_of
from tests.replay.recordings import Recording, name_of
from tests.replay.test_gemini_answers import DIALECT, RECORDINGS, ROWS, origin

_ANOTHER = {
    "gemini/020": "no client of OpenAI's can ask for the mode VALIDATED; it asks for AUTO",
    "gemini/031": "schemas of models before 2.5 have no defaults",
    "vertex/017": "a file in a tool's output goes in a content of its own, which models before 3 read, too",
}
"""By the start of its path: a request that comes out in other words, and why."""

_UNREADABLE = {
    "vertex/014": "it was sent to be refused, for a role that there is not",
    "vertex/015": "it was sent to be refused, for a temperature of 1000, which is brought into the range",
}

REQUESTS = [
    recording
    for recording in RECORDINGS
    if recording.path[:10] not in _UNREADABLE and recording.content()["request_body"] is not None
]
REFUSED = [recording for recording in RECORDINGS if recording.status >= 400]

# By the start of a recording's path: status, type, code, param and seconds to wait.
TRANSLATED = {
    "gemini/026": (404, "invalid_request_error", "model_not_found", "model", None),
    "gemini/027": (502, "upstream_error", "upstream_auth", None, None),
    "gemini/028": (429, "rate_limit_error", "rate_limit_exceeded", None, 48.0),
    "gemini/029": (404, "invalid_request_error", "model_not_found", "model", None),
    "vertex/013": (400, "invalid_request_error", "context_length_exceeded", "contents", None),
    "vertex/014": (400, "invalid_request_error", None, None, None),
    "vertex/015": (400, "invalid_request_error", None, None, None),
    "vertex/016": (404, "invalid_request_error", "model_not_found", "model", None),
    "vertex/017": (400, "invalid_request_error", None, None, None),
}


@pytest.mark.parametrize("recording", REQUESTS, ids=name_of)
def test_request_read_and_written_again_asks_for_the_same(recording: Recording) -> None:
    recorded = recording.content()["request_body"]
    sent = written(recording)
    if recording.path[:10] in _ANOTHER:
        assert sent != alike(recorded), "no longer another one"
    else:
        assert sent == alike(recorded)


@pytest.mark.parametrize("recording", REQUESTS, ids=name_of)
def test_request_goes_where_it_was_recorded(recording: Recording) -> None:
    generation = generation_of(recording.content()["request_body"], is_stream=recording.is_stream)
    path = DIALECT.encode(generation, origin(recording)).path
    recorded = recording.content()["url_path"]
    assert path.split("?")[0] in recorded
    assert path.endswith("?alt=sse") == recording.is_stream


@pytest.mark.parametrize("recording", REFUSED, ids=name_of)
def test_refusal_keeps_its_meaning(recording: Recording) -> None:
    headers = recording.content()["response_headers"]
    refused = Refused(recording.provider, recording.status, headers, recording.body())
    error = DIALECT.decode_error(refused, ROWS[recording.provider].own)
    told = (error.status, error.type, error.code, error.param, error.wait)
    assert told == TRANSLATED[recording.path[:10]]
    assert error.message.startswith(recording.provider)


def written(recording: Recording) -> dict[str, Any]:
    generation = generation_of(recording.content()["request_body"])
    outbound = DIALECT.encode(generation, origin(recording))
    assert outbound.dropped == []
    return alike(orjson.loads(outbound.body))
