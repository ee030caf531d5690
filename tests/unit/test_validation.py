"""Validation errors: of the field that is wrong, in words that help, at a cost that the body does not choose."""

import time
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.contract.bundle import Bundle
from gateway.contract.validation import CompiledSchema
from gateway.errors import InvalidRequest

CHAT, CREATE, WAYSTONE, RESPONSES = (
    "chat.completions.create",
    "responses.create",
    "postApiGatewayV1ChatCompletions",
    "postApiGatewayV1Responses",
)
USER = {"role": "user", "content": "Hi"}
MISSING, UNKNOWN, INVALID = "missing_required_parameter", "unknown_parameter", "invalid_value"


@cache
def validators() -> dict[str, CompiledSchema]:
    bundle = Bundle.load()
    return {
        spec.id: CompiledSchema(bundle.schema(spec.body_schema))
        for spec in bundle.operations.values()
        if spec.body_schema is not None
    }


def refusal(operation: str, body: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        validators()[operation].require(body)
    return refused.value


def verdict(operation: str, body: Any) -> InvalidRequest | None:
    try:
        validators()[operation].require(body)
    except InvalidRequest as refused:
        return refused
    return None


def chat(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [USER], **fields}


def asked(*items: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "m", "input": list(items), **fields}


def said(*parts: Any) -> dict[str, Any]:
    return chat(messages=[{"role": "user", "content": list(parts)}])


ROLES = "'developer', 'system', 'user', 'assistant', 'tool', 'function'"
CASES: list[tuple[str, Any, str | None, str, str]] = [
    (CHAT, None, None, INVALID, "the body: expected an object, got null"),
    (CHAT, [], None, INVALID, "the body: expected an object, got an array"),
    (CHAT, {"model": "m"}, "messages", MISSING, "Missing required field: messages."),
    (CHAT, chat(model=5), "model", INVALID, "expected a string, got an integer"),
    (CHAT, chat(messages="Hi"), "messages", INVALID, "expected an array, got a string"),
    (CHAT, chat(messages=[]), "messages", INVALID, "expected at least 1 item."),
    (CHAT, chat(messages=[USER, 5]), "messages[1]", INVALID, "expected an object, got an integer"),
    (CHAT, chat(messages=[{}]), "messages[0].role", MISSING, "Missing required field"),
    (CHAT, chat(messages=[{"role": "bot"}]), "messages[0].role", INVALID, f"expected one of {ROLES}, got 'bot'"),
    (CHAT, chat(messages=[{"role": 5}]), "messages[0].role", INVALID, f"expected one of {ROLES}, got 5"),
    (CHAT, chat(messages=[{"role": []}]), "messages[0].role", INVALID, "got an array"),
    (CHAT, chat(messages=[{"role": "user"}]), "messages[0].content", MISSING, "Missing required field"),
    (CHAT, chat(messages=[{**USER, "content": 5}]), "messages[0].content", INVALID, "a string or an array, got an"),
    (CHAT, chat(messages=[{"role": "tool", "content": ""}]), "messages[0].tool_call_id", MISSING, "Missing"),
    (CHAT, said("Hi"), "messages[0].content[0]", INVALID, "expected an object, got a string"),
    (CHAT, said({}), "messages[0].content[0].type", MISSING, "Missing required field"),
    (CHAT, said({"type": "text"}), "messages[0].content[0].text", MISSING, "Missing required field"),
    (CHAT, said({"type": "text", "text": ["Hi"]}), "messages[0].content[0].text", INVALID, "expected a string, got an"),
    (
        CHAT,
        said({"type": "text", "text": "See:"}, {"type": "image_url", "image_url": "https://example.com"}),
        "messages[0].content[1].image_url",
        INVALID,
        "expected an object, got a string",
    ),
    (CHAT, chat(tools={}), "tools", INVALID, "expected an array or null, got an object"),
    (CHAT, chat(tools=[{}]), "tools[0].type", MISSING, "Missing required field"),
    (CHAT, chat(tools=[{"type": "function"}]), "tools[0].function", MISSING, "Missing required field"),
    (CHAT, chat(tools=[{"type": "function", "function": {}}]), "tools[0].function.name", MISSING, "Missing"),
    (CHAT, chat(tool_choice="any"), "tool_choice", INVALID, "expected one of 'none', 'auto', 'required', got 'any'"),
    (CHAT, chat(tool_choice=5), "tool_choice", INVALID, "a string or an object or null, got an integer"),
    (CHAT, chat(tool_choice={"type": "function"}), "tool_choice.function", MISSING, "Missing required field"),
    (
        CHAT,
        chat(tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "some", "tools": []}}),
        "tool_choice.allowed_tools.mode",
        INVALID,
        "expected one of 'auto', 'required', got 'some'",
    ),
    (CHAT, chat(response_format={"type": "json_schema"}), "response_format.json_schema", MISSING, "Missing"),
    (CHAT, chat(response_format="json"), "response_format", INVALID, "expected an object or null, got a string"),
    (CHAT, chat(stop=5), "stop", INVALID, "expected a string or an array or null, got an integer"),
    (CHAT, chat(stop=["a", 1]), "stop[1]", INVALID, "expected a string, got an integer"),
    (CHAT, chat(stop=["a"] * 5), "stop", INVALID, "expected at most 4 items."),
    (CHAT, chat(temperature=2.5), "temperature", INVALID, "2.5 is greater than the maximum of 2"),
    (CHAT, chat(n=1.5), "n", INVALID, "expected an integer or null, got a number"),
    (CHAT, chat(stream="yes"), "stream", INVALID, "expected a boolean or null, got a string"),
    (CHAT, chat(stream_options={"include_usage": 1}), "stream_options.include_usage", INVALID, "expected a boolean"),
    (CHAT, chat(metadata={"a": 5}), "metadata.a", INVALID, "expected a string, got an integer"),
    (CHAT, chat(metadata={"a.b[0]": 5}), "metadata.a.b[0]", INVALID, "expected a string"),
    (CHAT, chat(metadata={"ключ": 5}), "metadata.ключ", INVALID, "expected a string"),
    (CHAT, chat(metadata={"": 5}), "metadata.", INVALID, "expected a string"),
    (CHAT, chat(metadata={"a": "b" * 513}), "metadata.a", INVALID, "expected at most 512 characters."),
    (CHAT, chat(metadata={"a" * 65: "b"}), "metadata", INVALID, "is wrong: expected at most 64 characters"),
    (CHAT, chat(metadata={str(i): "b" for i in range(17)}), "metadata", INVALID, "expected at most 16 fields."),
    (CREATE, {"input": "Hi"}, "model", MISSING, "Missing required field: model."),
    (CREATE, asked() | {"input": 5}, "input", INVALID, "expected a string or an array, got an integer"),
    (CREATE, asked(max_output_tokens=8), "max_output_tokens", INVALID, "8 is less than the minimum of 16"),
    (CREATE, asked(truncation="all"), "truncation", INVALID, "expected one of 'auto', 'disabled', None, got 'all'"),
    (CREATE, asked(USER, {}), "input[1].role", MISSING, "Missing required field"),
    (CREATE, asked({"content": "Hi"}), "input[0].role", MISSING, "Missing required field"),
    (CREATE, asked({"call_id": "c", "output": ""}), "input[0].type", MISSING, "Missing required field"),
    (CREATE, asked({"id": 5}), "input[0].id", INVALID, "expected a string, got an integer"),
    (CREATE, asked({"type": 5}), "input[0].type", INVALID, "expected a string, got an integer"),
    (
        CREATE,
        asked({"role": "bot", "content": "Hi", "id": "a"}),
        "input[0].role",
        INVALID,
        "expected one of 'user', 'assistant', 'system', 'developer', got 'bot'",
    ),
    (CREATE, asked({"type": "message", "role": 5}), "input[0].role", INVALID, "expected one of 'user', 'assistant'"),
    (CREATE, asked({"type": "function_call"}), "input[0].call_id", MISSING, "Missing required field"),
    (CREATE, asked(tools=[{"type": "function", "name": "a b"}]), "tools[0].name", INVALID, '"a b" does not match'),
    (CREATE, asked(tools=[{"type": None}]), "tools[0].type", INVALID, "expected a string, got null"),
    (
        CREATE,
        asked(tool_choice={"type": "allowed_tools", "mode": "none", "tools": []}),
        "tool_choice.mode",
        INVALID,
        "expected one of 'auto', 'required', got 'none'",
    ),
    (WAYSTONE, {"messages": [USER]}, "model", MISSING, "Missing required field: model."),
    (WAYSTONE, {"model": "m"}, "messages", MISSING, "Missing required field: messages."),
    (WAYSTONE, chat(messages=[{"content": "Hi"}]), "messages[0].role", MISSING, "Missing required field"),
    (
        WAYSTONE,
        chat(messages=[{"role": "bot", "content": "Hi"}]),
        "messages[0].role",
        INVALID,
        "expected one of 'developer', 'system', 'user', 'assistant', 'function', 'tool', got 'bot'",
    ),
    (WAYSTONE, chat(messages=[{"role": "tool", "content": ""}]), "messages[0].tool_call_id", MISSING, "Missing"),
    (
        WAYSTONE,
        chat(messages=[{"role": "tool", "content": ["Hi"], "tool_call_id": "a"}]),
        "messages[0].content",
        INVALID,
        "expected a string, got an array",
    ),
    (WAYSTONE, said({"type": "text", "text": "Hi"}), "messages[0].content[0]", INVALID, "expected a string, got an"),
    (WAYSTONE, chat(n="2"), "n", INVALID, "expected a number, got a string"),
    (RESPONSES, {"model": "m", "input": ["Hi"]}, "input", INVALID, "expected a string, got an array"),
    (RESPONSES, {"model": "m"}, "input", MISSING, "Missing required field: input."),
    (RESPONSES, {"model": "m", "input": "Hi", "metadata": {"waystone": {}}}, "metadata.waystone", INVALID, "a string"),
]


