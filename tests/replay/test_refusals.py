"""Recorded refusals, translated as the shared facts on providers have it in section 19."""

import pytest

from gateway.dialects.base import Refused
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import ROWS
from gateway.providers.compatible import PROFILE
from tests.replay.decoded import DIALECT
from tests.replay.recordings import Recording, chat_recordings, name_of, recordings_of, select

REFUSED = select(lambda recording: recording.status != 200)

# APIs of these providers that are not spoken, and why.
NOT_SPOKEN = {
    "ollama_chat": (5, "Ollama's own API has no ids for calls and no tool choice; what it can do, its chat can, too"),
}

# By the start of a recording's path: status, type, code and param for the client.
TRANSLATED = {
    "azure/011": (502, "upstream_error", "upstream_auth", None),
    "deepseek/016": (400, "invalid_request_error", "context_length_exceeded", "messages"),
    "groq/021": (404, "invalid_request_error", "model_not_found", "model"),
    "groq/022": (400, "invalid_request_error", "tool_use_failed", None),
    "mistral/023": (502, "upstream_error", "upstream_auth", None),
    "openai/035": (502, "upstream_error", "upstream_auth", None),
    "openai/037": (404, "invalid_request_error", "model_not_found", "model"),
    "openai/039": (400, "invalid_request_error", "unsupported_value", "messages[0].role"),
    "openai/040": (400, "invalid_request_error", "invalid_image_url", None),
    "openrouter/023": (502, "upstream_error", "upstream_auth", None),
    "openrouter/024": (400, "invalid_request_error", "context_length_exceeded", "messages"),
    "openrouter/025": (429, "rate_limit_error", "rate_limit_exceeded", None),
    "perplexity/005": (502, "upstream_error", "upstream_auth", None),
    "perplexity/006": (400, "invalid_request_error", "context_length_exceeded", "messages"),
}


@pytest.mark.parametrize("recording", REFUSED, ids=name_of)
@pytest.mark.parametrize("has_row", [True, False], ids=["row", "unknown"])
def test_refusal_keeps_its_meaning(recording: Recording, has_row: bool) -> None:
    """Whether its provider is known by name, or is a server of which nothing is known."""
    headers = recording.content()["response_headers"]
    facts = ROWS[recording.provider].profile(ChatProfile) if has_row else PROFILE
    error = DIALECT.decode_error(Refused("upstream", recording.status, headers, recording.body()), facts)
    expected = TRANSLATED[recording.path[: recording.path.index("-")]]
    assert (error.status, error.type, error.code, error.param) == expected
    assert error.message.startswith("upstream")


@pytest.mark.parametrize("recording", select(lambda recording: recording.status == 401), ids=name_of)
def test_refused_key_says_nothing_of_the_key(recording: Recording) -> None:
    error = DIALECT.decode_error(Refused("upstream", recording.status, {}, recording.body()), PROFILE)
    assert error.message == ("upstream refused the gateway's credentials. The operator of this gateway must mend them.")


@pytest.mark.usefixtures("shared")
def test_every_chat_recording_is_replayed() -> None:
    recordings = chat_recordings()
    plain = [r for r in recordings if r.status == 200 and not r.is_stream]
    streams = [r for r in recordings if r.status == 200 and r.is_stream]
    refused = [r for r in recordings if r.status != 200]
    assert (len(plain), len(streams), len(refused)) == (76, 45, 14)
    assert len(recordings) == 135


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("endpoint", NOT_SPOKEN)
def test_what_is_not_spoken_is_known_to_be_there(endpoint: str) -> None:
    number, _ = NOT_SPOKEN[endpoint]
    assert len(recordings_of(endpoint)) == number
