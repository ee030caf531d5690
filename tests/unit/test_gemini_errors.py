"""Google's errors in OpenAI's terms, whole and in the middle of a stream, and Google's list of models."""

from typing import Any

import orjson
import pytest

from gateway.dialects.base import ListedModel, Origin, Refused
from gateway.dialects.gemini import GEMINI
from gateway.dialects.profiles.base import Profile
from gateway.errors import UpstreamError
from gateway.neutral.events import Failed, Text
from tests.unit.generations import generation_of

DIALECT = GEMINI
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}


def quota(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


def refusal(status: int, name: str, *details: Any, message: str = "No.") -> UpstreamError:
    error = {"code": status, "message": message, "status": name, "details": list(details)}
    return DIALECT.decode_error(Refused("g", status, {}, orjson.dumps({"error": error})), Profile())


def test_delay_in_the_body_is_the_wait() -> None:
    error = refusal(429, "RESOURCE_EXHAUSTED", quota("RequestsPerMinutePerProject"), RETRY)
    assert (error.status, error.code, error.wait, error.should_retry) == (429, "rate_limit_exceeded", 34.4, None)


def test_quota_of_a_day_is_not_asked_for_again() -> None:
    error = refusal(429, "RESOURCE_EXHAUSTED", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), RETRY)
    assert (error.status, error.code, error.should_retry) == (429, "insufficient_quota", False)


@pytest.mark.parametrize("reason", ["API_KEY_INVALID", "API_KEY_EXPIRED"])
def test_key_that_is_refused_with_400_is_the_operators(reason: str) -> None:
    error = refusal(400, "INVALID_ARGUMENT", {"reason": reason})
    assert (error.status, error.code) == (502, "upstream_auth")


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        (403, "PERMISSION_DENIED", (502, "upstream_auth")),
        (404, "NOT_FOUND", (404, "model_not_found")),
        (500, "INTERNAL", (503, "overloaded")),
        (503, "UNAVAILABLE", (503, "overloaded")),
        (504, "DEADLINE_EXCEEDED", (503, "overloaded")),
        (400, "FAILED_PRECONDITION", (400, None)),
    ],
)
def test_status_decides(status: int, name: str, expected: tuple[int, str | None]) -> None:
    error = refusal(status, name)
    assert (error.status, error.code) == expected


def test_error_in_an_array_is_read() -> None:
    body = orjson.dumps([{"error": {"code": 400, "message": "Too hot.", "status": "INVALID_ARGUMENT"}}])
    assert "Too hot." in DIALECT.decode_error(Refused("g", 400, {}, body), Profile()).message


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"error": "x"}', b'{"error": {"details": 3}}'])
def test_body_that_says_nothing_is_an_error_all_the_same(body: bytes) -> None:
    assert DIALECT.decode_error(Refused("g", 400, {}, body), Profile()).status == 400


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}, (503, "overloaded")),
        ({"message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}, (429, "rate_limit_exceeded")),
        ({"message": "?"}, (503, "overloaded")),
    ],
)
def test_error_in_mid_stream_ends_it(error: dict[str, Any], expected: tuple[int, str]) -> None:
    decoder = DIALECT.decoder(generation_of("m"), Origin("g", "m"), is_native=False)
    begun = decoder.feed(b'{"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}')
    (failed,) = decoder.feed(orjson.dumps({"error": error}))
    assert begun == [Text("Hi")]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, UpstreamError)
    assert (failed.error.status, failed.error.code) == expected
    assert decoder.is_over


def test_models_are_those_that_generate_content() -> None:
    can = {"inputTokenLimit": 1000, "outputTokenLimit": 64, "supportedGenerationMethods": ["generateContent"]}
    entries = [
        {"name": "models/gemini-x", **can},
        {"name": "models/embedding", "supportedGenerationMethods": ["embedContent"]},
        {"name": "tunedModels/mine", **can, "inputTokenLimit": None},
        {"displayName": "nameless"},
    ]
    listed = DIALECT.decode_models(orjson.dumps({"models": entries}))
    assert listed == [ListedModel("gemini-x", 1000, 64), ListedModel("tunedModels/mine", None, 64)]


def test_models_of_vertex_are_told_by_their_names() -> None:
    names = ("gemini-3-flash-preview", "gemini-embedding-001", "imagen-4")
    entries = [{"name": f"publishers/google/models/{name}"} for name in names]
    assert DIALECT.decode_models(orjson.dumps({"publisherModels": entries})) == [ListedModel("gemini-3-flash-preview")]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"models": 3}', b"?"])
def test_what_is_no_list_of_models_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        DIALECT.decode_models(body)
