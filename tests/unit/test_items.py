"""Items in the form in which they are stored and listed."""

from typing import Any

import pytest

from gateway.memory.items import identified, item_list, normalise_item
from gateway.neutral.json import JsonObject


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            {"role": "user", "content": "a"},
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "a"}],
                "status": "completed",
            },
        ),
        (
            {"role": "assistant", "content": "a", "status": None},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "a", "annotations": [], "logprobs": []}],
                "status": "completed",
            },
        ),
        (
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_image", "image_url": "u"}, {"type": "new"}],
            },
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_image", "image_url": "u", "detail": "auto"}, {"type": "new"}],
                "status": "completed",
            },
        ),
        (
            {"type": "function_call_output", "call_id": "c", "output": "1", "status": "incomplete"},
            {"type": "function_call_output", "call_id": "c", "output": "1", "status": "incomplete"},
        ),
        (
            {"type": "reasoning", "encrypted_content": "e"},
            {"type": "reasoning", "encrypted_content": "e", "summary": []},
        ),
        ({"type": "nobody_knows", "id": "old", "x": 1}, {"type": "nobody_knows", "x": 1}),
    ],
)
def test_item_is_completed_and_nothing_it_says_is_changed(item: dict[str, Any], expected: dict[str, Any]) -> None:
    before = repr(item)
    normal = normalise_item(item, "id_1")
    assert normal == {"id": "id_1", **expected}
    assert repr(item) == before
    assert normalise_item(normal, "id_1") == normal


@pytest.mark.parametrize(
    ("item", "prefix"),
    [
        ({"role": "user", "content": ""}, "msg_"),
        ({"type": "function_call"}, "fc_"),
        ({"type": "function_call_output"}, "fco_"),
        ({"type": "reasoning"}, "rs_"),
        ({"type": "nobody_knows"}, "item_"),
        ({"type": "message", "id": "x y"}, "msg_"),
        ({"type": "message", "id": 7}, "msg_"),
    ],
)
def test_item_without_an_id_gets_one_of_its_kind(item: dict[str, Any], prefix: str) -> None:
    assert str(identified(item)["id"]).startswith(prefix)


def test_item_keeps_its_own_id() -> None:
    assert identified({"type": "message", "id": "mine:1"})["id"] == "mine:1"


def test_list_names_its_first_and_last_item() -> None:
    items: list[JsonObject] = [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    assert item_list(items, True) == {
        "object": "list",
        "data": items,
        "first_id": "a",
        "last_id": "c",
        "has_more": True,
    }