@pytest.mark.parametrize(("operation", "body", "param", "code", "says"), CASES)
def test_refusal_speaks_of_what_was_meant(operation: str, body: Any, param: str | None, code: str, says: str) -> None:
    refused = refusal(operation, body)
    assert (refused.param, refused.code) == (param, code)
    assert says in refused.message


JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.text(max_size=5)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)


def bodies(schema: Any, bundle: Bundle, depth: int = 0) -> st.SearchStrategy[Any]:
    """What comes close to a schema: the right fields with the right values, or any others."""
    schema = bundle.resolve(schema) if isinstance(schema, dict) else {}
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return st.one_of(*(bodies(branch, bundle, depth) for branch in schema[union]))
    fields: dict[str, Any] = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        fields |= bundle.resolve(part).get("properties", {})
    options = [schema["const"]] if "const" in schema else schema.get("enum", [])
    if options:
        return st.one_of(st.sampled_from(options), st.sampled_from(options), JSON)
    if fields and depth < 6:
        near = {name: bodies(field, bundle, depth + 1) for name, field in fields.items()}
        return st.one_of(st.fixed_dictionaries({}, optional=near), st.fixed_dictionaries({}, optional=near), JSON)
    if "items" in schema and depth < 6:
        return st.one_of(st.lists(bodies(schema["items"], bundle, depth + 1), max_size=2), JSON)
    return st.one_of(st.text(max_size=5), st.integers(0, 3), JSON)


