"""The one envelope, whoever fails."""

import orjson
import pytest

from gateway import errors
from gateway.errors import GatewayError, InvalidRequest, UpstreamDown, UpstreamError
from tests.clients.contract import check

EVERY = [
    errors.InvalidRequest("no", param="messages[0].role", code="invalid_value"),
    errors.Unauthenticated("no"),
    errors.NotFound("no"),
    errors.ModelNotFound("no"),
    errors.ItemNotFound("msg_1"),
    errors.MethodNotAllowed("no", "GET, POST"),
    errors.BodyTooLarge("no"),
    errors.UnsupportedMedia("no"),
    errors.InternalError(),
    errors.Unavailable("no"),
    UpstreamError(429, "no", type="rate_limit_error", code="rate_limit_exceeded"),
    UpstreamDown("no"),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_envelope_is_what_the_contract_says(error: GatewayError) -> None:
    document = orjson.loads(error.body())
    check("ErrorResponse", document)
    assert document.keys() == {"error"}
    assert document["error"].keys() == {"message", "type", "param", "code"}
    assert 400 <= error.status <= 599


def test_every_kind_of_error_is_checked() -> None:
    def below(kind: type[GatewayError]) -> set[type[GatewayError]]:
        return {kind}.union(*(below(inner) for inner in kind.__subclasses__()))

    ours = {kind for kind in below(GatewayError) if kind.__module__ == "gateway.errors"}
    assert {type(error) for error in EVERY} == ours - {GatewayError}


def test_envelope_says_what_it_was_given() -> None:
    error = InvalidRequest("wrong", param="n", code="invalid_value")
    fields = {"message": "wrong", "type": "invalid_request_error", "param": "n", "code": "invalid_value"}
    assert error.envelope() == {"error": fields}


def test_lone_surrogates_become_question_marks() -> None:
    error = InvalidRequest("bad \ud800 key", param="metadata.\udfff", code="invalid_value")
    assert orjson.loads(error.body())["error"] == {
        "message": "bad ? key",
        "type": "invalid_request_error",
        "param": "metadata.?",
        "code": "invalid_value",
    }
    assert orjson.loads(InvalidRequest("\ud800").body())["error"]["param"] is None


def test_text_beyond_ascii_is_kept() -> None:
    assert orjson.loads(InvalidRequest("größer 🙂").body())["error"]["message"] == "größer 🙂"


def test_internal_error_says_nothing_about_itself() -> None:
    assert errors.InternalError().message == "The gateway met an error of its own while it handled this request."


def test_errors_do_not_share_their_headers() -> None:
    first, second = UpstreamDown("a"), UpstreamDown("b")
    first.headers.append((b"retry-after", b"1"))
    assert second.headers == []


def test_an_error_told_anew_is_the_same_and_shares_nothing_that_is_written_into_it() -> None:
    first = UpstreamDown("The key is refused.", code="upstream_auth")
    first.wait = 3.0
    second = first.anew()
    second.headers.append((b"x-waystone-model", b"secret"))
    second.message = "Cleaned."
    assert type(second) is UpstreamDown
    assert (second.status, second.code, second.wait) == (502, "upstream_auth", 3.0)
    assert (first.headers, first.message) == ([], "The key is refused.")


def test_refused_key_and_method_carry_their_headers() -> None:
    assert errors.Unauthenticated("no").headers == [(b"www-authenticate", b"Bearer")]
    assert errors.MethodNotAllowed("no", "GET, POST").headers == [(b"allow", b"GET, POST")]
