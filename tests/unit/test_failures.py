"""What each class of failure means for the way on, as the facts on providers have it (section 19)."""

import pytest

from gateway.dialects.base import Refused
from gateway.dialects.errors import decode_refusal
from gateway.dialects.profiles.base import Profile
from gateway.errors import GatewayError, InvalidRequest, Unavailable, UpstreamDown
from gateway.routing.failures import judge

# Status and code of what an upstream refuses with; then what is to blame, whether to retry, whether to fail over.
TABLE: list[tuple[int, str, str, bool, bool]] = [
    (401, "", "key", False, True),
    (403, "", "key", False, True),
    (400, "invalid_api_key", "key", False, True),
    (402, "", "key", False, True),
    (429, "insufficient_quota", "key", False, True),
    (400, "context_length_exceeded", "request", False, False),
    (400, "", "request", False, False),
    (413, "", "request", False, False),
    (422, "", "request", False, False),
    (400, "content_filter", "request", False, False),
    (404, "", "model", False, True),
    (400, "model_not_found", "model", False, True),
    (429, "", "lane", True, True),
    (498, "", "lane", True, True),
    *((status, "", "model", True, True) for status in (408, 409, 424, 500, 502, 503, 504, 529)),
]


def refused(status: int, code: str = "", headers: dict[str, str] | None = None) -> GatewayError:
    body = b'{"error": {"message": "No.", "code": "%s"}}' % code.encode()
    return decode_refusal(Refused("lab", status, headers or {}, body), Profile(), "messages")


@pytest.mark.parametrize(("status", "code", "blame", "may_retry", "may_fail_over"), TABLE)
def test_what_a_refusal_means(status: int, code: str, blame: str, may_retry: bool, may_fail_over: bool) -> None:
    verdict = judge(refused(status, code))
    assert (verdict.blame, verdict.may_retry, verdict.may_fail_over) == (blame, may_retry, may_fail_over)


@pytest.mark.parametrize(("status", "code", "blame", "may_retry", "may_fail_over"), TABLE)
def test_what_the_provider_says_of_retries_wins(
    status: int, code: str, blame: str, may_retry: bool, may_fail_over: bool
) -> None:
    again = judge(refused(status, code, {"x-should-retry": "true"}))
    never = judge(refused(status, code, {"x-should-retry": "false"}))
    assert (again.may_retry, again.may_fail_over) == (True, True)
    assert (never.may_retry, never.may_fail_over) == (False, may_fail_over)


@pytest.mark.parametrize(
    ("error", "blame", "may_retry"),
    [
        (UpstreamDown("Gone.", code="upstream_unreachable"), "instance", True),
        (UpstreamDown("Gone.", code="upstream_cut_off"), "model", True),
        (UpstreamDown("Full.", status=503, code="upstream_busy"), "instance", False),
        (UpstreamDown("Late.", status=504, code="upstream_timeout"), "model", False),
        (UpstreamDown("HTML.", code="upstream_bad_reply"), "model", False),
        (UpstreamDown("Teapot.", code="upstream_error"), "model", False),
        (InvalidRequest("It has no place for that."), "request", False),
        (Unavailable("The model is not installed."), "request", False),
    ],
)
def test_what_is_no_refusal_goes_to_the_next_one(error: GatewayError, blame: str, may_retry: bool) -> None:
    verdict = judge(error)
    assert (verdict.blame, verdict.may_retry, verdict.may_fail_over) == (blame, may_retry, True)


def test_an_upstream_whose_connections_are_all_in_use_is_not_broken() -> None:
    assert not judge(UpstreamDown("Full.", status=503, code="upstream_busy")).is_outage
