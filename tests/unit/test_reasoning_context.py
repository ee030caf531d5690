"""`reasoning.context: current_turn`: the reasoning of earlier turns is left out for every upstream, and listed."""

from typing import Any

import orjson
import pytest

from gateway.neutral.items import EarlierReasoning
from gateway.neutral.seals import OpenSeal
from gateway.reasoning import recover
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.responses.document import new_response

SURFACE = OpenAIResponsesSurface()
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "r"}


def thought(name: str) -> dict[str, Any]:
    state = orjson.dumps({"encrypted_content": name}).decode()
    return {"type": "reasoning", "id": name, "summary": [], "encrypted_content": state}


def user(text: str = "Hi") -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": text}


def said(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": text}


def opened(sealed: str) -> Any:
    return orjson.loads(sealed)


LOOP = [user(), thought("a"), said("Yes."), user(), thought("b"), CALL, OUTPUT, thought("c"), CALL, OUTPUT]
ANSWERED = [*LOOP, said("Done."), user("And?")]
CASES: dict[str, tuple[list[Any], list[str], list[str]]] = {
    "in a loop of calls": (LOOP, ["b", "c"], ["a"]),
    "a new turn": (ANSWERED, [], ["a", "b", "c"]),
    "no message of the user's": ([thought("a"), CALL, OUTPUT], ["a"], []),
    "nothing to leave out": ([user()], [], []),
}
each = pytest.mark.parametrize(("items", "kept", "removed"), CASES.values(), ids=CASES)


def read(items: list[Any], context: str | None) -> Any:
    body: Any = {"model": "m", "input": items, "reasoning": {"effort": "high", "context": context}}
    return SURFACE.read(body)


def reports(ids: list[str]) -> list[Any]:
    return [{"id": one, "type": "reasoning", "action": "removed", "reason": "turn_boundary"} for one in ids]


@each
def test_an_upstream_of_another_dialect_gets_that_of_the_current_turn(
    items: list[Any], kept: list[str], removed: list[str]
) -> None:
    generation = recover(read(items, "current_turn"), opened)
    states = [item.state for item in generation.prompt.items if isinstance(item, EarlierReasoning)]
    assert [state["encrypted_content"] for state in states if state] == kept
    assert generation.removed == reports(removed)
    assert generation.prompt.untranslated == []
    response = new_response(generation, "resp_1", "lab")
    assert response.get("input_transformations", []) == reports(removed)


@each
def test_an_upstream_of_the_responses_api_does_too(items: list[Any], kept: list[str], removed: list[str]) -> None:
    generation = SURFACE.restore(read(items, "current_turn"), opened)
    found = [item for item in generation.body["input"] if item.get("type") == "reasoning"]  # type: ignore[union-attr]
    assert [item["encrypted_content"] for item in found] == kept  # type: ignore[index,call-overload]
    assert list(generation.removed) == reports(removed)
    # What it makes of the setting itself stays its own affair.
    assert generation.body["reasoning"] == {"effort": "high", "context": "current_turn"}


@pytest.mark.parametrize("context", [None, "auto", "all_turns"])
def test_otherwise_all_of_it_is_sent(context: str | None) -> None:
    generation = recover(read(ANSWERED, context), opened)
    assert (
        len([item for item in generation.prompt.items if isinstance(item, EarlierReasoning)]),
        generation.removed,
    ) == (
        3,
        [],
    )
    restored = SURFACE.restore(read(ANSWERED, context), opened)
    assert (len(restored.body["input"]), list(restored.removed)) == (len(ANSWERED), [])  # type: ignore[arg-type]


def test_a_seal_of_an_earlier_turn_is_not_even_opened() -> None:
    tried: list[str] = []
    open_seal: OpenSeal = lambda sealed: tried.append(sealed)  # noqa: E731
    recover(read(ANSWERED, "current_turn"), open_seal)
    SURFACE.restore(read(ANSWERED, "current_turn"), open_seal)
    assert tried == []
