"""What of a chat body is of a wrong type, and what only chat can express."""

from typing import Any

import pytest

from gateway.neutral.items import EarlierReasoning
from gateway.neutral.parts import (
    TextPart,
    UnknownPart,
)
from gateway.neutral.prompt import Untranslatable
from tests.unit.chat_prompts import CALL, CUSTOM, URL, USER, listed, read, refused, sealed, user


@pytest.mark.parametrize(
    ("message", "what", "path"),
    [
        (user({"type": "video_url", "video_url": {}}), "a part of this type", "messages[0].content[0]"),
        (user({"text": "Hi"}), "a part of this type", "messages[0].content[0]"),
        (user({"type": "refusal", "refusal": "No."}), "a part of this type", "messages[0].content[0]"),
        (
            {"role": "assistant", "content": [{"type": "image_url"}]},
            "a part of this type in an answer",
            "messages[0].content[0]",
        ),
        ({"role": "assistant", "content": [{}]}, "a part of this type in an answer", "messages[0].content[0]"),
        ({"role": "assistant", "audio": {"id": "a"}}, "an earlier answer's recording", "messages[0].audio"),
        (
            {"role": "assistant", "tool_calls": [{**CALL, "type": "search"}]},
            "a call of this type",
            "messages[0].tool_calls[0].type",
        ),
    ],
)
def test_what_only_chat_has_is_kept_for_dialects_to_refuse(message: Any, what: str, path: str) -> None:
    reason = f"does not speak the chat dialect, and cannot be given {what}; see {path}."
    prompt = read(message, {"role": "assistant", "audio": {"id": "b"}}, USER)
    assert prompt.untranslatable == Untranslatable(reason, path)
    assert listed(prompt.items)[-1][2] == [TextPart("Hi", "messages[2].content")]


def test_parts_of_other_types_stay_in_their_place() -> None:
    (item,) = read(user({"type": "video_url"}, {"type": "text", "text": "a"})).items
    assert listed([item])[0][2] == [
        UnknownPart("video_url", "messages[0].content[0]"),
        TextPart("a", "messages[0].content[1]"),
    ]


def test_reasoning_before_a_call_that_only_chat_knows_is_not_lost() -> None:
    call = {"id": "call_7", "type": "search"}
    answer = {"role": "assistant", "tool_calls": [call], "reasoning_details": [sealed("a", id="call_7")]}
    assert [type(item) for item in read(answer).items] == [EarlierReasoning]


TEXT, OBJECT, ARRAY = "a string", "an object", "an array"
ROLE = "system, developer, user, assistant, tool or function"


@pytest.mark.parametrize(
    ("message", "path", "kind"),
    [
        (5, "", OBJECT),
        ({"content": "Hi"}, ".role", ROLE),
        ({"role": "critic", "content": "Hi"}, ".role", ROLE),
        ({"role": "user", "content": None}, ".content", "a string or an array"),
        ({"role": "user", "content": [None]}, ".content[0]", OBJECT),
        (user({"type": "text"}), ".content[0].text", TEXT),
        (user({"type": "image_url", "image_url": URL}), ".content[0].image_url", OBJECT),
        (user({"type": "image_url", "image_url": {}}), ".content[0].image_url.url", TEXT),
        (
            user({"type": "image_url", "image_url": {"url": URL, "detail": 5}}),
            ".content[0].image_url.detail",
            TEXT,
        ),
        (user({"type": "file", "file": "a"}), ".content[0].file", OBJECT),
        (user({"type": "input_audio"}), ".content[0].input_audio", OBJECT),
        ({"role": "assistant", "content": 5}, ".content", ARRAY),
        ({"role": "assistant", "content": [5]}, ".content[0]", OBJECT),
        ({"role": "assistant", "content": [{"type": "text"}]}, ".content[0].text", TEXT),
        ({"role": "assistant", "content": [{"type": "refusal"}]}, ".content[0].refusal", TEXT),
        ({"role": "assistant", "refusal": {}}, ".refusal", TEXT),
        ({"role": "assistant", "tool_calls": {}}, ".tool_calls", ARRAY),
        ({"role": "assistant", "tool_calls": [5]}, ".tool_calls[0]", OBJECT),
        ({"role": "assistant", "tool_calls": [{**CALL, "id": None}]}, ".tool_calls[0].id", TEXT),
        ({"role": "assistant", "tool_calls": [{**CALL, "function": {}}]}, ".tool_calls[0].function.name", TEXT),
        ({"role": "assistant", "tool_calls": [{**CALL, "function": None}]}, ".tool_calls[0].function", OBJECT),
        ({"role": "assistant", "tool_calls": [{**CUSTOM, "custom": 1}]}, ".tool_calls[0].custom", OBJECT),
        ({"role": "assistant", "tool_calls": [{**CUSTOM, "custom": {}}]}, ".tool_calls[0].custom.name", TEXT),
        ({"role": "assistant", "function_call": []}, ".function_call", OBJECT),
        ({"role": "assistant", "function_call": {"name": "f", "arguments": 5}}, ".function_call.arguments", TEXT),
        ({"role": "tool", "content": "x"}, ".tool_call_id", TEXT),
        ({"role": "tool", "content": 5, "tool_call_id": "c"}, ".content", "a string or an array"),
        ({"role": "function", "content": "x"}, ".name", TEXT),
    ],
)
def test_message_of_a_wrong_type_is_refused_by_its_path(message: Any, path: str, kind: str) -> None:
    error = refused(USER, message)
    assert error.param == f"messages[1]{path}"
    assert error.message == f"Invalid value for messages[1]{path}: expected {kind}."


