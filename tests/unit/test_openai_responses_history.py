"""What was said before, on its way from another API to a Responses upstream."""

from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.openai_responses import OpenAIResponses
from tests.unit.generations import generation_of

USER = {"type": "message", "role": "user", "content": "Hi"}
OURS = "0123456789" * 4


def sent(*items: dict[str, Any]) -> list[dict[str, Any]]:
    """The items that the upstream gets."""
    outbound = OpenAIResponses().encode(generation_of(items=items), Origin("lab", "small"))
    assert outbound.dropped == []
    body: dict[str, Any] = orjson.loads(outbound.body)
    found: list[dict[str, Any]] = body["input"]
    return found


def test_items_of_a_provider_go_on_as_they_came() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}
    assert sent(USER, search) == [USER, search]


def test_an_item_that_is_not_known_by_its_id_goes_without_one_of_the_gateways() -> None:
    output = {"type": "shell_call_output", "call_id": "c", "output": []}
    assert sent(USER, {**output, "id": f"sho_{OURS}0001"}) == [USER, output]


def test_a_call_that_was_cut_goes_on_only_where_it_was_answered() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c", "output": "done"}
    assert sent(USER, {**call, "arguments": '{"a', "status": "incomplete"}) == [USER]
    assert sent(USER, {**call, "status": "incomplete"}, output) == [USER, call, output]
    assert sent(USER, call) == [USER, call]
