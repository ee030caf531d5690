"""The rewriting of JSON Schema to the subset of Gemini's older models."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.gemini.schema import ALLOWED, TYPES, subset

_Schema = dict[str, Any]

names = st.sampled_from(["a", "b", "c"])
leaves = st.one_of(
    st.builds(dict),
    st.fixed_dictionaries({"type": st.sampled_from(sorted(TYPES))}, optional={"description": st.text(max_size=3)}),
    st.fixed_dictionaries({"type": st.lists(st.sampled_from(["string", "null", "integer"]), min_size=1, unique=True)}),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["x", "y", 1, None, True]), min_size=1)}),
    st.fixed_dictionaries({"const": st.sampled_from(["x", 1, None, 2.5])}),
    st.fixed_dictionaries({"type": st.just("string"), "format": st.sampled_from(["date-time", "email"])}),
    st.fixed_dictionaries({"type": st.just("integer"), "minimum": st.integers(0, 2), "exclusiveMaximum": st.just(9)}),
    st.just({"$ref": "#/$defs/a"}),
    st.just({"$ref": "#/$defs/b"}),
    st.just({"$ref": "#"}),
)


def _wider(inner: st.SearchStrategy[_Schema]) -> st.SearchStrategy[_Schema]:
    objects = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(names, inner, max_size=3)},
        optional={"required": st.lists(names, unique=True), "additionalProperties": st.booleans()},
    )
    return st.one_of(
        objects,
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}, optional={"minItems": st.integers(0, 2)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
    )


schemas = st.recursive(leaves, _wider, max_leaves=8)
roots = st.builds(lambda root, a, b: {**root, "$defs": {"a": a, "b": b}}, schemas, schemas, schemas)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 12), st.sampled_from(["", "x", "y", "2020-01-01T00:00:00Z"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(names, inner, max_size=3)),
    max_leaves=5,
)


@given(roots)
def test_nothing_but_the_subset_is_left(schema: _Schema) -> None:
    for part in _parts(subset(schema)):
        assert part.keys() <= ALLOWED
        assert part.get("type", "string") in TYPES
        assert all(isinstance(value, str) for value in part.get("enum", []))
        assert set(part.get("required", [])) <= part.get("properties", {}).keys()


@given(roots, values)
def test_what_was_valid_stays_valid(schema: _Schema, value: Any) -> None:
    if _is_valid(schema, value):
        assert _is_valid(_as_json_schema(subset(schema)), value)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "integer", "description": "One of: 1, 2."}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        (
            {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        ),
        (
            {"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"required": ["a"]}]},
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "propertyOrdering": ["a"],
                "required": ["a"],
            },
        ),
        ({"type": "string", "format": "email"}, {"type": "string", "description": "Format: email."}),
        ({"type": "string", "format": "date-time", "title": "When"}, {"type": "string", "format": "date-time"}),
        ({"type": "STRING"}, {"type": "string"}),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "number"}}}, {"type": "number"}),
        ({"$ref": "https://example.org/schema"}, {}),
    ],
)
def test_keyword_has_its_word_in_the_subset(schema: _Schema, expected: _Schema) -> None:
    assert subset(schema) == expected


def test_a_property_may_be_called_like_a_keyword() -> None:
    schema: _Schema = {"type": "object", "properties": {"title": {"type": "string"}, "$ref": {"type": "integer"}}}
    assert list(_subset(schema)["properties"]) == ["title", "$ref"]


def test_a_schema_that_holds_itself_ends() -> None:
    node: _Schema = {"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
    assert _subset(node)["properties"]["left"]["properties"]["left"] == {}


def test_all_that_is_required_stays_required() -> None:
    both = [{"required": ["a"]}, {"required": ["b"]}]
    schema: _Schema = {"type": "object", "properties": {"a": {}, "b": {}}, "allOf": both}
    assert subset(schema)["required"] == ["a", "b"]


def test_references_that_multiply_end() -> None:
    definitions: _Schema = {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 4} for i in range(40)}
    assert len(list(_parts(subset({"$ref": "#/$defs/d0", "$defs": definitions})))) < 50_000


def _subset(schema: _Schema) -> _Schema:
    return subset(schema)


def _parts(schema: _Schema) -> Iterator[_Schema]:
    yield schema
    for inner in (*schema.get("properties", {}).values(), *schema.get("anyOf", [])):
        yield from _parts(inner)
    if "items" in schema:
        yield from _parts(schema["items"])


def _as_json_schema(schema: _Schema) -> _Schema:
    """The subset's schema in JSON Schema, whose word for `nullable` is another."""
    done = {name: value for name, value in schema.items() if name not in ("nullable", "propertyOrdering")}
    if "properties" in done:
        done["properties"] = {name: _as_json_schema(value) for name, value in done["properties"].items()}
    if "items" in done:
        done["items"] = _as_json_schema(done["items"])
    if "anyOf" in done:
        done["anyOf"] = [_as_json_schema(value) for value in done["anyOf"]]
    return {"anyOf": [done, {"type": "null"}]} if schema.get("nullable") else done


def _is_valid(schema: _Schema, value: Any) -> bool:
    return bool(jsonschema_rs.validator_for(schema).is_valid(value))
