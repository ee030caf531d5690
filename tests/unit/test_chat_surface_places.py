"""Paths in the errors and reports of a dialect are those of the client's chat body."""

from typing import Any

import pytest

from gateway.errors import InvalidRequest
from tests.unit.cohere_requests import CALL, DIALECT, URL, asked, origin

USER = {"role": "user", "content": "Hi"}
IMAGE = {"type": "image_url", "image_url": {"url": URL}}
ANSWER = {"role": "assistant", "content": "I look.", "tool_calls": [CALL]}
OUTPUT = {"role": "tool", "tool_call_id": "call_1", "content": "A hill."}


def param(*messages: Any, **fields: Any) -> str | None:
    """Where Cohere's dialect, for a model that reads text only, says that something cannot be."""
    with pytest.raises(InvalidRequest) as refused:
        DIALECT.encode(asked(*messages, **fields), origin("command-a-03-2025"))
    assert refused.value.param is not None
    assert refused.value.param in refused.value.message
    return refused.value.param


def test_refusals_name_the_messages_of_the_client() -> None:
    looked = [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}]
    assert param(USER, {"role": "user", "content": [{"type": "text", "text": "a"}, IMAGE]}) == "messages[1].content[1]"
    assert param(*looked, {**OUTPUT, "content": [IMAGE]}) == "messages[2].content[0]"
    assert param({"role": "system", "content": [IMAGE]}) == "messages[0].content[0]"
    assert param(USER, ANSWER, {**OUTPUT, "tool_call_id": "call_9"}) == "messages[2].tool_call_id"
    by_id = {"type": "file", "file": {"file_url": "https://example.com/a.pdf"}}
    assert param({"role": "user", "content": [by_id]}) == "messages[0].content[0].file.file_url"


def test_what_is_left_out_has_the_clients_places() -> None:
    failed = DIALECT.encode(asked(USER, ANSWER, {**OUTPUT, "is_error": True}), origin())
    assert failed.dropped == ["messages[2].is_error"]
    sealed = {"type": "reasoning.encrypted", "data": "waystone.1.x", "format": "waystone-v1"}
    thought = DIALECT.encode(asked(USER, {**ANSWER, "reasoning_details": [sealed]}, OUTPUT), origin())
    assert thought.dropped == ["messages[1].reasoning_details[0]"]