@pytest.mark.parametrize("operation", [CHAT, CREATE, WAYSTONE, RESPONSES])
def test_whatever_is_sent_is_taken_or_refused_in_words(operation: str) -> None:
    bundle = Bundle.load()
    near = bodies(bundle.operations[operation].body_schema, bundle)

    @settings(max_examples=150, deadline=None)
    @given(near)
    def run(body: Any) -> None:
        refused = verdict(operation, body)
        if refused is None:
            return
        assert "breaks the contract" not in refused.message
        assert 0 < len(refused.message) < 1000
        error = orjson.loads(refused.body())["error"]
        assert error["code"] in (MISSING, UNKNOWN, INVALID)
        if error["param"] and error["code"] == INVALID:
            first = error["param"].replace("[", ".").split(".")[0]
            assert any(name.startswith(first) for name in body)

    run()


@pytest.mark.parametrize("levels", [100, 254, 255, 300, 1000])
@pytest.mark.parametrize("shell", [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_refused_in_words(levels: int, shell: tuple[bytes, bytes]) -> None:
    deep = orjson.loads(shell[0] * levels + b"1" + shell[1] * levels)
    for body in (deep, chat(messages=deep), said(deep), chat(tools=[deep]), chat(metadata={"a": deep})):
        assert refusal(CHAT, body).status == 400
    assert refusal(CHAT, chat(metadata={"a": deep})).param == "metadata.a"


@pytest.mark.parametrize(
    "body",
    [
        said(*[5] * 200_000),
        said(*[{"type": "text", "text": "x" * 50}] * 20_000, 5),
        chat(messages=[5] * 200_000),
        chat(messages=[*[USER] * 50_000, 5]),
        chat(messages=[{"role": "bot", "content": "x" * 10_000_000}]),
        chat(messages=[{**USER, "content": "x" * 10_000_000}, {**USER, "content": 5}]),
        chat(model=["x" * 1_000_000] * 10),
        chat(metadata={str(i): 5 for i in range(100_000)}),
        chat(metadata={"x" * 10_000_000: 5}),
        chat(stop=["x" * 1_000_000] * 10),
    ],
    ids=lambda body: ",".join(body),
)
def test_large_body_costs_no_more_than_reading_it(body: dict[str, Any]) -> None:
    began = time.process_time()
    refused = refusal(CHAT, body)
    # A tenth of a second here; a list of every fault of every branch took minutes, and all memory.
    assert time.process_time() - began < 5
    assert len(refused.message) < 1000


def test_request_of_a_megabyte_with_400_items_is_validated_in_no_time() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 55
    kinds: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "input_text", "text": text}]},
        {"type": "reasoning", "summary": [], "encrypted_content": text},
        {"type": "function_call", "call_id": "a", "name": "look", "arguments": text},
        {"type": "function_call_output", "call_id": "a", "output": text},
        {"type": "mcp_call", "server_label": "a", "name": "look", "arguments": text},
        {"type": "invented_later", "text": text},
    ]
    body = asked(*(kinds[i % len(kinds)] for i in range(400)))
    assert len(orjson.dumps(body)) > 950_000
    began = time.process_time()
    for _ in range(20):
        assert verdict(CREATE, body) is None
    # Half a millisecond here; a validator that tries every branch to its end takes a hundred times as long.
    assert (time.process_time() - began) / 20 < 0.01
    body["input"].append({"type": "function_call_output", "call_id": 5, "output": text})
    began = time.process_time()
    assert refusal(CREATE, body).param == "input[400].call_id"
    assert time.process_time() - began < 1


