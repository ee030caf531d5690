"""Schemas of tools that some upstreams refuse: combinations at the top, and references that are not alone."""

from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.gemini.messages import _output_object
from gateway.dialects.tool_schemas import alone_references, without_combinations
from gateway.surfaces.openai_chat import OpenAIChatSurface

TEXT: Any = {"type": "string"}
NUMBER: Any = {"type": "number"}
BY_ID = {"type": "object", "properties": {"id": TEXT, "deep": NUMBER}, "required": ["id", "deep"]}
BY_NAME = {"type": "object", "properties": {"name": TEXT, "deep": TEXT}, "required": ["name", "deep"]}


def scalars(name: str) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={"properties": st.dictionaries(st.sampled_from("abc"), st.sampled_from([TEXT, NUMBER, {}])), "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True)})  # fmt: skip  # noqa: E501


OBJECTS = st.recursive(
    scalars("x"),
    lambda inner: st.builds(
        lambda base, more: {**base, **more},
        scalars("y"),
        st.dictionaries(st.sampled_from(["allOf", "anyOf", "oneOf"]), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)
VALUES = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", 1, None]))


@given(OBJECTS, VALUES)
def test_what_the_schema_takes_is_taken_without_combinations(schema: Any, value: Any) -> None:
    found, words = without_combinations(schema)
    assert found.keys().isdisjoint({"allOf", "anyOf", "oneOf"})
    assert bool(words) == (not schema.keys().isdisjoint({"allOf", "anyOf", "oneOf"}))
    if jsonschema_rs.validator_for(schema).is_valid(value):
        assert jsonschema_rs.validator_for(found).is_valid(value)


@pytest.mark.parametrize("dialect", ["anthropic-messages", "bedrock-converse"])
def test_a_choice_at_the_top_is_told_in_words(dialect: str) -> None:
    schema = {"anyOf": [{"$ref": "#/$defs/id"}, BY_NAME], "$defs": {"id": BY_ID}}
    function = {"name": "find", "description": "Finds.", "parameters": schema}
    body: Any = {"model": "lab/m", "messages": [{"role": "user", "content": "Hi"}]}
    body["tools"] = [{"type": "function", "function": function}]
    origin = Origin("lab", "m", DIALECTS[dialect].profile_type())
    document = orjson.loads(DIALECTS[dialect].encode(OpenAIChatSurface().read(body), origin).body)
    (tool,) = document.get("tools") or document["toolConfig"]["tools"]
    spec = tool.get("toolSpec", tool)
    sent = spec.get("input_schema") or spec["inputSchema"]["json"]
    assert sent == {
        "type": "object",
        "properties": {"id": TEXT, "name": TEXT, "deep": {"anyOf": [NUMBER, TEXT]}},
        "required": ["deep"],
        "$defs": {"id": BY_ID},
    }
    assert spec["description"].startswith('Finds.\n\nThe whole input must also match this JSON Schema: {"anyOf"')


LOOP = {"$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n", "description": "it"}}}}, "$ref": "#/$defs/n", "title": "T"}  # fmt: skip  # noqa: E501
LAUGHS: Any = {"$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}", "title": "t"}] * 3} for n in range(30)}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {"a": TEXT}}, {"properties": {"a": TEXT}}),
        ({"$ref": "#/$defs/a", "$defs": {"a": TEXT}}, {"$ref": "#/$defs/a", "$defs": {"a": TEXT}}),
        (
            {"properties": {"a": {"$ref": "#/$defs/a", "description": "d"}}, "$defs": {"a": TEXT}},
            {"properties": {"a": {"type": "string", "description": "d"}}, "$defs": {"a": TEXT}},
        ),
        ({"items": {"$ref": "#/nowhere", "title": "t"}}, {"items": {"$ref": "#/nowhere"}}),
        ({"items": {"$ref": "http://x/y", "title": "t"}}, {"items": {"$ref": "http://x/y"}}),
        ({"properties": {"$ref": TEXT, "b": NUMBER}}, {"properties": {"$ref": TEXT, "b": NUMBER}}),
    ],
)
def test_a_reference_stands_alone(schema: Any, expected: Any) -> None:
    assert alone_references(schema) == expected


def references(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for inner in schema for found in references(inner)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if isinstance(schema.get("$ref"), str) else []
    return own + [found for inner in schema.values() for found in references(inner)]


@pytest.mark.parametrize("schema", [LOOP, {**LAUGHS, "items": {"$ref": "#/$defs/d0", "title": "t"}}])
def test_references_without_end_do_not_hold_anybody_up(schema: Any) -> None:
    found = alone_references(schema)
    assert all(name.startswith("$") for reference in references(found) for name in reference)
    assert len(orjson.dumps(found)) < 1_000_000


@pytest.mark.parametrize("branch", [{"$ref": "#"}, {"$ref": "#/$defs/d0"}])
def test_combinations_without_end_do_not_either(branch: Any) -> None:
    found, _ = without_combinations({**LAUGHS, "allOf": [branch] * 3, "properties": {"a": TEXT}})
    assert found["properties"] == {"a": TEXT}


def test_a_response_with_references_of_its_own_is_text_to_gemini() -> None:
    assert _output_object('{"a": {"$ref": "x"}}', is_error=False) == {"result": '{"a": {"$ref": "x"}}'}
    assert _output_object('{"a": {"ref": "x"}}', is_error=False) == {"a": {"ref": "x"}}
