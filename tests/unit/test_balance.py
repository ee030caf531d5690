"""Shares come out by weight, and what belongs together stays together."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.balance import Turns, rendezvous

NAMES = st.text("abcdefgh/-", min_size=1, max_size=8)
WEIGHTS = st.dictionaries(NAMES, st.integers(1, 9).map(float), min_size=2, max_size=6)


@given(WEIGHTS, st.integers(1, 5))
def test_turns_give_exactly_the_shares(weights: dict[str, float], times: int) -> None:
    turns = Turns()
    whole = int(sum(weights.values()))
    first = Counter(turns.order("group", weights)[0] for _ in range(whole * times))
    assert first == {name: weight * times for name, weight in weights.items()}


def test_turns_do_not_choose_one_many_times_in_a_row() -> None:
    turns = Turns()
    weights = {"a": 5.0, "b": 1.0, "c": 1.0}
    assert "".join(turns.order("group", weights)[0] for _ in range(7)) == "aabacaa"


@given(WEIGHTS)
def test_every_order_names_each_once(weights: dict[str, float]) -> None:
    assert sorted(Turns().order("group", weights)) == sorted(rendezvous(b"key", weights)) == sorted(weights)


def test_groups_have_turns_of_their_own() -> None:
    turns = Turns()
    weights = {"a": 1.0, "b": 1.0}
    assert [turns.order(group, weights)[0] for group in ("one", "two", "one", "two")] == ["a", "a", "b", "b"]


def test_turns_begin_anew_when_the_members_change() -> None:
    turns = Turns()
    turns.order("group", {"a": 1.0, "b": 1.0})
    assert turns.order("group", {"b": 1.0, "c": 1.0}) == ["b", "c"]


@given(WEIGHTS, NAMES)
def test_weight_nothing_comes_last(weights: dict[str, float], idle: str) -> None:
    weights[idle] = 0.0
    turns = Turns()
    assert all(turns.order("group", weights)[-1] == idle for _ in range(20))
    assert all(rendezvous(bytes([number]), weights)[-1] == idle for number in range(20))


@given(st.binary(max_size=9), WEIGHTS, st.data())
def test_a_key_keeps_its_order_when_another_member_leaves(
    key: bytes, weights: dict[str, float], data: st.DataObject
) -> None:
    order = list(rendezvous(key, weights))
    leaves = data.draw(st.sampled_from(order))
    left = {name: weight for name, weight in weights.items() if name != leaves}
    assert list(rendezvous(key, left)) == [name for name in order if name != leaves]


@given(st.binary(max_size=9), WEIGHTS)
def test_a_key_finds_the_same_order_however_the_members_are_listed(key: bytes, weights: dict[str, float]) -> None:
    assert list(rendezvous(key, weights)) == list(rendezvous(key, dict(reversed(weights.items()))))


def test_keys_spread_by_weight() -> None:
    weights = {"a": 1.0, "b": 2.0, "c": 5.0}
    keys = 8000
    first = Counter(rendezvous(number.to_bytes(4), weights)[0] for number in range(keys))
    for name, weight in weights.items():
        assert abs(first[name] / keys - weight / 8) < 0.02
