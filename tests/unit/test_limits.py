"""What an upstream's headers say of its limits, and what is remembered of it."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.base import Refused
from gateway.dialects.errors import decode_refusal
from gateway.dialects.limits import exhausted
from gateway.dialects.profiles.base import Profile
from gateway.routing.limits import Limits

SPELLINGS = [
    ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360.0),
    ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "17ms"}, 0.017),
    ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2m59.56s"}, 179.56),
    ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-renewalperiod-tokens": "60"}, 60.0),
    ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, 30.0),
    ({"x-tokenlimit-remaining": "0", "x-tokenlimit-reset": "4"}, 4.0),
    ({"ratelimitbysize-remaining": "0", "ratelimitbysize-reset": "12"}, 12.0),
    ({"x-ratelimit-remaining-req-minute": "0"}, 1.0),
    ({"x-ratelimit-remaining-tokens-prompt": "-3"}, 1.0),
    ({"x-ratelimit-over-limit": "yes"}, 1.0),
    (
        {
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "1s",
            "x-ratelimit-remaining-tokens": "0",
            "x-ratelimit-reset-tokens": "9s",
        },
        9.0,
    ),
]


@pytest.mark.parametrize(("headers", "seconds"), SPELLINGS)
def test_every_spelling_of_a_limit_that_is_used_up_is_read(headers: dict[str, str], seconds: float) -> None:
    assert exhausted(headers) == pytest.approx(seconds)


def test_moments_are_read_as_seconds_from_now() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=40)
    rfc = {
        "anthropic-ratelimit-output-tokens-remaining": "0",
        "anthropic-ratelimit-output-tokens-reset": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    epoch = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int((time.time() + 40) * 1000))}
    assert exhausted(rfc) == pytest.approx(40, abs=2)
    assert exhausted(epoch) == pytest.approx(40, abs=2)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "20"},
        {"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "6m0s"},
        {"x-ratelimit-remaining-requests": "many"},
        {"x-ratelimit-limit-requests": "0"},
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "0"},
    ],
)
def test_what_is_left_is_left(headers: dict[str, str]) -> None:
    assert exhausted(headers) is None


@given(st.dictionaries(st.sampled_from([name for headers, _ in SPELLINGS for name in headers]), st.text(max_size=12)))
def test_whatever_a_header_says_is_some_time_or_nothing(headers: dict[str, str]) -> None:
    seconds = exhausted(headers)
    assert seconds is None or 0 < seconds <= 7 * 86_400


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "9s"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "9s"}, 9.0),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "9s"}, None),
    ],
)
def test_a_refusal_knows_when_to_come_again(headers: dict[str, str], wait: float | None) -> None:
    assert decode_refusal(Refused("lab", 429, headers, b"{}"), Profile(), "messages").wait == wait


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_is_used_up_for_one_model_or_for_all() -> None:
    limits = Limits(Clock())
    limits.learn(("lab", "small", "key-a"), 10.0)
    limits.learn(("lab", "", "key-b"), 10.0)
    assert limits.is_used_up("lab", "small", "key-a")
    assert not limits.is_used_up("lab", "large", "key-a")
    assert limits.is_used_up("lab", "large", "key-b")
    assert not limits.is_used_up("other", "small", "key-a")


def test_what_was_used_up_comes_back() -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.learn(("lab", "small", "key"), 10.0)
    clock.now = 9.9
    assert limits.is_used_up("lab", "small", "key")
    clock.now = 10.0
    assert not limits.is_used_up("lab", "small", "key")


def test_models_without_end_do_not_fill_the_memory() -> None:
    limits = Limits(Clock())
    for number in range(25_000):
        limits.learn(("lab", f"model-{number}", "key"), 10.0)
        assert limits.is_used_up("lab", f"model-{number}", "key")
    assert len(limits.until) <= 10_000


def test_a_key_that_answers_again_is_not_passed_over_any_longer() -> None:
    limits = Limits(lambda: 0.0)
    limits.learn(("a", "", "key"), 60)
    assert limits.is_used_up("a", "small", "key")
    limits.lift(("a", "", "key"))
    assert not limits.is_used_up("a", "small", "key")
