"""What a failure means for the way on: whether another lane may do better, and what is to blame."""

from dataclasses import replace
from typing import Literal

from gateway.errors import GatewayError, UpstreamDown, UpstreamError
from gateway.neutral.values import value

Blame = Literal["request", "lane", "key", "model", "instance"]


@value
class Verdict:
    """What to do after a failure (shared facts on providers, section 19).

    `blame` is what would fail again at once: this request there, this model by this key, everything by this key, this
    model by any key, or the whole instance. `may_retry`: the same lane may do better after a while. `may_fail_over`:
    another lane may do better now. `is_outage`: what is to blame does not work at all, and is spared if it goes on so.
    """

    blame: Blame
    may_retry: bool
    may_fail_over: bool
    is_outage: bool = False


# Wrong wherever it is sent. A context that is too long would do at a larger model only, and which is larger
# nobody says.
_HOPELESS = Verdict("request", may_retry=False, may_fail_over=False)
_NOT_HERE = Verdict("request", may_retry=False, may_fail_over=True)
_KEY = Verdict("key", may_retry=False, may_fail_over=True)
_THROTTLED = Verdict("lane", may_retry=True, may_fail_over=True)
_MODEL = Verdict("model", may_retry=False, may_fail_over=True)
# Whoever answers at all may have other models that work: one that fails must not keep everybody from those.
_BROKEN = Verdict("model", may_retry=False, may_fail_over=True, is_outage=True)
_ODD = Verdict("model", may_retry=False, may_fail_over=True)
_BUSY = Verdict("model", may_retry=True, may_fail_over=True, is_outage=True)
# Its connections are in use by others of our requests; it may be in the best of health.
_FULL = Verdict("instance", may_retry=False, may_fail_over=True)
_GONE = Verdict("instance", may_retry=True, may_fail_over=True, is_outage=True)

_BY_CODE = {
    "upstream_unreachable": _GONE,
    "upstream_busy": _FULL,
    "upstream_auth": _KEY,
    "insufficient_quota": _KEY,
    "rate_limit_exceeded": _THROTTLED,
    "context_length_exceeded": _HOPELESS,
    "content_filter": _HOPELESS,
    "model_not_found": _MODEL,
    # The whole time that was there for an answer is gone; so would the next one be.
    "upstream_timeout": _BROKEN,
    # Wrong address, or no such API: it stays so until an operator mends it.
    "upstream_error": _ODD,
    # A model that does not keep to a form fails by itself, and its provider works.
    "upstream_bad_reply": _ODD,
}


def judge(error: GatewayError) -> Verdict:
    """What a failure before the first byte of an answer means. What the provider says of retries wins."""
    if not isinstance(error, UpstreamError):
        # It cannot be said there what was asked, or a part of this machine is missing.
        return _NOT_HERE
    # The code of a bad request is in the upstream's own words, which may be any.
    is_bad = error.status == 400 and not isinstance(error, UpstreamDown)
    verdict = _HOPELESS if is_bad else _BY_CODE.get(error.code or "") or _by_status(error.status)
    if error.should_retry is None:
        return verdict
    return replace(verdict, may_retry=error.should_retry, may_fail_over=error.should_retry or verdict.may_fail_over)


def _by_status(status: int) -> Verdict:
    if status == 429:
        return _THROTTLED
    if status == 404:
        return _MODEL
    return _BUSY if status >= 500 else _HOPELESS
