"""Who a request is for, as `metadata.waystone` says it."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidRequest
from gateway.neutral.end_user import EndUser, Entity, split_end_user

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["user", "group", "id", "metadata", "x"]), inner, max_size=4),
    ),
    max_leaves=8,
)


def take(document: Any, **others: str) -> EndUser | None:
    text = document if isinstance(document, str) else orjson.dumps(document).decode()
    return split_end_user({"waystone": text, **others})[0]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"user": "ann"}, EndUser(user=Entity("ann"))),
        ({"user": {"id": "ann"}}, EndUser(user=Entity("ann"))),
        ({"user": {"id": "ann", "metadata": {}}}, EndUser(user=Entity("ann", {}))),
        ({"user": {"id": "ann", "metadata": None}}, EndUser(user=Entity("ann"))),
        (
            {"user": "ann", "group": {"id": "lab", "metadata": {"tier": "free"}}},
            EndUser(Entity("ann"), Entity("lab", {"tier": "free"})),
        ),
        ({"group": "lab", "user": None}, EndUser(group=Entity("lab"))),
        ({}, EndUser()),
        ({"user": "ü" * 256}, EndUser(user=Entity("ü" * 256))),
    ],
)
def test_user_and_group_are_read_in_both_forms(document: Any, expected: EndUser) -> None:
    assert take(document) == expected


def test_example_of_the_document_is_read() -> None:
    text = """{
						"user": {
							"id": "user123",
							"metadata": { "email": "user@example.com", "name": "John Doe" }
						}
					}"""
    assert take(text) == EndUser(Entity("user123", {"email": "user@example.com", "name": "John Doe"}))


def test_value_is_split_off_and_the_other_metadata_stays() -> None:
    metadata = {"waystone": '{"user": "ann"}', "trace": "7"}
    assert split_end_user(metadata) == (EndUser(Entity("ann")), {"trace": "7"})
    assert metadata.keys() == {"waystone", "trace"}


def test_metadata_without_it_is_left_as_it_is() -> None:
    metadata = {"trace": "7"}
    end_user, rest = split_end_user(metadata)
    assert end_user is None
    assert rest is metadata


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("", "is not JSON"),
        ("user123", "is not JSON"),
        ("NaN", "is not JSON"),
        ("[" * 2000, "is not JSON"),
        ("5", "is not a JSON object"),
        ('"ann"', "is not a JSON object"),
        ([], "is not a JSON object"),
        ({"team": "a"}, "has an unknown key 'team'"),
        ({"user": 5}, "user must be a string or an object"),
        ({"user": ["ann"]}, "user must be a string or an object"),
        ({"user": ""}, "the id of user"),
        ({"user": {}}, "the id of user"),
        ({"user": {"id": 5}}, "the id of user"),
        ({"user": "x" * 257}, "the id of user"),
        ({"user": "a\x00b"}, "the id of user"),
        ({"group": {"id": "lab", "metadata": "free"}}, "the metadata of group must be an object"),
        ('{"group": {"id": "lab", "metadata": {"a": ' + "[" * 300 + "]" * 300 + "}}}", "nested too deeply"),
        ({"user": {"id": "ann", "metadata": {"a": "x" * 70_000}}}, "is longer than 65536 characters"),
    ],
)
def test_anything_else_is_refused_and_told(document: Any, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        take(document)
    assert refused.value.param == "metadata.waystone"
    assert refused.value.status == 400
    assert says in refused.value.message
    assert "Expected a JSON object in a string" in refused.value.message
    assert len(refused.value.message) < 600


@given(st.one_of(JSON.map(lambda document: orjson.dumps(document).decode()), st.text(max_size=20)))
def test_whatever_stands_there_is_read_or_refused(text: str) -> None:
    try:
        found = take(text)
    except InvalidRequest:
        return
    assert isinstance(found, EndUser)
    for entity in (found.user, found.group):
        assert entity is None or 0 < len(entity.id) <= 256
