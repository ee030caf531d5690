"""Overlays change what they aim at, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.contract.overlay import Step, apply, parse_target, select
from scripts.contract.sources import ContractError

PLAIN_NAMES = st.from_regex(r"[A-Za-z_][\w-]{0,10}", fullmatch=True)
STEPS = st.lists(st.one_of(st.none(), st.integers(0, 99), PLAIN_NAMES, st.text(st.characters(exclude_characters="'"))))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN_NAMES, inner, max_size=3),
    max_leaves=12,
)


def overlay(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"overlay": "1.0.0", "info": {"title": "Test", "version": "1"}, "actions": list(actions)}


def written(steps: list[Step]) -> str:
    return "$" + "".join(
        "[*]" if step is None else f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in steps
    )


def test_update_merges_objects_into_each_other() -> None:
    document = {"paths": {"/a": {"post": {"responses": {"200": {"description": "fine"}}}}}}
    action = {
        "target": "$.paths['/a'].post",
        "update": {"tags": ["x"], "responses": {"400": {"description": "bad"}}},
    }

    result = apply(document, overlay(action))

    assert result["paths"]["/a"]["post"] == {
        "responses": {"200": {"description": "fine"}, "400": {"description": "bad"}},
        "tags": ["x"],
    }


def test_update_replaces_plain_values_and_joins_lists() -> None:
    document = {"info": {"title": "old"}, "tags": ["a"]}

    result = apply(document, overlay({"target": "$", "update": {"info": {"title": "new"}, "tags": ["b"]}}))

    assert result == {"info": {"title": "new"}, "tags": ["a", "b"]}


def test_update_of_a_list_appends_to_it() -> None:
    assert apply({"tags": [1]}, overlay({"target": "$.tags", "update": 2})) == {"tags": [1, 2]}


def test_wildcard_selects_every_child() -> None:
    document: dict[str, Any] = {"paths": {"/a": {"post": {}}, "/b": {"post": {}, "get": {}}, "/c": {"get": {}}}}

    result = apply(document, overlay({"target": "$.paths.*.post", "update": {"seen": True}}))

    assert result["paths"] == {
        "/a": {"post": {"seen": True}},
        "/b": {"post": {"seen": True}, "get": {}},
        "/c": {"get": {}},
    }


def test_remove_takes_members_and_list_entries_away() -> None:
    document = {"a": {"b": 1, "c": 2}, "list": [1, 2, 3]}

    result = apply(document, overlay({"target": "$.a.b", "remove": True}, {"target": "$.list[*]", "remove": True}))

    assert result == {"a": {"c": 2}, "list": []}


def test_actions_see_what_those_before_them_did() -> None:
    actions = ({"target": "$", "update": {"a": {}}}, {"target": "$.a", "update": {"b": 1}})

    assert apply({}, overlay(*actions)) == {"a": {"b": 1}}


def test_one_update_in_several_places_shares_nothing() -> None:
    first = {"target": "$.*", "update": {"list": {"x": []}}}

    result = apply({"a": {}, "b": {}}, overlay(first, {"target": "$.a.list.x", "update": 1}))

    assert result == {"a": {"list": {"x": [1]}}, "b": {"list": {"x": []}}}


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"target": "$.b", "update": {}}, "selects nothing"),
        ({"target": "$.a"}, "neither update nor remove"),
        ({"target": "$.a.b", "update": {}}, "only an object or an array can be updated"),
        ({"target": "$.a", "update": 1}, "only an object or an array can be updated"),
        ({"target": "a", "update": {}}, "does not begin with"),
        ({"target": "$..a", "update": {}}, "cannot read '..a'"),
        ({"target": "$.a[?(@.b)]", "update": {}}, r"cannot read '\[\?\(@\.b\)\]'"),
        ({"target": "$", "remove": True}, "cannot remove the whole document"),
    ],
)
def test_actions_that_do_nothing_or_cannot_be_done_are_errors(action: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        apply({"a": {"b": 1}}, overlay(action))


def test_a_document_that_is_no_overlay_is_an_error() -> None:
    with pytest.raises(ContractError, match="not an overlay"):
        apply({}, {"openapi": "3.1.0", "paths": {}})


@given(STEPS)
def test_targets_read_back_as_the_steps_they_were_written_from(steps: list[Step]) -> None:
    assert parse_target(written(steps)) == steps


@given(st.lists(PLAIN_NAMES))
def test_dotted_targets_are_names(names: list[str]) -> None:
    assert parse_target("$" + "".join(f".{name}" for name in names)) == names


@given(st.text())
def test_any_text_is_a_target_or_an_error(text: str) -> None:
    try:
        steps = parse_target(text)
    except ContractError:
        return
    assert parse_target(written(steps)) == steps


@given(st.dictionaries(PLAIN_NAMES, JSON, min_size=1, max_size=3), STEPS)
def test_what_is_selected_is_in_the_document(document: dict[str, Any], steps: list[Step]) -> None:
    for parent, key in select(document, steps):
        assert parent[key] is not parent


@given(st.dictionaries(PLAIN_NAMES, JSON, max_size=3), st.dictionaries(PLAIN_NAMES, JSON, min_size=1, max_size=3))
def test_update_keeps_what_it_does_not_name(document: dict[str, Any], update: dict[str, Any]) -> None:
    before = repr(document)

    result = apply(document, overlay({"target": "$", "update": update}))

    assert repr(document) == before
    assert {key: result[key] for key in document if key not in update} == {
        key: value for key, value in document.items() if key not in update
    }
    assert set(result) == {*document, *update}