def test_union_within_a_union_is_looked_into() -> None:
    number = {"type": "object", "properties": {"type": {"const": "number"}, "of": {"type": "number"}}}
    text = {
        "type": "object",
        "required": ["type", "of"],
        "properties": {"type": {"const": "text"}, "of": {"type": "string"}},
    }
    validate = CompiledSchema({"anyOf": [{"anyOf": [number, text]}, {"type": "null"}]}).require
    with pytest.raises(InvalidRequest, match="of: expected a string, got an integer"):
        validate({"type": "text", "of": 5})
    with pytest.raises(InvalidRequest, match="type: expected one of 'number', 'text', got 'x'"):
        validate({"type": "x"})
    with pytest.raises(InvalidRequest, match="expected an object or null, got a string"):
        validate("x")


def test_union_without_discriminator_speaks_of_the_branch_that_goes_deepest() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "string"}}}
    branches = [{"properties": {"a": {"type": "string"}}}, {"properties": {"a": inner}}]
    with pytest.raises(InvalidRequest, match=r"Invalid value for a\.b: expected a string"):
        CompiledSchema({"anyOf": branches}).require({"a": {"b": 5}})


def test_path_is_told_as_far_as_it_helps() -> None:
    node = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Node"}}
    validate = CompiledSchema({"$ref": "#/components/schemas/Node", "components": {"schemas": {"Node": node}}}).require
    body: Any = 5
    for _ in range(100):
        body = {"name": body}
    with pytest.raises(InvalidRequest) as refused:
        validate(body)
    assert refused.value.param is not None
    assert refused.value.param.startswith("name.name.")
    assert len(refused.value.param) <= 301


def test_closed_object_names_the_field_it_does_not_know() -> None:
    validate = CompiledSchema({"properties": {"a": {"type": "object"}}, "additionalProperties": False}).require
    with pytest.raises(InvalidRequest) as refused:
        validate({"a": {}, "b": 1})
    assert (refused.value.param, refused.value.code) == ("b", UNKNOWN)
