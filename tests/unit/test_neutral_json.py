"""Values read out of untrusted JSON."""

import math
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.neutral import json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)

# Each function, the types that it returns unchanged, and what it makes of every other value.
TAKEN: list[tuple[Callable[[object], object], set[type], object]] = [
    (json.text_or_none, {str}, None),
    (json.text_or_empty, {str}, ""),
    (json.boolean_or_none, {bool}, None),
    (json.integer_or_none, {int}, None),
    (json.number_or_none, {int, float}, None),
    (json.list_or_none, {list}, None),
    (json.list_or_empty, {list}, []),
    (json.object_or_none, {dict}, None),
    (json.object_or_empty, {dict}, {}),
]


@pytest.mark.parametrize(("take", "types", "otherwise"), TAKEN, ids=lambda value: getattr(value, "__name__", ""))
@given(value=VALUES)
def test_value_of_the_requested_type_is_returned_itself(
    take: Callable[[object], object], types: set[type], otherwise: object, value: Any
) -> None:
    if type(value) in types:
        assert take(value) is value
    else:
        assert take(value) == otherwise
        assert type(take(value)) is type(otherwise)


@pytest.mark.parametrize(("take", "kind"), [(json.objects_in, dict), (json.texts_in, str)])
@given(value=VALUES)
def test_entries_of_one_type_keep_their_order(take: Callable[[object], list[Any]], kind: type, value: Any) -> None:
    expected = [entry for entry in value if type(entry) is kind] if type(value) is list else []
    assert take(value) == expected


@given(value=VALUES)
def test_count_is_an_exact_integer_that_is_not_negative(value: Any) -> None:
    is_count = type(value) is int and 0 <= value < 2**53
    assert json.count_or_none(value) == (value if is_count else None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (7, 7),
        (7.9, 7),
        (2**53 - 1, 2**53 - 1),
        (2**53, 0),
        (-1, 0),
        (-0.5, 0),
        (True, 0),
        ("7", 0),
        (None, 0),
        ([7], 0),
        (math.nan, 0),
        (math.inf, 0),
    ],
)
def test_count_of_tokens_may_be_a_float(value: object, expected: int) -> None:
    found = json.count_or_zero(value)
    assert found == expected
    assert type(found) is int


@given(value=VALUES)
def test_count_of_anything_is_a_count(value: Any) -> None:
    assert json.count_or_none(json.count_or_zero(value)) is not None


@given(body=st.binary() | st.text())
def test_any_body_is_parsed_or_none(body: bytes | str) -> None:
    value = json.parse(body)
    assert json.parse_object(body) == (value if type(value) is dict else None)


@given(value=st.dictionaries(st.text(), st.text() | st.integers(-(2**53), 2**53) | st.none()))
def test_object_is_parsed_as_it_was_written(value: dict[str, Any]) -> None:
    assert json.parse_object(orjson.dumps(value)) == value


def test_empty_values_are_not_shared() -> None:
    json.object_or_empty(None)["left"] = 1
    json.list_or_empty(None).append(1)
    assert json.object_or_empty(None) == {}
    assert json.list_or_empty(None) == []
