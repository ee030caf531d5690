"""Anthropic's refusals, and its list of models."""

import pytest

from gateway.dialects.base import ListedModel, Refused
from tests.unit.anthropic_requests import DIALECT, HAIKU, origin


@pytest.mark.parametrize(
    ("status", "kind", "message", "expected"),
    [
        (400, "invalid_request_error", "messages.0: no", (400, None, None)),
        (400, "invalid_request_error", "prompt is too long: 9 > 8", (400, "context_length_exceeded", "messages")),
        (400, "invalid_request_error", "Your credit balance is too low", (502, "insufficient_quota", None)),
        (401, "authentication_error", "invalid x-api-key", (502, "upstream_auth", None)),
        (402, "billing_error", "pay", (502, "insufficient_quota", None)),
        (403, "permission_error", "no", (502, "upstream_auth", None)),
        (404, "not_found_error", "model: x", (404, "model_not_found", "model")),
        (413, "request_too_large", "too large", (400, None, None)),
        (429, "rate_limit_error", "slow down", (429, "rate_limit_exceeded", None)),
        (500, "api_error", "oh", (503, "overloaded", None)),
        (504, "timeout_error", "oh", (503, "overloaded", None)),
        (529, "overloaded_error", "Overloaded", (503, "overloaded", None)),
    ],
)
def test_refusal_has_its_meaning(
    status: int, kind: str, message: str, expected: tuple[int, str | None, str | None]
) -> None:
    body = f'{{"type": "error", "error": {{"type": "{kind}", "message": "{message}"}}}}'.encode()
    headers = {"retry-after": "3", "x-should-retry": "true"}
    error = DIALECT.decode_error(Refused("anthropic", status, headers, body), origin(HAIKU).profile)
    assert (error.status, error.code, error.param) == expected
    assert (error.wait, error.should_retry) == (3.0, True)


def test_refusal_that_is_no_json_is_one_all_the_same() -> None:
    error = DIALECT.decode_error(Refused("anthropic", 502, {}, b"<html>"), origin(HAIKU).profile)
    assert error.status == 503


def test_models_are_listed_with_their_limits() -> None:
    body = b'{"data": [{"type": "model", "id": "a", "max_input_tokens": 5, "max_tokens": 3}, {"id": "b"}, 1]}'
    assert DIALECT.decode_models(body) == [ListedModel("a", 5, 3), ListedModel("b")]


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"data": {}}', b"<"])
def test_what_is_no_list_of_models_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        DIALECT.decode_models(body)


def test_key_travels_in_anthropics_header() -> None:
    assert DIALECT.authorize("k") == {"x-api-key": "k", "anthropic-version": "2023-06-01"}
