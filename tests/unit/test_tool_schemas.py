"""Schemas of tools that some upstreams refuse: combinations at the top, and references that are not alone."""

import sys
from typing import Any

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


def told(schema: Any, name: str) -> set[str]:
    """Everything that a schema names in any of its branches."""
    branches = [branch for kind in ("allOf", "anyOf", "oneOf") for branch in schema.get(kind, ())]
    return {*schema.get(name, ())}.union(*(told(branch, name) for branch in branches))


@given(OBJECTS)
def test_everything_that_branches_know_is_there_and_only_what_all_demand_is_demanded(schema: Any) -> None:
    found: Any
    found, words = without_combinations(schema)
    assert found.keys().isdisjoint({"allOf", "anyOf", "oneOf"})
    assert bool(words) == (not schema.keys().isdisjoint({"allOf", "anyOf", "oneOf"}))
    assert {*found.get("properties", ())} == told(schema, "properties")
    assert {*schema.get("required", ())} <= {*found.get("required", ())} <= told(schema, "required")
    for key in found.get("required", ()):
        without = {name: "x" for name in "abc" if name != key}
        assert not valid(schema, without)


def valid(schema: Any, value: Any) -> bool:
    """Whether an object has what a schema demands, of whatever type."""
    if not {*schema.get("required", ())} <= value.keys():
        return False
    return all(
        (all if kind == "allOf" else any)(valid(branch, value) for branch in schema[kind])
        for kind in ("allOf", "anyOf", "oneOf")
        if kind in schema
    )


CHOICE: Any = {"anyOf": [{"$ref": "#/$defs/id"}, BY_NAME]}


@pytest.mark.parametrize(
    "schema",
    [
        {**CHOICE, "$defs": {"id": BY_ID}},
        {"$ref": "#/$defs/choice", "$defs": {"id": BY_ID, "choice": CHOICE}},
        {"$ref": "#/$defs/a", "$defs": {"id": BY_ID, "choice": CHOICE, "a": {"$ref": "#/$defs/choice"}}},
    ],
    ids=["itself", "referred to", "referred to twice"],
)
@pytest.mark.parametrize("dialect", ["anthropic-messages", "bedrock-converse"])
def test_a_choice_at_the_top_is_told_in_words(dialect: str, schema: Any) -> None:
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
        "$defs": schema["$defs"],
    }
    assert spec["description"].startswith('Finds.\n\nThe whole input must also match this JSON Schema: {"anyOf"')


LOOP = {"$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n", "description": "it"}}}}, "$ref": "#/$defs/n", "title": "T"}  # fmt: skip  # noqa: E501
LAUGHS: Any = {"$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}", "title": "t"}] * 3} for n in range(30)}}


VALUE: Any = [{"$ref": "#/$defs/a", "title": "t"}, {"$ref": "x", "more": 1}]


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
        *(
            ({"properties": {"a": {name: VALUE}}}, {"properties": {"a": {name: VALUE}}})
            for name in ("enum", "const", "default", "examples")
        ),
        # Names of properties are no keywords.
        *(
            (
                {name: {"default": {"$ref": "#/$defs/enum", "title": "t"}}, "$defs": {"enum": TEXT}},
                {name: {"default": {"type": "string", "title": "t"}}, "$defs": {"enum": TEXT}},
            )
            for name in ("properties", "patternProperties", "dependentSchemas", "definitions")
        ),
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


@pytest.mark.parametrize(
    ("schema", "is_folded"),
    [
        ({"$ref": "#/$defs/a", "$defs": {"a": BY_ID}}, False),
        ({"$ref": "#/nowhere", "$defs": {}}, False),
        ({"$ref": "#"}, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a", "oneOf": [BY_ID]}}}, True),
        ({"$ref": "#/$defs/a", "required": ["x"], "$defs": {"a": {"allOf": [BY_ID], "properties": {"x": {}}}}}, True),
    ],
)
def test_a_reference_at_the_top_is_followed_to_combinations_alone(schema: Any, is_folded: bool) -> None:
    found: Any
    found, words = without_combinations(schema)
    assert bool(words) is is_folded
    if not is_folded:
        assert found == schema
        return
    assert {"id", "deep"} <= found["properties"].keys()
    assert {"id", "deep", *schema.get("required", ())} == {*found["required"]}


@pytest.mark.parametrize("branch", [{"$ref": "#"}, {"$ref": "#/$defs/d0"}])
def test_combinations_without_end_do_not_either(branch: Any) -> None:
    found, _ = without_combinations({**LAUGHS, "allOf": [branch] * 3, "properties": {"a": TEXT}})
    assert found["properties"] == {"a": TEXT}


def test_a_response_with_references_of_its_own_is_text_to_gemini() -> None:
    assert _output_object('{"a": {"$ref": "x"}}', is_error=False) == {"result": '{"a": {"$ref": "x"}}'}
    assert _output_object('{"a": {"ref": "x"}}', is_error=False) == {"a": {"ref": "x"}}


def laughing(names: int, branches: int) -> Any:
    demanding = {"required": [f"name_{number}" for number in range(names)]}
    return {"$defs": {"A": demanding}, "anyOf": [{"$ref": "#/$defs/A"}] * branches, "additionalProperties": False}


MANY = dict.fromkeys(map(str, range(10_000)), TEXT)


@pytest.mark.parametrize(
    "schema",
    [
        laughing(1500, 30),
        laughing(10, 5000),
        {"$defs": {"A": {"properties": MANY}}, "allOf": [{"$ref": "#/$defs/A"}] * 3000},
        {"anyOf": [{"properties": {"x": {"const": number}}} for number in range(4000)]},
    ],
    ids=range(4),
)  # fmt: skip
def test_what_a_small_schema_asks_for_is_bounded(schema: Any) -> None:
    # Counted, because time tells of the machine: nothing comes out that is many times what went in.
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        found, _ = without_combinations(schema)
    finally:
        sys.setprofile(None)
    assert calls < 1_000_000
    assert len(orjson.dumps(found)) < 2 * len(orjson.dumps(schema))


def test_a_branch_that_takes_everything_demands_nothing() -> None:
    assert without_combinations({"anyOf": [True, {"required": ["a"]}]})[0] == {}
    assert without_combinations({"allOf": [True, {"required": ["a"]}]})[0] == {"required": ["a"]}


def test_what_stands_beside_a_reference_and_what_it_leads_to_both_count() -> None:
    target = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
    schema: Any = {"items": {"$ref": "#/$defs/B", "properties": {"x": {}}, "required": ["x"]}, "$defs": {"B": target}}
    both = {"type": "object", "properties": {"a": TEXT, "x": {}}, "required": ["a", "x"]}
    assert alone_references(schema)["items"] == both


def nested(depth: int, inner: Any) -> Any:
    for _ in range(depth):
        inner = {"properties": {"p": inner}}
    return inner


def test_references_that_are_deep_and_the_same_in_other_words_are_bounded_too() -> None:
    chain: Any = {f"d{number}": nested(30, {"$ref": f"#/$defs/d{number + 1}", "title": "t"}) for number in range(40)}
    alone_references({"$defs": chain, "items": {"$ref": "#/$defs/d0", "title": "t"}})
    roots: Any = {
        "properties": {f"r{n}": {"$ref": "#" + "/" * n, "title": "t"} for n in range(40)},
        "enum": [1] * 50_000,
    }
    assert len(orjson.dumps(alone_references(roots))) < 4 * len(orjson.dumps(roots))
