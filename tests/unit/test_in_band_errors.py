"""Errors that come with a status of success are errors, in whichever of the shapes in use."""

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.neutral.events import Failed
from gateway.providers import compatible
from tests.unit.generations import generation_of

ORIGIN = Origin("lab", "small", compatible.PROFILE)
TOO_LONG = "This model's maximum context length is 10 tokens."


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ({"message": "internal failure", "status": 500}, 503, "overloaded"),
        ({"detail": "Slow down", "code": 429}, 429, "rate_limit_exceeded"),
        ({"object": "error", "message": TOO_LONG, "code": 400}, 400, "context_length_exceeded"),
        ({"error": {"message": TOO_LONG, "code": 400}}, 400, "context_length_exceeded"),
    ],
)
def test_it_fails_the_answer_plain_and_streamed(document: dict[str, object], status: int, code: str) -> None:
    body = orjson.dumps(document)
    plain = OpenAIChat().decode_reply(body, generation_of("small"), ORIGIN, is_native=True)
    streamed = OpenAIChat().decoder(generation_of("small"), ORIGIN, is_native=True).feed(body)
    for events in (plain, streamed):
        (failed,) = events
        assert isinstance(failed, Failed)
        assert (failed.error.status, failed.error.code) == (status, code)
