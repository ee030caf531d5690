"""What a refusal says reaches the client, in whichever body an upstream writes it: body by dialect."""

from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Refused
from gateway.errors import UpstreamError
from gateway.providers import compatible

dialects = pytest.mark.parametrize("dialect", DIALECTS)
SAID = "temperature is too high"
NESTED = {"error": {"message": SAID}}


def behind(raw: Any, **more: Any) -> dict[str, Any]:
    """What OpenRouter writes of an error of the provider behind it."""
    return {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": raw}, **more}}


def text(document: Any) -> str:
    return orjson.dumps(document).decode()


# A body, and what its client reads behind the provider's name.
TABLE: dict[str, tuple[Any, str]] = {
    "OpenAI's": ({"error": {"message": SAID, "type": "invalid_request_error", "param": None, "code": None}}, SAID),
    "in a list": ([NESTED], SAID),
    "in a text": (text(NESTED), SAID),
    "error of null": ({"error": None, "message": SAID}, SAID),
    "error of true": ({"error": True, "message": SAID}, SAID),
    "errors": ({"errors": [{"message": SAID}, {"message": "top_p, too"}]}, f"{SAID}; top_p, too"),
    "errors of texts": ({"errors": [SAID]}, SAID),
    "errors below a message": ({"message": "Not valid", "errors": [{"message": SAID}]}, f"Not valid: {SAID}"),
    "errors by field": ({"title": "Not valid", "errors": {"top_p": ["is 9"]}}, "Not valid: top_p: is 9"),
    "list of errors": ({"error": [{"message": SAID}]}, SAID),
    "error in an error": ({"error": NESTED}, SAID),
    "msg": ({"error": {"msg": SAID}}, SAID),
    "detail of an error": ({"error": {"detail": SAID}}, SAID),
    "reason": ({"error": {"reason": SAID}}, SAID),
    "list of messages": ({"message": [SAID, "top_p, too"], "statusCode": 400}, f"{SAID}; top_p, too"),
    "object for a message": ({"error": {"message": {"detail": SAID}}}, SAID),
    "detail": ({"detail": SAID}, SAID),
    "object for a detail": ({"detail": {"message": SAID, "code": "x"}}, SAID),
    "error in a detail": ({"detail": NESTED}, SAID),
    "detail of texts": ({"detail": [SAID]}, SAID),
    "complaint without a place": ({"detail": [{"msg": SAID}]}, SAID),
    "two complaints": (
        {"detail": [{"loc": ["body", "a"], "msg": "is 1"}, {"loc": ["body", "b", 0], "msg": "is 2"}]},
        "body.a: is 1; body.b.0: is 2",
    ),
    "the same complaint twice": ({"detail": [SAID, SAID]}, SAID),
    "short error and message": ({"error": "Bad Request", "message": SAID}, f"Bad Request: {SAID}"),
    "short error and detail": ({"error": "Bad Request", "detail": SAID}, f"Bad Request: {SAID}"),
    "error that is in the message": ({"error": "temperature", "message": SAID}, SAID),
    "base_resp": ({"base_resp": {"status_code": 2013, "status_msg": SAID}}, SAID),
    "raw text": (behind(SAID), f"Provider returned error ({SAID})"),
    "raw JSON": (behind(text(NESTED)), f"Provider returned error ({SAID})"),
    "raw object": (behind(NESTED), f"Provider returned error ({SAID})"),
    "raw list": (behind([NESTED]), f"Provider returned error ({SAID})"),
    "raw JSON list": (behind(text([NESTED])), f"Provider returned error ({SAID})"),
    "raw detail": (behind({"detail": [{"loc": ["body"], "msg": SAID}]}), f"Provider returned error (body: {SAID})"),
    "raw JSON detail": (behind(text({"detail": SAID})), f"Provider returned error ({SAID})"),
    "raw errors": (behind({"errors": [{"message": SAID}]}), f"Provider returned error ({SAID})"),
    "raw in a raw": (behind(text(behind(text(NESTED)))), f"Provider returned error ({SAID})"),
    "raw alone": ({"error": {"metadata": {"raw": SAID}}}, SAID),
}


def refused(dialect: str, body: bytes, status: int = 400) -> UpstreamError:
    spoken = DIALECTS[dialect]
    return spoken.decode_error(Refused("lab", status, {}, body), spoken.profile_type.over(compatible.PROFILE))


@dialects
@pytest.mark.parametrize("status", [400, 429])
@pytest.mark.parametrize(("body", "said"), TABLE.values(), ids=TABLE)
def test_the_message_is_read(dialect: str, status: int, body: Any, said: str) -> None:
    error = refused(dialect, orjson.dumps(body), status)
    assert (error.status, error.message) == (status, f"lab: {said}")


@dialects
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"Bad request:\r\n temperature\tis too high\n", "Bad request: temperature is too high"),
        (b'"temperature is too high"', SAID),
        (b'data: {"error": {"message": "temperature is too high"}}\n\n', SAID),
        (b'event: error\ndata: {"error": {"message": "temperature is too high"}}\n\ndata: [DONE]\n\n', SAID),
        # Pages, pieces of JSON, what is no text, and what is long is about the server.
        *(
            (body, "it answered with status 400.")
            for body in (
                *(b"", b"  ", b"null", b"{}", b"[]", b"3", b'{"error": {"mess', b'{"message": 5}', b"\xff\xfe\x00"),
                *(b"<h1>temperature</h1>", b"Oh <html>temperature</html>", b"x" * 1001, b'{"id": "1"}'),
            )
        ),
    ],
)
def test_a_short_text_is_told_and_no_page(dialect: str, body: bytes, said: str) -> None:
    assert refused(dialect, body).message == f"lab: {said}"


@dialects
@pytest.mark.parametrize("raw", [{"error": {"message": "Long.", "code": "context_length_exceeded"}}, {"detail": "x"}])
@pytest.mark.parametrize("writes", [lambda raw: raw, text], ids=["object", "JSON"])
def test_a_code_behind_an_aggregator_counts_as_its_own(dialect: str, raw: Any, writes: Any) -> None:
    error = refused(dialect, orjson.dumps(behind(writes(raw))))
    assert error.code == ("context_length_exceeded" if "error" in raw else None)


def test_a_context_behind_an_aggregator_may_be_known_by_its_prose_alone() -> None:
    said = "This model's maximum context length is 10 tokens."
    assert refused("openai-chat", orjson.dumps(behind(said))).code == "context_length_exceeded"


@pytest.mark.parametrize("code", ["invalid_api_key", "insufficient_quota"])
def test_the_account_of_the_provider_behind_is_not_the_gateways(code: str) -> None:
    error = refused("openai-chat", orjson.dumps(behind({"error": {"message": "No.", "code": code}})))
    assert (error.status, error.code) == (400, None)


@dialects
def test_many_complaints_and_deep_ones_are_bounded(dialect: str) -> None:
    deep: Any = SAID
    for _ in range(100):
        deep = {"error": [deep]}
    assert refused(dialect, orjson.dumps(deep)).message == "lab: it answered with status 400."
    many = {"detail": [f"complaint {number}" for number in range(100)]}
    assert refused(dialect, orjson.dumps(many)).message.endswith("complaint 7")