def test_wrong_type_is_refused_also_after_what_only_chat_has() -> None:
    assert refused(user({"type": "video_url"}), 5).param == "messages[1]"


def allowed(value: Any) -> dict[str, Any]:
    return {"tool_choice": {"type": "allowed_tools", "allowed_tools": value}}


@pytest.mark.parametrize(
    ("fields", "path", "kind"),
    [
        ({"tools": {}}, "tools", ARRAY),
        ({"tools": [5]}, "tools[0]", OBJECT),
        ({"tools": [{"type": "function"}]}, "tools[0].function", OBJECT),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name", TEXT),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name", "a name"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "description": 5}}]},
            "tools[0].function.description",
            TEXT,
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]},
            "tools[0].function.parameters",
            OBJECT,
        ),
        ({"tools": [{"type": "custom"}]}, "tools[0].custom", OBJECT),
        ({"tools": [{"type": "custom", "custom": {"name": 5}}]}, "tools[0].custom.name", TEXT),
        ({"functions": 5}, "functions", ARRAY),
        ({"functions": [5]}, "functions[0]", OBJECT),
        ({"functions": [{}]}, "functions[0].name", TEXT),
        ({"function_call": 5}, "function_call", OBJECT),
        ({"function_call": {}}, "function_call.name", TEXT),
        ({"tool_choice": 5}, "tool_choice", OBJECT),
        ({"tool_choice": {"type": "function", "name": "f"}}, "tool_choice.function", OBJECT),
        ({"tool_choice": {"type": "custom", "custom": {}}}, "tool_choice.custom.name", TEXT),
        (allowed(None), "tool_choice.allowed_tools", OBJECT),
        (allowed({}), "tool_choice.allowed_tools.mode", "auto or required"),
        (allowed({"mode": "auto", "tools": {}}), "tool_choice.allowed_tools.tools", ARRAY),
        (allowed({"mode": "auto", "tools": [5]}), "tool_choice.allowed_tools.tools[0]", OBJECT),
        (
            allowed({"mode": "auto", "tools": [{"type": "function"}]}),
            "tool_choice.allowed_tools.tools[0].function",
            OBJECT,
        ),
        (
            allowed({"mode": "auto", "tools": [{"type": "custom", "custom": {}}]}),
            "tool_choice.allowed_tools.tools[0].custom.name",
            TEXT,
        ),
    ],
)
def test_tools_of_a_wrong_type_are_refused_by_their_path(fields: Any, path: str, kind: str) -> None:
    error = refused(USER, **fields)
    assert (error.param, error.message) == (path, f"Invalid value for {path}: expected {kind}.")
