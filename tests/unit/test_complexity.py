"""What one request may consist of: each bound is exact, and names itself and its setting."""

import asyncio
from typing import Any

import orjson
import pytest

from gateway.contract.complexity import Complexity
from gateway.contract.in_flight import InFlight
from gateway.errors import Overloaded, RequestTooComplex
from gateway.settings.bounds import RequestBounds

SMALL = RequestBounds(values=1000, nesting=10, messages=4, items=4, parts=6, tools=3, properties=5)
LARGE = 10**9


def named(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


def elements(body: Any) -> int:
    """Those of a body that is large enough to be looked through."""
    return [*Complexity(SMALL).elements(body, LARGE)][-1]


def tool(parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "parameters": parameters}}


MESSAGE = {"role": "user", "content": "x"}
PARTS = {"role": "user", "content": [{"type": "text", "text": "x"}] * 3}
CALLS = {"role": "assistant", "tool_calls": [{"id": "c"}] * 3}
SPACE = {"type": "namespace", "name": "n", "tools": [{"type": "function"}]}

JUST_BELOW: list[tuple[str, str | None, dict[str, Any], dict[str, Any]]] = [
    ("messages", "messages", {"messages": [MESSAGE] * 4}, {"messages": [MESSAGE] * 5}),
    ("items", "input", {"input": [MESSAGE] * 4}, {"input": [MESSAGE] * 5}),
    ("items", "items", {"items": [MESSAGE] * 4}, {"items": [MESSAGE] * 5}),
    ("parts", "messages", {"messages": [PARTS, CALLS]}, {"messages": [PARTS, CALLS, {"content": [1]}]}),
    ("parts", "input", {"input": [PARTS, PARTS]}, {"input": [PARTS, PARTS, {"output": [1]}]}),
    ("tools", "tools", {"tools": [tool({})] * 3}, {"tools": [tool({})] * 4}),
    ("tools", "tools", {"tools": [SPACE, {}]}, {"tools": [SPACE, SPACE]}),
    ("tools", "tools", {"functions": [{}] * 3}, {"functions": [{}] * 3, "tools": [{}]}),
    ("tools", "tools", {"input": [{"tools": [{}] * 3}]}, {"input": [{"tools": [SPACE] * 2}]}),
    ("properties", None, {"tools": [tool(named(*"abcde"))]}, {"tools": [tool(named(*"abcde")), tool(named("f"))]}),
    (
        "properties",
        None,
        {"response_format": {"json_schema": {"schema": {"$defs": {"a": named(*"abcde")}}}}},
        {"response_format": {"json_schema": {"schema": {"$defs": {"a": named(*"abcdef")}}}}},
    ),
    (
        "properties",
        None,
        {"text": {"format": {"schema": {"properties": {"properties": named(*"abcd")}}}}},
        {"text": {"format": {"schema": {"properties": {"properties": named(*"abcde")}}}}},
    ),
]


@pytest.mark.parametrize(("name", "param", "taken", "refused"), JUST_BELOW)
def test_a_bound_is_taken_and_one_more_is_not(
    name: str, param: str | None, taken: dict[str, Any], refused: dict[str, Any]
) -> None:
    assert elements(taken) > 0
    with pytest.raises(RequestTooComplex) as caught:
        elements(refused)
    error = caught.value
    assert (error.status, error.code, error.param) == (413, "request_too_complex", param)
    assert f"`bounds.request.{name}`" in error.message
    assert f"more than {getattr(SMALL, name)} {name}" in error.message


@pytest.mark.parametrize("body", [None, 1, "x", [], {}, {"messages": 1, "tools": {}, "input": "x", "text": None}])
def test_a_body_of_any_shape_is_looked_through(body: Any) -> None:
    assert elements(body) == (len(body) if isinstance(body, dict) else 0)


def test_lists_with_anything_in_them_are_looked_through() -> None:
    odd: list[Any] = [None, 1, "x"]
    body = {"messages": odd, "input": [{"content": odd}, {"tools": 1}], "tools": [*odd[:2], {"tools": None}], "text": 5}
    assert elements(body) == 15


@pytest.mark.parametrize("filler", ["", "[{,", '"\\'])
def test_values_are_counted_exactly_before_they_are_parsed(filler: str) -> None:
    complexity = Complexity(SMALL)
    asyncio.run(complexity.count(orjson.dumps([filler] * 999)))
    with pytest.raises(RequestTooComplex, match=r"more than 1000 values.*`bounds\.request\.values`"):
        asyncio.run(complexity.count(orjson.dumps([filler] * 1000)))


def test_nesting_is_counted_exactly_before_it_is_parsed() -> None:
    complexity = Complexity(SMALL)
    taken, refused = (b'{"[[": ' + b"[" * depth + b"1" + b"]" * depth + b"}" for depth in (9, 10))
    asyncio.run(complexity.count(taken))
    complexity.require_shallow(taken)
    with pytest.raises(RequestTooComplex, match=r"more than 10 levels.*`bounds\.request\.nesting`"):
        asyncio.run(complexity.count(refused))
    with pytest.raises(RequestTooComplex, match=r"more than 10 levels.*`bounds\.request\.nesting`"):
        complexity.require_shallow(refused)


def test_what_is_not_looked_for_could_not_be_there() -> None:
    complexity = Complexity(SMALL)
    assert len(b"[" + b",".join([b"0"] * SMALL.values) + b"]") > complexity.uncounted_bytes
    assert len(b"[" * (SMALL.nesting + 1) + b"]" * (SMALL.nesting + 1)) > complexity.shallow_bytes
    for name in ("messages", "items", "parts", "properties"):
        assert len(b"[" + b",".join([b"0"] * (getattr(SMALL, name) + 1)) + b"]") > complexity.unlisted_bytes
    assert orjson.dumps({"tools": [{}] * (SMALL.tools + 1)}).count(b"{") > complexity.few


def test_others_go_on_while_a_large_body_is_counted() -> None:
    async def turns() -> int:
        seen = 0

        async def tick() -> None:
            nonlocal seen
            while True:
                seen += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        await Complexity(SMALL).count(orjson.dumps("x" * 5_000_000))
        ticking.cancel()
        return seen

    assert asyncio.run(turns()) > 50


def test_bytes_in_flight_are_refused_beyond_their_number() -> None:
    in_flight = InFlight(100)
    in_flight.held = 60
    in_flight.require(40)
    with pytest.raises(Overloaded) as caught:
        in_flight.require(41)
    assert (caught.value.status, caught.value.code) == (503, "overloaded")
    assert (b"retry-after", b"1") in caught.value.headers


@pytest.mark.parametrize("sizes", [[999], [500, 499], [333, 333, 333]])
def test_what_a_request_continues_is_counted_together(sizes: list[int]) -> None:
    complexity = Complexity(SMALL)
    # Long enough not to be taken for something small.
    pieces = [b"[" + b",".join([b"1000000"] * (size - 1)) + b"]" for size in sizes]
    asyncio.run(complexity.count_history([*pieces, b"1"], "conversation"))
    with pytest.raises(
        RequestTooComplex, match=r"continues has more than 1000 values.*`bounds\.request\.values`"
    ) as caught:
        asyncio.run(complexity.count_history([*pieces, b"[]", b"[]"], "conversation"))
    assert caught.value.param == "conversation"
