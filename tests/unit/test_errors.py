"""The one envelope, whoever fails."""

import traceback

import orjson
import pytest

from gateway import errors
from gateway.errors import GatewayError, InvalidRequest, UpstreamDown, UpstreamError
from tests.clients.contract import check

EVERY = [
    errors.InvalidRequest("no", param="messages[0].role", code="invalid_value"),
    errors.Unauthenticated("no"),
    errors.Forbidden("no"),
    errors.NotFound("no"),
    errors.ModelNotFound("no"),
    errors.ItemNotFound("msg_1"),
    errors.MethodNotAllowed("no", "GET, POST"),
    errors.IdempotencyConflict("no", "idempotency_key_reused"),
    errors.BodyTooLarge("no"),
    errors.RequestTooComplex("no"),
    errors.UnsupportedMedia("no"),
    errors.UpgradeRequired(),
    errors.InternalError(),
    errors.Unavailable("no"),
    errors.Overloaded("no"),
    errors.TooManyRequests("no"),
    errors.Stopped(),
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


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "name", ["message", "param", "code", "headers", "status", "type", "args", "wait", "should_retry", "anything"]
)
def test_no_attribute_can_be_assigned_or_deleted(error: GatewayError, name: str) -> None:
    before = vars(error).copy()
    with pytest.raises(AttributeError, match=f"{name} is read-only"):
        setattr(error, name, "other")
    with pytest.raises(AttributeError, match=f"{name} is read-only"):
        delattr(error, name)
    assert vars(error) == before


def test_python_may_write_its_own_attributes() -> None:
    error = InvalidRequest("no")
    error.add_note("while reading")
    with pytest.raises(InvalidRequest) as raised:
        raise error from KeyError("cause")
    assert raised.value.__traceback__ is not None
    assert raised.value.__notes__ == ["while reading"]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_copy_has_the_changes_and_everything_else(error: GatewayError) -> None:
    copy = error.replaced(message="other", param="n")
    assert type(copy) is type(error)
    assert (copy.message, copy.param, copy.args, str(copy)) == ("other", "n", ("other",), "other")
    assert (copy.status, copy.type, copy.code, copy.headers) == (error.status, error.type, error.code, error.headers)
    assert error.args == (error.message,) != copy.args


def test_copy_of_an_upstreams_error_keeps_when_to_retry() -> None:
    error = UpstreamDown("The key is refused.", code="upstream_auth").replaced(wait=3.0, should_retry=True)
    copy = error.with_headers((b"retry-after", b"3")).replaced(status=503)
    assert type(copy) is UpstreamDown
    assert (copy.status, copy.code, copy.wait, copy.should_retry) == (503, "upstream_auth", 3.0, True)
    assert (error.status, error.headers) == (502, ())


def test_further_headers_follow_those_of_the_error() -> None:
    error = errors.Unauthenticated("no").with_headers((b"x-one", b"1"), (b"x-two", b"2"))
    assert error.headers == ((b"www-authenticate", b"Bearer"), (b"x-one", b"1"), (b"x-two", b"2"))


def test_copy_that_is_raised_shows_where_the_error_began_and_its_cause() -> None:
    def fails() -> None:
        raise InvalidRequest("no") from cause

    def wraps() -> None:
        try:
            fails()
        except GatewayError as error:
            raise error.replaced(param="n") from error.__cause__

    cause = KeyError("cause")
    with pytest.raises(InvalidRequest) as raised:
        wraps()
    printed = "".join(traceback.format_exception(raised.value))
    assert printed.count("InvalidRequest: no") == 1
    assert printed.count("KeyError: 'cause'") == 1
    assert "in fails" in printed
    assert "During handling" not in printed


def test_refused_key_and_method_carry_their_headers() -> None:
    assert errors.Unauthenticated("no").headers == ((b"www-authenticate", b"Bearer"),)
    assert errors.MethodNotAllowed("no", "GET, POST").headers == ((b"allow", b"GET, POST"),)
