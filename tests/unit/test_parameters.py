"""Query parameters: read as their schemas' types, or refused by name."""

import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.contract.bundle import Bundle
from gateway.contract.parameters import ReadQuery, compile_query
from gateway.errors import InvalidRequest

DECLARED: list[dict[str, Any]] = [
    {"name": "limit", "in": "query", "schema": {"$ref": "#/components/schemas/Limit"}},
    {"name": "after", "in": "query", "schema": {"type": "string"}},
    {"name": "order", "in": "query", "schema": {"type": "string", "enum": ["asc", "desc"]}},
    {"name": "stream", "in": "query", "schema": {"type": "boolean"}},
    {"name": "score", "in": "query", "schema": {"type": ["number", "null"]}},
    {"name": "include", "in": "query", "schema": {"type": "array", "items": {"enum": ["a", "b c"]}}},
    {"name": "free", "in": "query"},
    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
]


def reader(*declared: dict[str, Any]) -> ReadQuery | None:
    operation = {"operationId": "things.list", "parameters": list(declared)}
    document = {
        "paths": {"/things": {"get": operation}},
        "components": {"schemas": {"Limit": {"type": "integer", "minimum": 1, "maximum": 100}}},
    }
    bundle = Bundle(orjson.dumps(document))
    return compile_query(bundle.operations["things.list"], bundle)


@pytest.fixture(scope="module")
def read() -> ReadQuery:
    found = reader(*DECLARED)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (b"", {}),
        (b"limit=20&after=x&stream=true", {"limit": 20, "after": "x", "stream": True}),
        (b"limit=1&limit=2", {"limit": 2}),
        (b"after=", {"after": ""}),
        (b"after=a%20b%2Bc+d", {"after": "a b+c d"}),
        (b"after=%ff", {"after": "\ufffd"}),
        (b"after=7", {"after": "7"}),
        (b"score=-0.5", {"score": -0.5}),
        (b"score=7", {"score": 7.0}),
        (b"include=a&include=b+c", {"include": ["a", "b c"]}),
        (b"include[]=a&include%5B%5D=b+c", {"include": ["a", "b c"]}),
        (b"unknown=1&id=2&api-version=3", {}),
        (b"free=1", {"free": "1"}),
        (b"&&=&x", {}),
    ],
)
def test_values_have_the_types_of_their_schemas(read: ReadQuery, query: bytes, values: dict[str, Any]) -> None:
    assert read(query) == values


@pytest.mark.parametrize(
    ("query", "param", "says"),
    [
        (b"limit=x", "limit", "expected an integer, got a string"),
        (b"limit=", "limit", "expected an integer, got a string"),
        (b"limit=1.5", "limit", "expected an integer, got a string"),
        (b"limit=1_0", "limit", "expected an integer, got a string"),
        (b"limit=+5", "limit", "expected an integer, got a string"),
        (b"limit=%20 5", "limit", "expected an integer, got a string"),
        ("limit=\u0665".encode(), "limit", "expected an integer, got a string"),
        (b"limit=" + b"9" * 5000, "limit", "expected an integer, got a string"),
        (b"limit=0", "limit", "0 is less than the minimum of 1"),
        (b"limit=-1", "limit", "-1 is less than the minimum of 1"),
        (b"limit=101", "limit", "101 is greater than the maximum of 100"),
        (b"order=up", "order", "expected one of 'asc', 'desc', got 'up'"),
        (b"stream=yes", "stream", "expected a boolean, got a string"),
        (b"stream=1", "stream", "expected a boolean, got a string"),
        (b"score=nan", "score", "expected a number or null, got a string"),
        (b"score=1e999", "score", "expected a number or null, got a string"),
        (b"score=inf", "score", "expected a number or null, got a string"),
        (b"include=a&include=z", "include[1]", "expected one of 'a', 'b c', got 'z'"),
    ],
)
def test_refusal_names_the_parameter(read: ReadQuery, query: bytes, param: str, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(query)
    assert (refused.value.param, refused.value.code) == (param, "invalid_value")
    assert says in refused.value.message


def test_required_parameter_is_missed_by_name() -> None:
    read = reader({"name": "purpose", "in": "query", "required": True, "schema": {"type": "string"}})
    assert read is not None
    with pytest.raises(InvalidRequest) as refused:
        read(b"other=1")
    assert (refused.value.param, refused.value.code) == ("purpose", "missing_required_parameter")


def test_operation_without_query_parameters_has_no_reader() -> None:
    assert reader(DECLARED[-1]) is None


NAMES = st.sampled_from(["limit", "after", "order", "stream", "score", "include", "include[]", "", "x"])
VALUES = st.one_of(st.text(max_size=6), st.integers().map(str), st.floats().map(str), st.just("true"))


@given(
    st.one_of(
        st.binary(max_size=30),
        st.lists(st.tuples(NAMES, VALUES)).map(
            lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
        ),
    )
)
def test_any_query_is_read_or_refused(query: bytes) -> None:
    found = reader(*DECLARED)
    assert found is not None
    try:
        values = found(query)
    except InvalidRequest:
        return
    assert all(math.isfinite(value) for value in values.values() if isinstance(value, float))
