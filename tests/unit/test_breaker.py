"""An upstream that fails again and again is spared, and probed now and then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.breaker import PROBE_SECONDS, Breaker


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(3, 30.0, clock)
    for _ in range(3):
        breaker.begin()
        breaker.fail()
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(3, 30.0, Clock())
    assert [(breaker.admits, breaker.fail()) for _ in range(3)] == [(True, False), (True, False), (True, True)]
    assert not breaker.admits
    assert breaker.seconds_left == 30.0


def test_an_answer_in_between_begins_the_count_anew() -> None:
    breaker = Breaker(2, 30.0, Clock())
    for _ in range(5):
        breaker.fail()
        breaker.succeed()
    assert breaker.admits


def test_after_a_while_one_request_at_a_time_may_probe() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 29.9
    admitted = [breaker.admits]
    clock.now += 0.1
    for _ in range(2):
        admitted.append(breaker.admits)
        breaker.begin()
    assert admitted == [False, True, False]
    # As long as a probe may take.
    assert breaker.seconds_left == 10.0
    clock.now += 10
    assert (breaker.admits, breaker.seconds_left) == (True, 0.0)


def test_requests_that_fail_again_count_once_and_what_no_request_has_caused_counts_always() -> None:
    clock = Clock()
    breaker = Breaker(3, 30.0, clock)
    told = [breaker.fail(digest) for digest in (b"a", b"a", b"b", b"a", b"b", None)]
    assert told == [False, False, False, False, False, True]
    assert [Breaker(2, 30.0, clock).fail() for _ in range(2)] == [False, False]
    # A probe that fails keeps it open if it asks something new.
    clock.now += 30
    breaker.begin()
    assert breaker.fail(b"c") is False
    assert breaker.seconds_left == 30.0
    breaker.succeed()
    assert [breaker.fail(digest) for digest in (b"a", b"b", b"c")] == [False, False, True]


@pytest.mark.parametrize("seconds", [0, 12, 30, 45])
@pytest.mark.parametrize("times", [1, 5])
def test_a_request_that_has_failed_before_keeps_an_open_circuit_open_for_no_longer(seconds: int, times: int) -> None:
    clock = Clock()
    breaker = Breaker(2, 30.0, clock)
    for digest in (b"a", b"b"):
        breaker.fail(digest)
    clock.now += seconds
    for _ in range(times):
        assert breaker.admits_probe
        breaker.begin()
        assert breaker.fail(b"a") is False
        breaker.abandon()
        # What was left is left, and the next may probe at once.
        assert (breaker.is_open, breaker.seconds_left) == (True, max(30.0 - seconds, 0.0))
        assert breaker.admits is (seconds >= 30)
    # The first failure of another request counts, and it, too, counts once.
    for expected in (30.0, 18.0):
        breaker.begin()
        breaker.fail(b"c")
        breaker.abandon()
        assert breaker.seconds_left == expected
        clock.now += 12
    breaker.succeed()
    assert breaker.admits


def test_a_failure_that_is_no_probe_leaves_the_probe_its_place() -> None:
    clock = Clock()
    breaker = Breaker(1, 30.0, clock)
    breaker.fail(b"a")
    clock.now += 31
    assert breaker.admits
    breaker.begin()
    # Sent before the circuit opened.
    for late in (b"a", b"b"):
        breaker.fail(late)
        assert not breaker.admits_probe


def test_failed_requests_are_remembered_up_to_a_number() -> None:
    breaker = Breaker(2, 30.0, Clock())
    for number in range(3000):
        breaker.fail(b"%d" % number)
    assert len(breaker._failed) == 1000


def test_what_can_go_nowhere_else_goes_there_one_at_a_time() -> None:
    clock = Clock()
    breaker = opened(clock)
    assert (breaker.admits, breaker.admits_probe) == (False, True)
    breaker.begin()
    assert (breaker.admits_probe, breaker.seconds_left) == (False, 30.0)
    breaker.fail()
    breaker.abandon()
    assert (breaker.admits_probe, breaker.seconds_left) == (True, 30.0)
    breaker.begin()
    clock.now += 10
    assert breaker.admits_probe


def test_a_probe_that_is_answered_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    breaker.begin()
    breaker.succeed()
    assert (breaker.admits, breaker.is_open) == (True, False)
    assert not breaker.fail()
    assert breaker.admits


def test_a_probe_that_fails_opens_it_for_as_long_again() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    breaker.begin()
    assert not breaker.fail()
    assert breaker.seconds_left == 30.0


def test_a_probe_that_takes_its_time_does_not_keep_the_next_away_for_ever() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    assert breaker.begin()
    clock.now += PROBE_SECONDS - 0.1
    assert not breaker.admits
    clock.now += 0.1
    assert breaker.admits


def test_a_probe_that_nobody_waited_for_leaves_room_for_the_next() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    breaker.begin()
    breaker.abandon()
    assert breaker.admits


STEPS = st.lists(st.sampled_from(["ask succeed", "ask fail", "ask abandon", "wait 10", "wait 31"]), max_size=40)


@given(STEPS, st.integers(1, 4))
def test_it_is_never_shut_for_good(steps: list[str], failures: int) -> None:
    clock = Clock()
    breaker = Breaker(failures, 30.0, clock)
    in_a_row = 0
    for step in steps:
        what, how = step.split()
        if what == "wait":
            clock.now += float(how)
        elif breaker.admits:
            breaker.begin()
            getattr(breaker, how)()
            in_a_row = {"succeed": 0, "fail": in_a_row + 1, "abandon": in_a_row}[how]
        assert breaker.admits or in_a_row >= failures
        assert breaker.seconds_left <= 30.0
    clock.now += 30
    assert breaker.admits
