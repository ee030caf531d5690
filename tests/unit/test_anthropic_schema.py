"""JSON schemas as Anthropic's structured output takes them."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.anthropic.schema import translate_schema
from gateway.neutral.json import JsonObject, object_or_empty
from tests.servers.anthropic_rules import _about_schema

TEXT = {"type": "string"}


def fit(inner: dict[str, Any], **more: Any) -> JsonObject:
    """What a property becomes."""
    found = translate_schema({"type": "object", "properties": {"a": inner}, **more})
    assert found is not None
    return property_of(found.schema)


def property_of(schema: JsonObject) -> JsonObject:
    """The property `a` of a translated schema."""
    return object_or_empty(object_or_empty(schema["properties"])["a"])


def test_objects_are_closed_all_the_way_down() -> None:
    inner = {"type": "object", "properties": {"b": TEXT}, "additionalProperties": True}
    assert fit(inner) == {"type": "object", "properties": {"b": TEXT}, "additionalProperties": False}


@pytest.mark.parametrize(
    "inner",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "properties": {"b": TEXT}, "additionalProperties": TEXT},
        {"$ref": "https://a/"},
        {"$ref": "#"},
        True,
    ],
)
def test_what_cannot_be_said_is_no_schema_there(inner: Any) -> None:
    assert translate_schema({"type": "object", "properties": {"a": inner}}) is None


def test_recursion_cannot_be_said() -> None:
    node: JsonObject = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    schema: JsonObject = {"type": "object", "properties": {"a": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}}
    assert translate_schema(schema) is None
    node["properties"] = {"b": {"type": "string"}}
    assert translate_schema(schema) is not None


def test_keywords_that_are_not_known_there_are_words() -> None:
    found = translate_schema(
        {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1, "description": "Age."}}}
    )
    assert found is not None
    assert property_of(found.schema) == {"type": "integer", "description": 'Age.\n\n{"minimum":1}'}
    assert found.is_looser


def test_schema_of_which_nothing_is_lost_needs_no_check() -> None:
    found = translate_schema(
        {"type": "object", "properties": {"a": {"type": "string", "format": "date", "enum": ["b"]}}}
    )
    assert found is not None
    assert not found.is_looser


def test_choice_of_types_is_spread() -> None:
    inner = {"type": ["array", "null"], "items": TEXT, "description": "Names."}
    expected = [{"type": "array", "items": TEXT}, {"type": "null"}]
    assert fit(inner) == {"anyOf": expected, "description": "Names."}


def test_one_of_several_is_any_of_them() -> None:
    assert fit({"oneOf": [TEXT, {"type": "null"}]}) == {"anyOf": [TEXT, {"type": "null"}]}


def _object(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda properties, more: {"type": "object", "properties": properties, **more},
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
        st.sampled_from([{}, {"additionalProperties": False}, {"required": ["a"]}, {"minProperties": 1}]),
    )


LEAVES = st.sampled_from(
    [TEXT, {"type": "integer", "maximum": 5}, {"type": ["string", "null"]}, {"enum": [1, "a"]}, {"type": "boolean"}]
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        _object(inner),
        st.builds(lambda items: {"type": "array", "items": items, "maxItems": 2}, inner),
        st.builds(lambda one, other: {"anyOf": [one, other]}, inner, inner),
    ),
    max_leaves=5,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(_object(SCHEMAS), VALUES)
def test_fitted_schema_is_one_that_anthropic_takes_and_stays_within_the_clients(schema: Any, value: Any) -> None:
    found = translate_schema(schema)
    assert found is not None
    assert list(_about_schema(found.schema)) == []
    if not found.is_looser and jsonschema_rs.is_valid(found.schema, value):
        assert jsonschema_rs.is_valid(schema, value)
