"""What chat clients send beside plain conversation: marks and failures that travel, and places in what is refused."""

from typing import Any

import pytest

from gateway.dialects.conversation.report import Report
from gateway.errors import InvalidRequest
from gateway.generation import Generation
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.unit.cohere_requests import CALL, DIALECT, URL, asked, origin

MARK = {"type": "ephemeral"}
USER = {"role": "user", "content": "Hi"}
IMAGE = {"type": "image_url", "image_url": {"url": URL}}
ANSWER = {"role": "assistant", "content": "I look.", "tool_calls": [CALL]}
OUTPUT = {"role": "tool", "tool_call_id": "call_1", "content": "A hill."}


def translated(*messages: Any, **fields: Any) -> Generation:
    surface = OpenAIChatSurface()
    generation = surface.read({"model": "m", "messages": list(messages), **fields})
    surface.translate(generation, "lab")
    return generation


def param(*messages: Any, **fields: Any) -> str | None:
    """Where Cohere's dialect, for a model that reads text only, says that something cannot be."""
    with pytest.raises(InvalidRequest) as refused:
        DIALECT.encode(asked(*messages, **fields), origin("command-a-03-2025"))
    assert refused.value.param is not None
    assert refused.value.param in refused.value.message
    return refused.value.param


def test_failure_of_a_tool_travels() -> None:
    failed = translated(USER, ANSWER, {**OUTPUT, "is_error": True})
    assert (failed.items[-1]["is_error"], failed.untranslated) == (True, [])
    assert "is_error" not in translated(USER, ANSWER, {**OUTPUT, "is_error": False}).items[-1]


def test_mark_of_a_message_is_on_its_last_part() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    generation = translated(
        {"role": "system", "content": "Long.", "cache_control": MARK},
        {"role": "user", "content": parts, "cache_control": MARK},
        {**ANSWER, "cache_control": MARK},
        {**OUTPUT, "cache_control": MARK},
    )
    system, user, answer, _, output = generation.items
    assert system["content"] == [{"cache_control": MARK, "type": "input_text", "text": "Long."}]
    assert [part.get("cache_control") for part in user["content"]] == [None, MARK]
    assert answer["content"][-1]["cache_control"] == MARK
    assert output["output"] == [{"cache_control": MARK, "type": "input_text", "text": "A hill."}]
    assert generation.untranslated == []


def test_marks_of_parts_and_tools_travel() -> None:
    hour = {**MARK, "ttl": "1h"}
    part = {"type": "text", "text": "a", "cache_control": hour}
    tool = {"type": "function", "function": {"name": "f"}, "cache_control": MARK}
    inner = {"type": "function", "function": {"name": "g", "cache_control": hour}}
    custom = {"type": "custom", "custom": {"name": "h"}, "cache_control": MARK}
    generation = translated(
        {"role": "user", "content": [{**IMAGE, "cache_control": MARK}, part], "cache_control": MARK},
        {"role": "assistant", "content": [part]},
        tools=[tool, inner, custom],
    )
    assert [part["cache_control"] for part in generation.items[0]["content"]] == [MARK, hour]
    assert generation.items[1]["content"][0]["cache_control"] == hour
    assert [tool["cache_control"] for tool in generation.tools] == [MARK, hour, MARK]
    assert generation.untranslated == []


def test_mark_of_an_answer_that_only_calls_is_left_out_and_said() -> None:
    generation = translated(USER, {"role": "assistant", "tool_calls": [CALL], "cache_control": MARK}, OUTPUT)
    assert generation.untranslated == ["messages[1].cache_control"]


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


def test_places_of_items_are_those_of_what_they_were_made_of() -> None:
    generation = translated(USER, ANSWER, OUTPUT)
    report = Report(generation, "lab")
    assert [report.item(number) for number in range(4)] == [
        *("messages[0]", "messages[1]", "messages[1].tool_calls[0]", "messages[2]")
    ]
    assert report.item(0, ".content[0]") == "messages[0].content"
    assert report.item(0, ".content[0].cache_control") == "messages[0].cache_control"
    assert report.item(2, ".call_id") == "messages[1].tool_calls[0].id"
    assert report.item(2, ".name") == "messages[1].tool_calls[0].function.name"
    assert report.item(3, ".output") == "messages[2].content"
    assert Report(Generation("m", items=[{}]), "lab").item(0, ".output") == "input[0].output"


def test_fields_that_nobody_knows_travel() -> None:
    generation = translated(USER, odd={"a": 1}, top_k=4, stream_options={}, temperature=None)
    assert generation.fields == {"odd": {"a": 1}, "top_k": 4}
