"""Fields of a body are read, taken and written by dotted paths, and the client's own objects stay as they are."""

import pytest

from gateway.dialects.paths import pop_at, put_at, value_at
from gateway.neutral.json import Json, JsonObject


@pytest.mark.parametrize(
    ("body", "path", "value", "left"),
    [
        ({"a": 1, "b": 2}, "a", 1, {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, "a.b", 1, {"a": {"c": 2}}),
        ({"a": {"b": 1}, "c": 2}, "a.b", 1, {"c": 2}),
        ({"a": {"b": {"c": 1}}}, "a.b.c", 1, {}),
        ({"a": {}}, "a.b", None, {"a": {}}),
        ({"a": "text"}, "a.b", None, {"a": "text"}),
        ({"a": None}, "a.b", None, {"a": None}),
    ],
)
def test_a_value_is_taken_with_the_object_that_is_empty_without_it(
    body: JsonObject, path: str, value: Json, left: JsonObject
) -> None:
    assert value_at(body, path) == value
    assert pop_at(body, path) == value
    assert body == left


@pytest.mark.parametrize(
    ("body", "path", "is_put", "after"),
    [
        ({}, "a", True, {"a": 7}),
        ({}, "a.b.c", True, {"a": {"b": {"c": 7}}}),
        ({"a": {"c": 2}}, "a.b", True, {"a": {"c": 2, "b": 7}}),
        ({"a": None}, "a.b", True, {"a": {"b": 7}}),
        ({"a": {"b": None}}, "a.b", True, {"a": {"b": 7}}),
        ({"a": 1}, "a", False, {"a": 1}),
        ({"a": {"b": False}}, "a.b", False, {"a": {"b": False}}),
        ({"a": "text"}, "a.b", False, {"a": "text"}),
    ],
)
def test_a_value_is_written_where_nothing_stands_in_its_way(
    body: JsonObject, path: str, is_put: bool, after: JsonObject
) -> None:
    assert put_at(body, path, 7) == is_put
    assert body == after


def test_objects_of_the_client_are_not_changed() -> None:
    inner: JsonObject = {"b": 1, "c": 2}
    put_at({"a": inner}, "a.d", 7)
    pop_at({"a": inner}, "a.b")

    assert inner == {"b": 1, "c": 2}
